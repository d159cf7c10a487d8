// Carries a step out: operations, dependencies, streams and groups; nothing here knows a model.
//
// On the host one thread computes, and communication goes on beside it as far as the library lets
// it: what is of another stream begins when its stream and its dependencies allow, and the library
// is asked between tiles of compute.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/bench/step_exchanges.hpp"
#include "harness/bench/step_tiles.hpp"

namespace assay::bench {

/// When the library gets to make progress, where it needs the caller for that. poll: between tiles
/// of compute. none: only when there is nothing to compute.
/// A thread of its own would need MPI_THREAD_MULTIPLE, and MPI is initialised for one thread,
/// which makes small messages faster.
enum class Progress { poll, none };

/// What of a step a launch carries out; the rest is complete as soon as it could begin.
enum class StepPart { whole, compute, communication };

struct StepOptions {
  Progress progress = Progress::poll;
  TileSizes tiles{};
};

/// One communication of a rehearsal, as it begins or ends.
struct Rehearsed {
  std::size_t operation = 0;
  const step::Work& work;
  const std::byte* send = nullptr;  ///< null: in place; of a message one of both is null
  std::byte* recv = nullptr;
  std::uint64_t in_place_result_at = 0;  ///< as comm::LaunchInfo has it
};

/// Sees what a step communicates, so that it can be verified.
class Witness {
 public:
  virtual ~Witness() = default;
  /// Returns what is sent instead of `send`, unless that is null: memory that stays as it is until
  /// after(). In place, it fills what is sent itself.
  virtual const std::byte* before(const Rehearsed& rehearsed) = 0;
  /// The result is there, and nothing has touched it yet.
  virtual void after(const Rehearsed& rehearsed) = 0;
};

/// Not movable: parts refer to each other.
class StepExecutor {
 public:
  /// Everything is resolved here. `communicators` by group of the job, null where this rank uses
  /// none; they and `device` outlive it. The job has no problem_of() and is not needed any more
  /// afterwards. Local. Throws UnsupportedError: no such product, memory or progress here; RunError
  /// (memory, the library's refusal).
  StepExecutor(const step::Job& job, int rank, device::Device& device,
               std::span<comm::Communicator* const> communicators, const StepOptions& options);
  StepExecutor(const StepExecutor&) = delete;
  StepExecutor& operator=(const StepExecutor&) = delete;

  /// One step. Collective over the job. Allocates, logs and throws nothing.
  void launch(StepPart part = StepPart::whole) noexcept { run(part, nullptr); }
  /// One step that is not timed. Leaves what the witness sent in the step's memory.
  void rehearse(Witness& witness) { run(StepPart::whole, &witness); }
  /// Untimed, local. The step's memory as it was at first.
  void refill() { memory_.refill(); }
  /// Throws RunError if anything failed so far.
  void check() const;

  const step::Schedule& schedule() const { return schedule_; }
  Region memory(const step::Slice& slice) const { return memory_.of(slice); }
  /// Of the last step, by now_ns(), per operation. A communication begins when this rank starts it,
  /// and ends when it is seen to be complete.
  std::span<const std::int64_t> begin_ns() const { return begin_ns_; }
  std::span<const std::int64_t> end_ns() const { return end_ns_; }

 private:
  struct Node {
    std::uint16_t stream = 0;
    std::uint32_t waits = 0;  ///< operations that must be complete before
    std::uint32_t first_follower = 0, last_follower = 0;
    TileRange tiles{};
    Bound bound{};  ///< no exchange: it is local
  };

  void resolve();
  void follow();
  void run(StepPart part, Witness* witness);
  void release(std::uint32_t index, Witness* witness);
  void complete(std::uint32_t index, Witness* witness);
  void compute(std::uint32_t index, Witness* witness);
  void progress(Witness* witness);
  std::optional<std::uint32_t> next_local() noexcept;
  Rehearsed rehearsed(std::uint32_t index) const;

  step::Schedule schedule_;
  StepOptions options_;
  StepMemory memory_;
  StepTiles tiles_;
  StepExchanges exchanges_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> followers_;
  std::vector<std::uint32_t> waits_;      ///< that are left
  std::vector<std::uint32_t> ready_;      ///< local operation, by stream
  std::vector<std::uint32_t> under_way_;  ///< as many as streams at most
  std::size_t flying_ = 0;                ///< of these
  StepPart part_ = StepPart::whole;       ///< that is under way
  std::vector<std::int64_t> begin_ns_, end_ns_;
  bool stuck_ = false;
};

}  // namespace assay::bench
