#include "harness/bench/step_readings.hpp"

#include <algorithm>
#include <limits>

namespace assay::bench {
namespace {

constexpr auto none = std::numeric_limits<double>::quiet_NaN();

std::size_t most_communications(const step::Job& job) {
  std::size_t most = 0;
  for (const auto& schedule : job.schedules) {
    const auto communicates = [&](const step::Operation& operation) {
      return step::group_of(schedule.works[operation.work]).has_value();
    };
    most = std::max<std::size_t>(
        most, static_cast<std::size_t>(std::ranges::count_if(schedule.operations, communicates)));
  }
  return most;
}

double ratio(double of, double over) { return over > 0 ? of / over : none; }

}  // namespace

/// The launches of one iteration.
struct StepReadings::Parts {
  step::Breakdown whole, compute, communication;
  bool apart = false;  ///< there are the latter two
};

StepReadings::StepReadings(const step::Job& job, StepExecutor& executor, const StepGroups& groups,
                           comm::Team& ranks, double ideal_bubble)
    : frame_{job.ranks, job.streams, job.groups, {}, {}},
      executor_(executor),
      ranks_(ranks),
      arrivals_(executor.schedule(), groups.teams()),
      labels_(step::labels_of(job)),
      ideal_bubble_(ideal_bubble),
      comparisons_(most_communications(job)) {}

void StepReadings::end(StepPart part) noexcept {
  pending_ = {part, {begin_ns_, now_ns()}};
  is_pending_ = true;
}

void StepReadings::keep() {
  if (!is_pending_) return;
  is_pending_ = false;
  if (const auto when = executor_.read()) pending_.when = *when;
  launches_.push_back(pending_);
  const auto begin = executor_.begin_ns(), end = executor_.end_ns();
  begins_.insert(begins_.end(), begin.begin(), begin.end());
  ends_.insert(ends_.end(), end.begin(), end.end());
}

/// When all were there, by this rank's own clock: its intervals are steady whatever the common one
/// is corrected by.
std::vector<std::int64_t> StepReadings::all_there(const ClockOfAll& clock) const {
  std::vector<std::int64_t> common(begins_.size());
  std::ranges::transform(begins_, common.begin(), [&](auto reading) { return clock.at(reading); });
  auto there = arrivals_.all_there(common);
  for (std::size_t i = 0; i < there.size(); ++i) there[i] = begins_[i] + there[i] - common[i];
  return there;
}

/// A step is over when it is over on all ranks.
void StepReadings::lasts_as_long_everywhere() {
  std::vector<double> longest_ns;
  for (const auto& [part, when] : launches_)
    longest_ns.push_back(static_cast<double>(when.end_ns - when.begin_ns));
  ranks_.max(longest_ns);
  for (std::size_t i = 0; i < launches_.size(); ++i)
    launches_[i].when.end_ns =
        launches_[i].when.begin_ns + static_cast<std::int64_t>(longest_ns[i]);
}

step::Breakdown StepReadings::breakdown_of(std::size_t launch,
                                           const std::vector<std::int64_t>& all_there) const {
  const auto& schedule = executor_.schedule();
  const auto n = schedule.operations.size();
  const auto of = [&](const std::vector<std::int64_t>& values) {
    return values.empty() ? std::span<const std::int64_t>()
                          : std::span(values).subspan(launch * n, n);
  };
  const auto activities =
      step::activities(frame_, schedule, {of(begins_), of(ends_), of(all_there)});
  return step::breakdown(activities, labels_.size(), launches_[launch].when);
}

void StepReadings::remember_last(const ClockOfAll& clock) {
  const auto n = executor_.schedule().operations.size();
  for (auto launch = launches_.size(); launch-- > 0;) {
    if (launches_[launch].part != StepPart::whole) continue;
    last_.clear();
    for (auto i = launch * n; i < (launch + 1) * n; ++i)
      last_.push_back({clock.at(begins_[i]), clock.at(ends_[i])});
    return;
  }
}

RankTimeline StepReadings::timeline() const {
  RankTimeline timeline;
  if (last_.empty()) return timeline;
  timeline.streams = frame_.streams;
  const auto& schedule = executor_.schedule();
  for (std::size_t i = 0; i < last_.size(); ++i) {
    const auto& operation = schedule.operations[i];
    const auto& work = schedule.works[operation.work];
    const auto group = step::group_of(work);
    timeline.events.push_back({work.name, group ? frame_.groups[*group].label : "compute",
                               schedule.scopes.empty() ? "" : schedule.scopes[operation.scope],
                               operation.stream, last_[i].begin_ns, last_[i].end_ns});
  }
  return timeline;
}

std::vector<Harvested> StepReadings::series_of(const std::vector<Parts>& iterations,
                                               const ClockOfAll* clock) const {
  std::vector<Harvested> series;
  const auto add = [&](std::string name, const auto& value) -> Harvested& {
    auto& one = series.emplace_back(Harvested{.series = std::move(name)});
    for (const auto& iteration : iterations) one.values.push_back(value(iteration));
    return one;
  };
  const auto compute = [](const Parts& parts) { return parts.whole.compute_s; };
  auto& computing = add("compute", compute);
  computing.of_each_rank = "rank_compute";
  computing.over_middle = "straggler_index";
  for (std::size_t label = 0; label < labels_.size(); ++label)
    add("exposed_" + labels_[label],
        [label](const Parts& parts) { return parts.whole.exposed_s[label]; });
  add("idle", [](const Parts& parts) { return parts.whole.idle_s; });
  if (comparisons_ > 0)
    add("hidden", [](const Parts& parts) { return parts.whole.overlap_ratio().value_or(none); });
  add("bubble_ideal", [this](const Parts&) { return ideal_bubble_; });
  if (clock != nullptr) {
    const auto add_compared = [&](const char* name, const auto& value) {
      add(name, value).comparisons = comparisons_;
    };
    add_compared("bubble", [](const Parts& parts) { return parts.whole.bubble(); });
    add_compared("bubble_excess",
                 [this](const Parts& parts) { return parts.whole.bubble() - ideal_bubble_; });
    add_compared("comm_wait", [](const Parts& parts) { return parts.whole.comm_wait_s(); });
    add_compared("comm_transfer", [](const Parts& parts) { return parts.whole.transfer_s; });
  }
  const bool apart = !iterations.empty() && iterations.front().apart;
  if (!apart) return series;
  add("compute_interference",
      [](const Parts& parts) { return ratio(parts.whole.compute_s, parts.compute.compute_s); });
  if (comparisons_ > 0 && clock != nullptr)
    add("communication_interference", [](const Parts& parts) {
      return ratio(parts.whole.transfer_s, parts.communication.transfer_s);
    }).comparisons = comparisons_;
  return series;
}

std::vector<Harvested> StepReadings::harvest(const ClockOfAll* clock) {
  keep();
  std::vector<std::int64_t> there;
  if (clock != nullptr) {
    there = all_there(*clock);
    remember_last(*clock);
  }
  lasts_as_long_everywhere();
  std::vector<Parts> iterations;
  bool begins = true;
  for (std::size_t i = 0; i < launches_.size(); ++i) {
    if (begins) iterations.emplace_back();
    auto& into = iterations.back();
    const auto part = launches_[i].part;
    auto& breakdown = part == StepPart::whole     ? into.whole
                      : part == StepPart::compute ? into.compute
                                                  : into.communication;
    breakdown = breakdown_of(i, there);
    begins = part == StepPart::whole;
    into.apart = into.apart || !begins;
  }
  launches_.clear();
  begins_.clear();
  ends_.clear();
  return series_of(iterations, clock);
}

}  // namespace assay::bench
