// A step: what the ranks of a job do together in one iteration of a workload, as operations on
// buffers, with dependencies, streams and groups. Pure data: neither the form nor who executes it
// knows a model or a kind of parallelism; labels are opaque text for whoever reports.
//
// It stands beside schedule.hpp: that form is what happens *inside* one collective (messages on
// regions of the caller's buffers, of no type, ordered element by element). A step's collective is
// one operation, carried out by a library or by such a composed schedule; its buffers have types,
// its order is that of streams. In both, `after` names earlier operations that must be complete.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/core/collective.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/pair_counts.hpp"
#include "harness/core/reduce_op.hpp"

namespace assay::step {

struct GemmShape {
  std::uint64_t m = 0, n = 0, k = 0;
  auto operator<=>(const GemmShape&) const = default;
};

/// C (m × n) = or += A (m × k) · B (k × n), for each of `shapes` (several: a grouped GEMM).
struct Gemm {
  std::vector<GemmShape> shapes;
  DataType inputs = DataType::bf16;
  DataType output = DataType::bf16;
  bool accumulate = false;
  auto operator<=>(const Gemm&) const = default;
};

/// Causal attention of `queries` on `keys` positions for each of `batch` sequences:
/// softmax(Q·Kᵀ)·V.
struct Attention {
  std::uint64_t batch = 1, queries = 0, keys = 0;
  std::uint64_t heads = 0, kv_heads = 0;
  std::uint64_t qk_dim = 0, v_dim = 0;
  std::uint64_t window = 0;  ///< positions that a query sees at most; 0: all before it
  bool backward = false;
  DataType type = DataType::bf16;
  auto operator<=>(const Attention&) const = default;
};

/// Moves this many bytes through memory, reads and writes together.
struct ElementWise {
  std::uint64_t bytes = 0;
  auto operator<=>(const ElementWise&) const = default;
};

/// A collective call on a group: `count` is what a library is passed (comm::CollectiveCall).
struct Collect {
  Collective collective = Collective::all_reduce;
  std::uint32_t group = 0;
  std::uint64_t count = 0;
  DataType type = DataType::bf16;
  ReduceOp op = ReduceOp::sum;
  /// all_to_all_v; the same object on all ranks.
  std::shared_ptr<const PairCounts> counts{};
  auto operator<=>(const Collect&) const = default;
};

/// One end of a message between two members of a group. Messages of a pair match in their order.
struct Message {
  enum class Way { send, receive };
  Way way = Way::send;
  std::uint32_t group = 0;
  int peer = 0;  ///< index within the group
  std::uint64_t count = 0;
  DataType type = DataType::bf16;
  auto operator<=>(const Message&) const = default;
};

/// What an operation does. Equal ones are listed once, so that each is prepared once.
struct Work {
  std::string name;  ///< "qkv", for people
  std::variant<Gemm, Attention, ElementWise, Collect, Message> what;
  auto operator<=>(const Work&) const = default;
};

/// Memory of a rank that lives as long as the step is repeated.
struct Buffer {
  std::string label;  ///< what the memory is for, opaque: "weights"
  DataType type = DataType::bf16;
  std::uint64_t count = 0;
};

/// Elements `first` … `first + count − 1` of a buffer.
struct Slice {
  std::uint32_t buffer = 0;
  std::uint64_t first = 0, count = 0;
};

enum class Access : std::uint8_t { read, write, update };
struct Use {
  Slice slice;
  Access access = Access::read;
};

struct Operation {
  std::uint32_t work = 0;
  std::uint32_t scope = 0;   ///< of what it is a part, for people: index into Schedule::scopes
  std::uint16_t stream = 0;  ///< begins when all earlier operations of its stream are complete
  bool repeated = false;     ///< done before in this step: no part of the workload's own work
  std::vector<std::uint32_t> after{};  ///< earlier operations, of other streams, to be complete
  std::vector<Use> uses{};
};

/// A tensor of which `copies` ranks hold the same elements: what the workload consists of.
struct Tensor {
  Slice slice;
  std::uint64_t copies = 1;
};

/// What one rank does, in the order in which operations are issued.
struct Schedule {
  std::vector<Work> works;
  std::vector<Buffer> buffers;
  std::vector<std::string> scopes;
  std::vector<Operation> operations;
  std::vector<Tensor> tensors;
};

/// Ranks `stride` apart, `size` of them.
struct Axis {
  int size = 1;
  int stride = 1;
  friend bool operator==(const Axis&, const Axis&) = default;
};

/// One group for every rank: those that differ from it along the axis only, in its order. A rank
/// whose group would reach beyond the job is in none. Each group is a communicator of its own.
struct Group {
  std::string name;   ///< "pp forward even"
  std::string label;  ///< to what its operations are attributed, opaque: "pp"
  Axis axis;
};

/// All ranks of a job. Ranks that do the same share a schedule, so that a large job stays small.
struct Job {
  int ranks = 1;
  std::vector<std::string> streams;
  std::vector<Group> groups;
  /// The schedule of a rank has the index that its places along these form, the first one being
  /// the fastest: without any, there is one for all.
  std::vector<Axis> distinct;
  std::vector<Schedule> schedules;
};

/// Place of a rank along an axis.
constexpr int place(int rank, Axis axis) { return rank / axis.stride % axis.size; }

/// Index into job.schedules.
std::size_t schedule_of(const Job& job, int rank);
/// The lowest rank of each schedule, and how many ranks share it.
struct Share {
  int first = 0;
  int ranks = 0;
};
std::vector<Share> shares(const Job& job);

/// World ranks of the group that `rank` is in, in order; empty: it is in none.
std::vector<int> members(const Group& group, int rank, int ranks);

/// Floating-point operations; 0 for what only moves data. 2·m·n·k; attention counts the two
/// products over attended pairs (half of all where causal; w − w²/2s per query with a window),
/// twice in the backward pass.
double flops(const Work& work);

/// The group that a work communicates in; none: it does not.
std::optional<std::uint32_t> group_of(const Work& work);

/// Of one rank's part in a communication, in bytes.
struct Traffic {
  double message = 0;  ///< max(send, receive): the `bytes` of all benchmarks
  double sent = 0;  ///< what a rank sends at least: (n−1)/n of a gathered tensor, twice that of a
                    ///< reduced one, all but its own block of an all_to_all
};
/// Whether a step may have it: those of which traffic() knows the volume.
bool has_volume(Collective collective);
/// `index` of `size` members; zeroes for what does not communicate.
Traffic traffic(const Work& work, int index, int size);

/// What is wrong with a job; empty: nothing. Finds indices and slices out of bounds, collectives of
/// no volume or without counts, dependencies on later operations, races (two unordered operations
/// that touch the same buffer of which one writes), a group's operations on several streams of a
/// rank, collectives that are not the same in the same order on all members, sends and receives
/// that do not match, and ranks that would wait for each other for ever under streams in order even
/// if every message were synchronous. Ranks that share a schedule are looked at once: O(operations
/// of distinct schedules + ranks × groups).
std::string problem_of(const Job& job);

/// Seconds (or any unit) of one work on one rank.
class Durations {
 public:
  virtual ~Durations() = default;
  virtual double operator()(const Work& work) const = 0;
};

/// When every operation ends if works last as `durations` says, and a communication begins when all
/// that take part are there. [schedule][operation]. The job must have no problem_of().
std::vector<std::vector<double>> ends(const Job& job, const Durations& durations);

}  // namespace assay::step
