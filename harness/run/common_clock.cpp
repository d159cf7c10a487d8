#include "harness/run/common_clock.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

namespace assay::run {

namespace {

/// From the learner: one more answer, or enough.
enum class Ask : std::int64_t { more, enough };

/// From the teacher, whose own errors are part of what it teaches.
struct Answer {
  std::int64_t common_ns = 0;
  double bound_ns = 0, estimate_ns = 0;
  std::int64_t hops = 0;
};

}  // namespace

CommonClock::CommonClock(comm::Team& team, Lens lens, SyncEffort effort)
    : team_(team), lens_(std::move(lens)), effort_(effort) {
  if (team.rank() == 0) model_ = ClockModel::reference();
}

SyncReport CommonClock::synchronise() {
  team_.barrier();  // or the time of this would contain the time of what came before
  const auto begin = local_ns();
  unsteady_ = false;
  const int rank = team_.rank();
  const auto size = static_cast<unsigned>(team_.size());
  for (int step = static_cast<int>(std::bit_ceil(size) / 2); step > 0; step /= 2) {
    if (rank % (2 * step) == step)
      learn(rank - step);
    else if (rank % (2 * step) == 0 && rank + step < team_.size())
      teach(rank + step);
  }
  const auto report = worst_of_all(begin);
  record_ = recorded(std::move(record_), report);
  return report;
}

SyncReport CommonClock::worst_of_all(std::int64_t begin_ns) {
  constexpr double no_drift = -1;
  const auto end = local_ns();
  const auto drift = model_.drift();
  std::array<double, 6> worst{model_.at(end).bound_ns,
                              path_estimate_ns_,
                              static_cast<double>(end - begin_ns) * seconds_per_ns,
                              static_cast<double>(hops_),
                              unsteady_ ? 1.0 : 0.0,
                              drift ? std::abs(*drift) : no_drift};
  team_.max(worst);
  SyncReport report{worst[0], worst[1], worst[2], static_cast<int>(worst[3]), worst[4] > 0, {}};
  if (worst[5] > no_drift) report.drift = worst[5];
  return report;
}

void CommonClock::teach(int learner) {
  while (comm::receive_value<Ask>(team_, learner) == Ask::more) {
    const auto time = now();
    comm::send_value(team_, Answer{time.ns, time.bound_ns, path_estimate_ns_, hops_}, learner);
  }
}

void CommonClock::learn(int teacher) {
  std::vector<PingPong> ping_pongs;
  ping_pongs.reserve(static_cast<std::size_t>(effort_.ping_pongs));
  const auto wanted = [&](int made) {
    if (made < effort_.least_ping_pongs) return true;
    // From the first answer: until then the teacher was still learning itself.
    const auto spent_ns = ping_pongs.back().received_ns - ping_pongs.front().received_ns;
    return made < effort_.ping_pongs && static_cast<double>(spent_ns) < effort_.time_s * 1e9;
  };
  Answer answer;
  for (int made = 0; wanted(made); ++made) {
    const auto sent = local_ns();
    comm::send_value(team_, Ask::more, teacher);
    answer = comm::receive_value<Answer>(team_, teacher);
    ping_pongs.push_back({sent, answer.common_ns, local_ns()});
  }
  comm::send_value(team_, Ask::enough, teacher);
  auto fix = fix_offset(ping_pongs);
  fix.bound_ns += answer.bound_ns;
  fix.estimate_ns += answer.estimate_ns;
  hops_ = static_cast<int>(answer.hops) + 1;
  unsteady_ = !model_.add(fix);
  path_estimate_ns_ = model_.last_fix().estimate_ns;
}

result::ClockSync recorded(result::ClockSync record, const SyncReport& report) {
  ++record.synchronisations;
  record.unsteady += report.unsteady ? 1 : 0;
  record.hops = std::max(record.hops, report.hops);
  // While it is unknown there is nothing to keep: `unsteady` counts it.
  if (std::isfinite(report.bound_ns)) {
    const bool first = record.bound_s == 0;
    const double bound_s = report.bound_ns * seconds_per_ns;
    record.least_bound_s = first ? bound_s : std::min(record.least_bound_s, bound_s);
    record.bound_s = std::max(record.bound_s, bound_s);
    record.estimate_s = std::max(record.estimate_s, report.estimate_ns * seconds_per_ns);
  }
  if (report.drift) record.drift = std::max(record.drift.value_or(0), *report.drift);
  return record;
}

}  // namespace assay::run
