#include "harness/schedule/step_timeline.hpp"

#include <algorithm>

namespace assay::step {
namespace {

/// At `at_ns`, so many more (or fewer) are computing, communicating for a label, transferring.
struct Change {
  std::int64_t at_ns = 0;
  int by = 0;
  enum class Of { compute, communication, transfer } of = Of::compute;
  std::size_t label = 0;
};

class Sweep {
 public:
  Sweep(std::size_t labels, Period step) : step_(step), active_(labels) {
    result_.exposed_s.resize(labels);
  }

  void add(const Activity& activity) {
    const auto [begin, end] = activity.when;
    if (!activity.label) return add(Change::Of::compute, {begin, end}, 0);
    add(Change::Of::communication, {begin, end}, *activity.label);
    add(Change::Of::transfer, {std::max(begin, activity.all_there_ns), end}, 0);
  }

  Breakdown run() {
    std::sort(changes_.begin(), changes_.end(),
              [](const auto& one, const auto& other) { return one.at_ns < other.at_ns; });
    auto now = step_.begin_ns;
    for (const auto& change : changes_) {
      pass(change.at_ns - now);
      now = change.at_ns;
      apply(change);
    }
    pass(step_.end_ns - now);
    result_.step_s = seconds(step_.end_ns - step_.begin_ns);
    return std::move(result_);
  }

 private:
  static double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

  void add(Change::Of of, Period when, std::size_t label) {
    const auto begin = std::clamp(when.begin_ns, step_.begin_ns, step_.end_ns),
               end = std::clamp(when.end_ns, step_.begin_ns, step_.end_ns);
    if (begin >= end) return;
    changes_.push_back({begin, 1, of, label});
    changes_.push_back({end, -1, of, label});
  }

  void apply(const Change& change) {
    if (change.of == Change::Of::compute) computing_ += change.by;
    if (change.of == Change::Of::transfer) transferring_ += change.by;
    if (change.of != Change::Of::communication) return;
    auto& active = active_[change.label];
    const bool was = active > 0;
    active += change.by;
    communicating_ += (active > 0 ? 1 : 0) - (was ? 1 : 0);
  }

  void pass(std::int64_t ns) {
    if (ns <= 0) return;
    const auto time = seconds(ns);
    if (communicating_ > 0) result_.communication_s += time;
    if (transferring_ > 0) result_.transfer_s += time;
    if (computing_ > 0) {
      result_.compute_s += time;
      if (communicating_ > 0) result_.overlapped_s += time;
      return;
    }
    if (transferring_ == 0) result_.waiting_s += time;
    if (communicating_ == 0) result_.idle_s += time;
    for (std::size_t i = 0; i < active_.size(); ++i)
      if (active_[i] > 0) result_.exposed_s[i] += time / communicating_;
  }

  Period step_;
  std::vector<Change> changes_;
  std::vector<int> active_;  ///< by label
  int communicating_ = 0;    ///< labels
  int computing_ = 0, transferring_ = 0;
  Breakdown result_;
};

}  // namespace

std::optional<double> Breakdown::overlap_ratio() const {
  if (communication_s <= 0) return std::nullopt;
  return overlapped_s / communication_s;
}

Breakdown breakdown(std::span<const Activity> activities, std::size_t labels, Period step) {
  Sweep sweep(labels, step);
  for (const auto& activity : activities) sweep.add(activity);
  return sweep.run();
}

Period extent(std::span<const Activity> activities) {
  if (activities.empty()) return {};
  auto found = activities.front().when;
  for (const auto& activity : activities) {
    found.begin_ns = std::min(found.begin_ns, activity.when.begin_ns);
    found.end_ns = std::max(found.end_ns, activity.when.end_ns);
  }
  return found;
}

std::vector<std::string> labels_of(const Job& job) {
  std::vector<std::string> labels;
  for (const auto& group : job.groups)
    if (std::find(labels.begin(), labels.end(), group.label) == labels.end())
      labels.push_back(group.label);
  return labels;
}

std::vector<Activity> activities(const Job& job, const Schedule& schedule,
                                 const Readings& readings) {
  const auto labels = labels_of(job);
  std::vector<Activity> found;
  for (std::size_t i = 0; i < schedule.operations.size(); ++i) {
    Activity activity{{readings.begin_ns[i], readings.end_ns[i]}};
    if (const auto group = group_of(schedule.works[schedule.operations[i].work])) {
      const auto label = std::find(labels.begin(), labels.end(), job.groups[*group].label);
      activity.label = static_cast<std::size_t>(label - labels.begin());
      if (!readings.all_there_ns.empty()) activity.all_there_ns = readings.all_there_ns[i];
    }
    found.push_back(activity);
  }
  return found;
}

}  // namespace assay::step
