// Launches that take turns: operations that are compared with each other in one case, one after
// the other in every iteration, so that what drifts drifts for all of them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace assay::bench {

/// The launches of one iteration. Each is timed by itself; the last is the operation whose T_max is
/// the case's time. None named: every launch is an iteration.
struct Turns {
  std::vector<std::string_view>
      before{};              ///< series of T_max, in seconds, of those before the last
  std::string_view ratio{};  ///< series of what follows from the times; may be empty
  /// From the times of one iteration in the order of its launches.
  double (*ratio_of)(std::span<const double> times_s) = nullptr;

  std::size_t launches() const { return before.size() + 1; }
};

/// max(0, (comm + compute − both) / min(comm, compute)) of the times {comm, compute, both}: the
/// share of the shorter one that the longer one hides. That of IMB-NBC (Intel MPI Benchmarks,
/// "overlap" of Ialltoall_pure and the like), which also cuts it off at 1. OSU's (osu_iallreduce:
/// max(0, 1 − (both − compute) / comm)) is the same where compute takes no less than comm.
double overlap_ratio(std::span<const double> times_s);

}  // namespace assay::bench
