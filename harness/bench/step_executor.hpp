// Carries a step out: operations, dependencies, streams and groups; nothing here knows a model.
//
// On the host one thread computes, and communication goes on beside it as far as the library lets
// it: what is of another stream begins when its stream and its dependencies allow, and the library
// is asked between tiles of compute. A device with streams is given a whole step at once
// (step_queue.hpp); only where somebody looks at each communication, the host does the waiting
// there, too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/bench/step_graph.hpp"
#include "harness/bench/step_queue.hpp"

namespace assay::bench {

/// When the library gets to make progress, where it needs the caller for that. poll: between tiles
/// of compute. none: only when there is nothing to compute.
/// A thread of its own would need MPI_THREAD_MULTIPLE, and MPI is initialised for one thread,
/// which makes small messages faster.
enum class Progress { poll, none };

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

  /// Once, before the first step, when all ranks have one. Collective over the job, untimed. Throws
  /// RunError.
  void connect();
  /// From now on a launch replays what the device has recorded of these parts, here. Local, after
  /// connect(); the device's stopwatch has no other recordings meanwhile. Throws RunError.
  void record(std::span<const StepPart> parts);

  /// One step. Collective over the job. Allocates, logs and throws nothing. On a device with
  /// streams it is only enqueued.
  void launch(StepPart part = StepPart::whole) noexcept;
  /// One step that is not timed. Leaves what the witness sent in the step's memory.
  void rehearse(Witness& witness) { run(StepPart::whole, &witness); }
  /// Untimed, local. The step's memory as it was at first.
  void refill() { graph_.memory().refill(); }
  /// Throws RunError if anything failed so far.
  void check() const;

  const step::Schedule& schedule() const { return graph_.schedule(); }
  Region memory(const step::Slice& slice) const { return graph_.memory().of(slice); }
  /// Untimed, when the last launch is done: when that was, if a device says so, as begin_ns() and
  /// end_ns() do from then on; none: the caller saw it. Throws RunError.
  std::optional<step::Period> read();
  /// Of the last step, by now_ns(), per operation. On the host a communication begins when this
  /// rank starts it, and ends when it is seen to be complete. On a device an operation begins when
  /// the device gets to it: distances are those of the device's clock, from a beginning that is
  /// taken to be when the host launched the step, and was later.
  std::span<const std::int64_t> begin_ns() const { return begin_ns_; }
  std::span<const std::int64_t> end_ns() const { return end_ns_; }

 private:
  void run(StepPart part, Witness* witness);
  void release(std::uint32_t index, Witness* witness);
  void complete(std::uint32_t index, Witness* witness);
  void compute(std::uint32_t index, Witness* witness);
  void progress(Witness* witness);
  bool is_done(std::uint32_t index) noexcept;
  std::optional<std::uint32_t> next_local() noexcept;
  Rehearsed rehearsed(std::uint32_t index) const;

  device::Device& device_;
  StepOptions options_;
  std::unique_ptr<device::Streams> streams_;  ///< where the device has them
  StepGraph graph_;
  std::optional<StepQueue> queue_;        ///< over them
  bool recorded_ = false;                 ///< by its stopwatch
  std::int64_t launched_ns_ = 0;          ///< on the queue
  std::vector<std::uint32_t> waits_;      ///< that are left
  std::vector<std::uint32_t> ready_;      ///< local operation, by stream
  std::vector<std::uint32_t> under_way_;  ///< as many as streams at most
  std::size_t flying_ = 0;                ///< of these
  StepPart part_ = StepPart::whole;       ///< that is under way
  std::vector<std::int64_t> begin_ns_, end_ns_;
  bool stuck_ = false;
};

}  // namespace assay::bench
