#include "harness/comm/staged.hpp"

#include <algorithm>
#include <cstring>

#include "harness/comm/footprint.hpp"

namespace assay::comm {

namespace {

/// Pinned memory, and the way between it and a GPU.
class Stage {
 public:
  Stage(device::Device& gpu, std::size_t bytes)
      : gpu_(gpu), link_(*gpu.host_link()), memory_(link_.allocate(bytes)), bytes_(bytes) {}

  std::byte* at(std::size_t offset) const noexcept { return memory_.data() + offset; }
  /// Waits for it and for all that the GPU was given before, even where there is nothing to copy.
  void fetch(std::size_t to, const std::byte* from, std::size_t bytes) noexcept {
    // A link's end is for either way; what is copied from is only read.
    if (bytes > 0) link_.to_host({const_cast<std::byte*>(from), at(to)}, bytes);
    gpu_.wait();
  }
  void deliver(std::byte* to, std::size_t from, std::size_t bytes) noexcept {
    if (bytes == 0) return;
    link_.to_device({to, at(from)}, bytes);
    gpu_.wait();
  }
  void poison() { std::memset(memory_.data(), device::poison_byte, bytes_); }
  void check() const {
    link_.check();
    gpu_.check();
  }

 private:
  device::Device& gpu_;
  device::HostLink& link_;
  device::Buffer memory_;
  std::size_t bytes_;
};

/// Of one buffer, in bytes.
struct Part {
  std::size_t at = 0, bytes = 0;
  std::size_t end() const noexcept { return at + bytes; }
};
struct Moved {
  Part in, out;
};

Moved moved(const CollectiveCall& call, Member member, Form form) {
  const auto [in, out] = footprint(call, member.rank, member.size, form);
  const auto width = size_of(call.type);
  return {{in.first * width, in.count * width}, {out.first * width, out.count * width}};
}

class StagedLaunch final : public Launch {
 public:
  StagedLaunch(std::unique_ptr<Launch> launch, const CollectiveCall& call, Member member,
               device::Device& gpu)
      : launch_(std::move(launch)),
        apart_(moved(call, member, Form::apart)),
        in_place_(moved(call, member, Form::in_place)),
        send_(gpu, apart_.in.end()),
        recv_(gpu, std::max({apart_.out.end(), in_place_.in.end(), in_place_.out.end()})),
        info_(launch_->info()) {
    info_.path = info_.path == "native" ? "staged" : "staged " + info_.path;
  }

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    const bool in_place = send == nullptr;
    const auto& [in, out] = in_place ? in_place_ : apart_;
    auto& inputs = in_place ? recv_ : send_;
    inputs.fetch(in.at, (in_place ? recv : send) + in.at, in.bytes);
    (*launch_)(in_place ? nullptr : send_.at(0), recv_.at(0));
    recv_.deliver(recv + out.at, out.at, out.bytes);
  }
  void check() const override {
    launch_->check();
    send_.check();
    recv_.check();
  }
  const LaunchInfo& info() const override { return info_; }
  void forget() override {
    launch_->forget();
    recv_.poison();
  }

 private:
  std::unique_ptr<Launch> launch_;
  Moved apart_, in_place_;
  Stage send_, recv_;
  LaunchInfo info_;
};

class StagedTransfers final : public Transfers {
 public:
  StagedTransfers(std::unique_ptr<Transfers> transfers, const std::vector<Transfer>& messages,
                  device::Device& gpu)
      : transfers_(std::move(transfers)),
        messages_(in_a_row(messages)),
        stage_(gpu, messages_.empty() ? 0 : messages_.back().end) {}

  void start(std::size_t index, std::byte* data) noexcept override {
    auto& message = messages_[index];
    prepare(message, data);
    transfers_->start(index, stage_.at(message.at));
  }
  void finish(std::size_t index) noexcept override {
    transfers_->finish(index);
    complete(messages_[index]);
  }
  void carry_out(std::size_t index, std::byte* data) noexcept override {
    auto& message = messages_[index];
    prepare(message, data);
    transfers_->carry_out(index, stage_.at(message.at));
    complete(message);
  }
  void check() const override {
    transfers_->check();
    stage_.check();
  }
  void forget() override {
    transfers_->forget();
    stage_.poison();
  }

 private:
  struct Message {
    bool arrives = false;
    std::size_t at = 0, bytes = 0, end = 0;
    std::byte* data = nullptr;  ///< of the one under way
  };
  /// From cache line to cache line.
  static std::vector<Message> in_a_row(const std::vector<Transfer>& messages) {
    constexpr std::size_t line = 64;
    std::vector<Message> placed;
    std::size_t at = 0;
    for (const auto& message : messages) {
      const auto end = at + (message.bytes + line - 1) / line * line;
      placed.push_back({message.way == Transfer::Way::receive, at, message.bytes, end});
      at = end;
    }
    return placed;
  }
  void prepare(Message& message, std::byte* data) noexcept {
    message.data = data;
    if (!message.arrives) stage_.fetch(message.at, data, message.bytes);
  }
  void complete(const Message& message) noexcept {
    if (message.arrives) stage_.deliver(message.data, message.at, message.bytes);
  }

  std::unique_ptr<Transfers> transfers_;
  std::vector<Message> messages_;
  Stage stage_;
};

class LaunchInOrder final : public Launch {
 public:
  LaunchInOrder(std::unique_ptr<Launch> launch, device::Device& gpu)
      : launch_(std::move(launch)), gpu_(gpu) {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    gpu_.wait();
    (*launch_)(send, recv);
    gpu_.wait();
  }
  void check() const override {
    launch_->check();
    gpu_.check();
  }
  const LaunchInfo& info() const override { return launch_->info(); }
  void forget() override { launch_->forget(); }

 private:
  std::unique_ptr<Launch> launch_;
  device::Device& gpu_;
};

class TransfersInOrder final : public Transfers {
 public:
  TransfersInOrder(std::unique_ptr<Transfers> transfers, device::Device& gpu)
      : transfers_(std::move(transfers)), gpu_(gpu) {}
  /// What arrives, too, may overwrite what the GPU still reads.
  void start(std::size_t index, std::byte* data) noexcept override {
    gpu_.wait();
    transfers_->start(index, data);
  }
  void finish(std::size_t index) noexcept override { transfers_->finish(index); }
  void carry_out(std::size_t index, std::byte* data) noexcept override {
    gpu_.wait();
    transfers_->carry_out(index, data);
  }
  void check() const override {
    transfers_->check();
    gpu_.check();
  }
  void forget() override { transfers_->forget(); }

 private:
  std::unique_ptr<Transfers> transfers_;
  device::Device& gpu_;
};

}  // namespace

std::unique_ptr<Launch> staged(std::unique_ptr<Launch> launch, const CollectiveCall& call,
                               Member member, device::Device& gpu) {
  return std::make_unique<StagedLaunch>(std::move(launch), call, member, gpu);
}

std::unique_ptr<Transfers> staged(std::unique_ptr<Transfers> transfers,
                                  const std::vector<Transfer>& messages, device::Device& gpu) {
  return std::make_unique<StagedTransfers>(std::move(transfers), messages, gpu);
}

std::unique_ptr<Launch> in_order(std::unique_ptr<Launch> launch, device::Device& gpu) {
  return std::make_unique<LaunchInOrder>(std::move(launch), gpu);
}

std::unique_ptr<Transfers> in_order(std::unique_ptr<Transfers> transfers, device::Device& gpu) {
  return std::make_unique<TransfersInOrder>(std::move(transfers), gpu);
}

}  // namespace assay::comm
