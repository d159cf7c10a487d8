#include "tests/fakes/faults.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <thread>

#include "benchmarks/collective_spec.hpp"
#include "harness/core/error.hpp"
#include "tests/fakes/text.hpp"
#include "tests/fakes/trouble.hpp"

namespace assay::fakes {

namespace {

const std::map<std::string, Fault::Kind> kinds{
    {"slow", Fault::Kind::slow},       {"pace", Fault::Kind::pace},
    {"corrupt", Fault::Kind::corrupt}, {"swap", Fault::Kind::swap},
    {"partial", Fault::Kind::partial}, {"overrun", Fault::Kind::overrun},
    {"hang", Fault::Kind::hang},       {"skip", Fault::Kind::skip},
    {"die", Fault::Kind::die},         {"fail", Fault::Kind::fail},
    {"tarry", Fault::Kind::tarry},     {"clock", Fault::Kind::clock},
    {"lag", Fault::Kind::lag},         {"throttle", Fault::Kind::throttle}};

const std::map<std::string, double Fault::*> numbers{
    {"factor", &Fault::factor},    {"delay", &Fault::delay_s}, {"floor", &Fault::floor_s},
    {"spread", &Fault::spread},    {"shift", &Fault::shift_s}, {"drift", &Fault::drift},
    {"step_at", &Fault::step_at_s}};

class FaultyLaunch final : public comm::Launch {
 public:
  FaultyLaunch(std::unique_ptr<comm::Launch> inner, const Fault& fault, bool struck,
               std::size_t recv_bytes, std::size_t width)
      : inner_(std::move(inner)),
        kind_(fault.kind),
        trouble_(fault, struck),
        recv_bytes_(recv_bytes),
        width_(width),
        before_(width),
        half_(recv_bytes / 2) {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    trouble_.around([&](bool now) {
      const bool touches = now && recv_bytes_ >= width_;
      if (touches) std::memcpy(before_.data(), recv + recv_bytes_ - width_, width_);
      (*inner_)(send, recv);
      if (touches) touch(recv);
    });
  }
  void check() const override { inner_->check(); }
  const comm::LaunchInfo& info() const override { return inner_->info(); }
  void forget() override { inner_->forget(); }

 private:
  void touch(std::byte* recv) noexcept {
    if (kind_ == Fault::Kind::corrupt) recv[recv_bytes_ / 2] ^= std::byte{0x10};
    if (kind_ == Fault::Kind::overrun) recv[recv_bytes_] = std::byte{0};
    if (kind_ == Fault::Kind::partial)
      std::memcpy(recv + recv_bytes_ - width_, before_.data(), width_);
    if (kind_ == Fault::Kind::swap) {
      std::memcpy(half_.data(), recv, half_.size());
      std::memmove(recv, recv + recv_bytes_ - half_.size(), half_.size());
      std::memcpy(recv + recv_bytes_ - half_.size(), half_.data(), half_.size());
    }
  }

  std::unique_ptr<comm::Launch> inner_;
  Fault::Kind kind_;
  Trouble trouble_;
  std::size_t recv_bytes_, width_;
  std::vector<std::byte> before_, half_;
};

/// Of what a fault does to data, the flipped bit only: it is done when the operation is complete.
class FaultyNonblocking final : public comm::Nonblocking {
 public:
  FaultyNonblocking(std::unique_ptr<comm::Nonblocking> inner, const Fault& fault, bool struck,
                    std::size_t recv_bytes)
      : inner_(std::move(inner)),
        kind_(fault.kind),
        trouble_(fault, struck),
        recv_bytes_(recv_bytes) {}

  void start(const std::byte* send, std::byte* recv) noexcept override {
    trouble_.around([&](bool now) {
      inner_->start(send, recv);
      if (now && kind_ == Fault::Kind::corrupt && recv_bytes_ > 0) corrupts_ = recv;
    });
  }
  bool test() noexcept override {
    const bool complete = inner_->test();
    if (complete) corrupt();
    return complete;
  }
  void wait() noexcept override {
    inner_->wait();
    corrupt();
  }
  void check() const override { inner_->check(); }
  const comm::LaunchInfo& info() const override { return inner_->info(); }

 private:
  void corrupt() noexcept {
    if (corrupts_ != nullptr) corrupts_[recv_bytes_ / 2] ^= std::byte{0x10};
    corrupts_ = nullptr;
  }

