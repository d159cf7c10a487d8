#include "harness/bench/composed.hpp"

#include <algorithm>
#include <array>

#include "harness/core/error.hpp"
#include "harness/schedule/order.hpp"

namespace assay::bench {

namespace {

using schedule::Place;
using schedule::Region;

/// Bytes from the start of a buffer.
struct Spot {
  Place place = Place::recv;
  std::size_t offset = 0;
};

/// A step of the schedule's order with all numbers worked out.
struct Instruction {
  enum class What { start, finish, transfer, copy, reduce };
  What what = What::start;
  std::size_t amount = 0;  ///< of transfers the index; copy: bytes; reduce: elements
  Spot from, to;           ///< start, transfer: `to`
};

class Compiler {
 public:
  Compiler(const schedule::Schedule& schedule, std::size_t width)
      : schedule_(schedule), width_(width), transfer_of_(schedule.operations.size()) {}

  void run(const std::vector<schedule::Step>& steps) {
    for (const auto& [what, operation] : steps) {
      operation_ = operation;
      if (what == schedule::Step::What::finish)
        finish(transfer_of_[operation]);
      else
        std::visit(*this, schedule_.operations[operation].action);
    }
  }

  void operator()(const schedule::Send& send) {
    start({comm::Transfer::Way::send, send.peer, send.from.count * width_}, send.from);
  }
  void operator()(const schedule::Receive& receive) {
    start({comm::Transfer::Way::receive, receive.peer, receive.to.count * width_}, receive.to);
  }
  void operator()(const schedule::Copy& copy) {
    program.push_back(
        {Instruction::What::copy, copy.to.count * width_, spot(copy.from), spot(copy.to)});
  }
  void operator()(const schedule::Reduce& reduce) {
    reduces = true;
    program.push_back(
        {Instruction::What::reduce, reduce.into.count, spot(reduce.from), spot(reduce.into)});
  }

  std::vector<Instruction> program;
  std::vector<comm::Transfer> transfers;
  bool reduces = false;

 private:
  Spot spot(const Region& region) const { return {region.place, region.first * width_}; }

  void start(const comm::Transfer& transfer, const Region& region) {
    transfer_of_[operation_] = transfers.size();
    program.push_back({Instruction::What::start, transfers.size(), {}, spot(region)});
    transfers.push_back(transfer);
  }

  /// What is waited for at once needs no request.
  void finish(std::size_t transfer) {
    auto& last = program.back();
    if (last.what == Instruction::What::start && last.amount == transfer)
      last.what = Instruction::What::transfer;
    else
      program.push_back({Instruction::What::finish, transfer, {}, {}});
  }

  const schedule::Schedule& schedule_;
  std::size_t width_;
  std::size_t operation_ = 0;
  std::vector<std::size_t> transfer_of_;
};

device::Buffer scratch_of(const Composition& composition, comm::Communicator& communicator,
                          device::Device& device) {
  const auto bytes = composition.schedule.scratch * size_of(composition.type);
  if (composition.buffers == BufferKind::plain) return device.allocate(bytes);
  return communicator.allocate(composition.buffers, std::max<std::size_t>(bytes, 1));
}

class ComposedLaunch final : public comm::Launch {
 public:
  ComposedLaunch(const Composition& composition, Compiler compiled,
                 comm::Communicator& communicator, device::Device& device)
      : device_(device),
        reduction_{composition.type, composition.op.value_or(ReduceOp::sum)},
        divide_count_(composition.divide_count),
        ranks_(communicator.size()),
        waits_(communicator.done_on_return()),
        scratch_(scratch_of(composition, communicator, device)),
        program_(std::move(compiled.program)),
        transfers_(communicator.transfers(std::move(compiled.transfers))),
        info_{"composed " + composition.algorithm, composition.op ? "assay" : ""} {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    if (send == nullptr) {
      in_place_ = true;
      return;
    }
    // Schedules never write their input, and Transfers not what they send.
    places_ = {const_cast<std::byte*>(send), recv, scratch_.data()};
    for (const auto& instruction : program_) carry_out(instruction);
    if (divide_count_ > 0) device_.divide(recv, divide_count_, reduction_.type, ranks_);
    if (waits_) device_.wait();
  }

  void check() const override {
    invariant(!in_place_, "a composed collective is out of place");
    transfers_->check();
    device_.check();
  }

  const comm::LaunchInfo& info() const override { return info_; }
  void forget() override {
    device_.poison(scratch_.data(), scratch_.size());
    transfers_->forget();
  }

 private:
  std::byte* at(Spot spot) const noexcept {
    return places_[static_cast<std::size_t>(spot.place)] + spot.offset;
  }

  void carry_out(const Instruction& instruction) noexcept {
    const auto& [what, amount, from, to] = instruction;
    switch (what) {
      case Instruction::What::start:
        return transfers_->start(amount, at(to));
      case Instruction::What::finish:
        return transfers_->finish(amount);
      case Instruction::What::transfer:
        return transfers_->carry_out(amount, at(to));
      case Instruction::What::copy:
        return device_.copy(at(to), at(from), amount);
      case Instruction::What::reduce:
        return device_.reduce(at(to), at(from), amount, reduction_);
    }
  }

  device::Device& device_;
  device::Reduction reduction_;
  std::uint64_t divide_count_;
  int ranks_;
  bool waits_;
  device::Buffer scratch_;
  std::vector<Instruction> program_;
  std::unique_ptr<comm::Transfers> transfers_;
  comm::LaunchInfo info_;
  std::array<std::byte*, 3> places_{};
  bool in_place_ = false;
};

}  // namespace

std::unique_ptr<comm::Launch> compose(const Composition& composition,
                                      comm::Communicator& communicator, device::Device& device) {
  Compiler compiler(composition.schedule, size_of(composition.type));
  compiler.run(communicator.waits_for_all_begun() ? schedule::order_in_rounds(composition.schedule)
                                                  : schedule::order(composition.schedule));
  invariant(!compiler.reduces || composition.op, "a schedule that reduces needs an operator");
  return std::make_unique<ComposedLaunch>(composition, std::move(compiler), communicator, device);
}

}  // namespace assay::bench
