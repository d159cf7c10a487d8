#include "harness/schedule/step_order.hpp"

#include <utility>

#include "harness/core/error.hpp"

namespace assay::step {
namespace {

constexpr std::uint32_t nobody = ~std::uint32_t{0};

/// Calls `visit(earlier, later)`, numbers through all schedules, for all that one waits for.
template <typename Visit>
void for_each_wait(const Job& job, const Meetings& meetings, const Visit& visit) {
  for (std::size_t s = 0; s < job.schedules.size(); ++s) {
    const auto base = static_cast<std::uint32_t>(meetings.base[s]);
    std::vector<std::uint32_t> latest(job.streams.size(), nobody);
    const auto& operations = job.schedules[s].operations;
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
      auto& before = latest[operations[i].stream];
      if (before != nobody) visit(base + before, base + i);
      before = i;
      for (const auto other : operations[i].after) visit(base + other, base + i);
    }
  }
}

/// Lists of numbers, one per number.
class Lists {
 public:
  explicit Lists(std::size_t count) : first_(count + 1) {}
  void count(std::uint32_t list) { ++first_[list + 1]; }
  void allocate() {
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    next_ = first_;
    entries_.resize(first_.back());
  }
  void add(std::uint32_t list, std::uint32_t entry) { entries_[next_[list]++] = entry; }
  std::span<const std::uint32_t> of(std::uint32_t list) const {
    return std::span(entries_).subspan(first_[list], first_[list + 1] - first_[list]);
  }

 private:
  std::vector<std::size_t> first_, next_;
  std::vector<std::uint32_t> entries_;
};

}  // namespace

void Clocks::add(std::uint16_t stream, std::span<const std::uint32_t> after) {
  const auto index = static_cast<std::uint32_t>(stream_.size());
  stream_.push_back(stream);
  seen_.resize(seen_.size() + streams_);
  auto* const own = seen_.data() + index * streams_;
  const auto learn = [&](std::uint32_t other) {
    const auto* theirs = seen_.data() + other * streams_;
    for (std::size_t i = 0; i < streams_; ++i) own[i] = std::max(own[i], theirs[i]);
    own[stream_[other]] = std::max(own[stream_[other]], other + 1);
  };
  if (latest_[stream] != none) learn(latest_[stream]);
  for (const auto other : after) learn(other);
  latest_[stream] = index;
}

bool Clocks::known(std::uint32_t first, std::uint16_t stream, std::uint16_t then_stream) const {
  if (stream == then_stream) return true;
  return latest_[then_stream] != none && ordered(first, stream, latest_[then_stream]);
}

std::vector<std::uint32_t> begin_order(const Job& job, const Meetings& meetings) {
  const auto& meeting = meetings.meeting;
  Lists waiting(meeting.size()), together(meeting.size());
  std::vector<std::uint32_t> missing(meeting.size());
  for_each_wait(job, meetings, [&](std::uint32_t earlier, std::uint32_t later) {
    waiting.count(meeting[earlier]);
    ++missing[meeting[later]];
  });
  for (const auto number : meeting) together.count(number);
  waiting.allocate();
  together.allocate();
  for_each_wait(job, meetings, [&](std::uint32_t earlier, std::uint32_t later) {
    waiting.add(meeting[earlier], meeting[later]);
  });
  for (std::uint32_t i = 0; i < meeting.size(); ++i) together.add(meeting[i], i);
  std::vector<std::uint32_t> ready, order;
  for (std::uint32_t i = 0; i < meeting.size(); ++i)
    if (meeting[i] == i && missing[i] == 0) ready.push_back(i);
  while (!ready.empty()) {
    const auto next = ready.back();
    ready.pop_back();
    const auto all = together.of(next);
    order.insert(order.end(), all.begin(), all.end());
    for (const auto later : waiting.of(next))
      if (--missing[later] == 0) ready.push_back(later);
  }
  return order;
}

std::vector<std::vector<double>> ends(const Job& job, const Durations& durations) {
  const auto meetings = meetings_of(job);
  const auto order = begin_order(job, meetings);
  invariant(meetings.problem.empty() && order.size() == meetings.meeting.size(),
            "a job with a problem has no end");
  std::vector<double> length, begin(meetings.meeting.size());
  Lists waiting(meetings.meeting.size());
  for (const auto& schedule : job.schedules) {
    std::vector<double> of_work;
    for (const auto& work : schedule.works) of_work.push_back(durations(work));
    for (const auto& operation : schedule.operations) length.push_back(of_work[operation.work]);
  }
  const auto each_wait = [&](const auto& visit) { for_each_wait(job, meetings, visit); };
  each_wait([&](std::uint32_t earlier, std::uint32_t) { waiting.count(earlier); });
  waiting.allocate();
  each_wait([&](std::uint32_t earlier, std::uint32_t later) { waiting.add(earlier, later); });
  // begin[] of a meeting's first operation gathers what all of them wait for.
  std::vector<double> end(meetings.meeting.size());
  for (std::size_t at = 0; at < order.size();) {
    const auto meeting = meetings.meeting[order[at]];
    auto beyond = at;
    double longest = 0;
    for (; beyond < order.size() && meetings.meeting[order[beyond]] == meeting; ++beyond)
      longest = std::max(longest, length[order[beyond]]);
    for (; at < beyond; ++at) {
      end[order[at]] = begin[meeting] + longest;
      for (const auto later : waiting.of(order[at])) {
        auto& latest = begin[meetings.meeting[later]];
        latest = std::max(latest, end[order[at]]);
      }
    }
  }
  std::vector<std::vector<double>> by_schedule;
  for (std::size_t s = 0; s < job.schedules.size(); ++s)
    by_schedule.emplace_back(end.begin() + static_cast<std::ptrdiff_t>(meetings.base[s]),
                             end.begin() + static_cast<std::ptrdiff_t>(meetings.base[s + 1]));
  return by_schedule;
}

Job serial(Job job) {
  for (auto& schedule : job.schedules) {
    std::optional<std::uint32_t> last;
    for (std::uint32_t i = 0; i < schedule.operations.size(); ++i) {
      auto& operation = schedule.operations[i];
      if (std::holds_alternative<Message>(schedule.works[operation.work].what)) continue;
      if (last && schedule.operations[*last].stream != operation.stream)
        operation.after.push_back(*last);
      last = i;
    }
  }
  return job;
}

Job begun_in_turn(Job job) {
  for (auto& schedule : job.schedules) {
    // By stream: the last operation that some communication so far waits for, and the last one.
    std::vector<std::uint32_t> awaited(job.streams.size(), nobody), latest = awaited;
    for (std::uint32_t i = 0; i < schedule.operations.size(); ++i) {
      auto& operation = schedule.operations[i];
      const auto before = std::exchange(latest[operation.stream], i);
      if (!group_of(schedule.works[operation.work])) continue;
      auto after = operation.after;
      if (before != nobody) after.push_back(before);
      for (const auto other : after) {
        auto& last = awaited[schedule.operations[other].stream];
        last = last == nobody ? other : std::max(last, other);
      }
      operation.after.clear();
      for (const auto other : awaited)
        if (other != nobody && schedule.operations[other].stream != operation.stream)
          operation.after.push_back(other);
    }
  }
  return job;
}

}  // namespace assay::step