  std::unique_ptr<comm::Nonblocking> inner_;
  Fault::Kind kind_;
  Trouble trouble_;
  std::size_t recv_bytes_;
  std::byte* corrupts_ = nullptr;
};

class FaultyCommunicator final : public comm::Communicator {
 public:
  FaultyCommunicator(std::unique_ptr<comm::Communicator> inner, Fault fault, bool struck)
      : inner_(std::move(inner)), fault_(std::move(fault)), struck_(struck) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  bool accepts(device::MemoryKind memory) const override { return inner_->accepts(memory); }
  bool done_on_return() const override { return inner_->done_on_return(); }
  bool waits_for_all_begun() const override { return inner_->waits_for_all_begun(); }
  std::unique_ptr<comm::Launch> native(const comm::CollectiveCall& call) override {
    auto launch = inner_->native(call);
    if (launch == nullptr) return launch;
    const std::size_t width = size_of(call.type);
    return std::make_unique<FaultyLaunch>(std::move(launch), fault_, strikes_in(call),
                                          received(call) * width, width);
  }
  std::unique_ptr<comm::Nonblocking> nonblocking(const comm::CollectiveCall& call) override {
    auto launch = inner_->nonblocking(call);
    if (launch == nullptr) return launch;
    return std::make_unique<FaultyNonblocking>(std::move(launch), fault_, strikes_in(call),
                                               received(call) * size_of(call.type));
  }
  std::unique_ptr<comm::Transfers> transfers(std::vector<comm::Transfer> all) override {
    return inner_->transfers(std::move(all));
  }
  device::Buffer allocate(BufferKind kind, std::size_t bytes) override {
    return inner_->allocate(kind, bytes);
  }
  bool tells_choices() const override { return inner_->tells_choices(); }
  void watch_choices() override { inner_->watch_choices(); }
  std::map<std::string, std::string> choices(comm::Team& team, BufferKind buffers) override {
    return inner_->choices(team, buffers);
  }
  std::unique_ptr<comm::Setup> making(comm::Making making) override {
    return inner_->making(making);
  }
  std::unique_ptr<comm::Setup> registering(BufferKind kind, std::size_t bytes) override {
    return inner_->registering(kind, bytes);
  }

 private:
  bool strikes_in(const comm::CollectiveCall& call) const {
    return struck_ && (fault_.benchmark.empty() || fault_.benchmark == name(call.collective));
  }
  /// Elements that the collective defines on this rank, and that a fault may therefore touch.
  std::uint64_t received(const comm::CollectiveCall& call) const {
    const auto& spec = benchmarks::spec_of(call.collective);
    const benchmarks::OracleCall oracle{call.type, call.op, inner_->size(), call.count, call.root,
                                        false,     0,       call.counts};
    std::uint64_t sum = 0;
    for (int i = 0; i < spec.pieces(oracle, inner_->rank()); ++i)
      sum += spec.expected(oracle, inner_->rank(), i).count;
    return sum;
  }

  std::unique_ptr<comm::Communicator> inner_;
  Fault fault_;
  bool struck_;
};

void sleep_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// The control plane of a rank that is struck: the world, or the team of a group.
class TarryingTeam final : public comm::Team {
 public:
  TarryingTeam(comm::Team& world, Fault fault) : inner_(world), fault_(std::move(fault)) {}
  TarryingTeam(std::unique_ptr<comm::Team> group, Fault fault)
      : owned_(std::move(group)), inner_(*owned_), fault_(std::move(fault)) {}
  /// What noop measures has no communicator, and is not held up.
  comm::Team& open() {
    opened_ = true;
    return inner_;
  }
  comm::Team& inner() { return inner_; }
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  void barrier() override {
    inner_.barrier();
    if (opened_ && fault_.kind == Fault::Kind::tarry) sleep_s(fault_.delay_s);
  }
  void broadcast(std::span<std::byte> bytes, int root) override { inner_.broadcast(bytes, root); }
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int root) override {
    return inner_.gather(bytes, root);
  }
  void max(std::span<double> values) override { inner_.max(values); }
  void send(std::span<const std::byte> bytes, int to) override {
    if (fault_.kind == Fault::Kind::lag) sleep_s(fault_.delay_s);
    inner_.send(bytes, to);
  }
  void receive(std::span<std::byte> bytes, int from) override { inner_.receive(bytes, from); }
  std::unique_ptr<comm::Team> split(int color, int key) override {
    auto team = inner_.split(color, key);
    if (team == nullptr || team->size() == 1) return team;
    return std::make_unique<TarryingTeam>(std::move(team), fault_);
  }

 private:
  std::unique_ptr<comm::Team> owned_;
  comm::Team& inner_;
  Fault fault_;
  bool opened_ = false;
};

class FaultyConnection final : public comm::Connection {
 public:
  FaultyConnection(std::unique_ptr<comm::Connection> inner, Fault fault)
      : inner_(std::move(inner)), fault_(std::move(fault)) {}
  std::unique_ptr<comm::Communicator> communicator(const comm::Part& part) override {
    auto known = part;
    auto* tarrying = dynamic_cast<TarryingTeam*>(part.team);
    if (tarrying != nullptr) known.team = &tarrying->open();
    auto communicator = inner_->communicator(known);
    if (communicator == nullptr) return nullptr;
    return std::make_unique<FaultyCommunicator>(std::move(communicator), fault_,
                                                strikes(fault_, launcher_rank()));
  }

 private:
  std::unique_ptr<comm::Connection> inner_;
  Fault fault_;
};

class TarryingSession final : public comm::Session {
 public:
  TarryingSession(std::unique_ptr<comm::Session> inner, const Fault& fault)
      : inner_(std::move(inner)), world_(inner_->world(), fault) {}
  comm::Team& world() override { return world_; }
  std::string library() const override { return inner_->library(); }
  void close() override { inner_->close(); }

 private:
  std::unique_ptr<comm::Session> inner_;
  TarryingTeam world_;
};

}  // namespace

Fault parse_fault(const std::string& text) {
  const auto parts = split(text, ':');
  const auto kind = kinds.find(parts.front());
  if (kind == kinds.end()) throw std::invalid_argument("unknown fault: " + parts.front());
  Fault fault;
  fault.kind = kind->second;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto pair = split(parts[i], '=');
    if (pair.size() != 2) throw std::invalid_argument("not key=value: " + parts[i]);
    if (pair[0] == "ranks")
      for (const auto& rank : split(pair[1], ',')) fault.ranks.push_back(std::stoi(rank));
    else if (pair[0] == "benchmark")
      fault.benchmark = pair[1];
    else if (pair[0] == "after")
      fault.after = std::stoll(pair[1]);
    else if (const auto number = numbers.find(pair[0]); number != numbers.end())
      fault.*number->second = std::stod(pair[1]);
    else
      throw std::invalid_argument("unknown key: " + pair[0]);
  }
  return fault;
}

std::vector<comm::Backend> faulty_backends(std::vector<comm::Backend> inner, const Fault& fault) {
  for (auto& row : inner) {
    if (!row.missing.empty()) continue;
    row.connect = [connect = row.connect, fault](comm::Team& team, device::Device& device) {
      auto* tarrying = dynamic_cast<TarryingTeam*>(&team);  // a backend knows its own teams only
      return std::make_unique<FaultyConnection>(
          connect(tarrying == nullptr ? team : tarrying->inner(), device), fault);
    };
  }
  return inner;
}

std::unique_ptr<comm::Session> faulty_session(std::unique_ptr<comm::Session> inner,
                                              const Fault& fault) {
  const bool meant = fault.kind == Fault::Kind::tarry || fault.kind == Fault::Kind::lag;
  if (!meant || !strikes(fault, launcher_rank())) return inner;
  return std::make_unique<TarryingSession>(std::move(inner), fault);
}

run::CommonClock::Lens faulty_clock(const Fault& fault) {
  if (fault.kind != Fault::Kind::clock || !strikes(fault, launcher_rank())) return {};
  return [fault, begin = now_ns()](std::int64_t reading_ns) {
    const double since_s = static_cast<double>(reading_ns - begin) * 1e-9;
    const bool stepped = fault.step_at_s > 0 && since_s >= fault.step_at_s;
    const double ahead_s = fault.shift_s + fault.drift * since_s + (stepped ? 60 : 0);
    return reading_ns + std::llround(ahead_s * 1e9);
  };
}

}  // namespace assay::fakes
