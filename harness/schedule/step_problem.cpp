#include <fmt/format.h>

#include <optional>

#include "harness/schedule/step_order.hpp"

namespace assay::step {
namespace {

/// Looks at one schedule by itself.
class Local {
 public:
  Local(const Job& job, std::size_t index)
      : job_(job), schedule_(job.schedules[index]), index_(index), clocks_(job.streams.size()) {}

  std::string problem() {
    touched_.resize(schedule_.buffers.size());
    streams_.resize(job_.groups.size());
    for (std::uint32_t i = 0; i < schedule_.operations.size(); ++i)
      if (const auto what = problem(i); !what.empty())
        return fmt::format("schedule {}, operation {}{}: {}", index_, i, called(i), what);
    for (const auto& tensor : schedule_.tensors)
      if (!inside(tensor.slice))
        return fmt::format("schedule {}: a tensor is out of bounds", index_);
    return {};
  }

 private:
  struct Touched {
    std::optional<std::uint32_t> writer;
    std::vector<std::uint32_t> readers;  ///< since, the last one of each stream
  };

  std::string called(std::uint32_t i) const {
    const auto work = schedule_.operations[i].work;
    return work < schedule_.works.size() ? fmt::format(" ({})", schedule_.works[work].name) : "";
  }

  bool inside(const Slice& slice) const {
    if (slice.buffer >= schedule_.buffers.size()) return false;
    const auto count = schedule_.buffers[slice.buffer].count;
    return slice.count <= count && slice.first <= count - slice.count;
  }

  std::string problem(std::uint32_t i) {
    const auto& operation = schedule_.operations[i];
    if (operation.work >= schedule_.works.size()) return "no such work";
    if (operation.stream >= job_.streams.size()) return "no such stream";
    if (operation.scope >= schedule_.scopes.size()) return "no such scope";
    for (const auto other : operation.after)
      if (other >= i) return "depends on a later operation";
    clocks_.add(operation.stream, operation.after);
    if (const auto* call = std::get_if<Collect>(&schedule_.works[operation.work].what)) {
      if (!has_volume(call->collective)) return "a step has no such collective";
      if (call->collective == Collective::all_to_all_v && !call->counts) return "has no counts";
    }
    if (auto what = group_problem(operation); !what.empty()) return what;
    for (const auto& use : operation.uses)
      if (!inside(use.slice)) return "out of bounds";
    for (const auto& use : operation.uses)
      if (const auto other = race(use, i))
        return fmt::format("races with operation {}{}", *other, called(*other));
    for (const auto& use : operation.uses) note(use, i);
    return {};
  }

  std::string group_problem(const Operation& operation) {
    const auto group = group_of(schedule_.works[operation.work]);
    if (!group) return {};
    if (*group >= job_.groups.size()) return "no such group";
    auto& stream = streams_[*group];
    if (!stream) stream = operation.stream;
    if (*stream == operation.stream) return {};
    return fmt::format("group {} is used on streams {} and {}", job_.groups[*group].name,
                       job_.streams[*stream], job_.streams[operation.stream]);
  }

  bool ordered(std::uint32_t first, std::uint32_t then) const {
    return first == then || clocks_.ordered(first, schedule_.operations[first].stream, then);
  }

  std::optional<std::uint32_t> race(const Use& use, std::uint32_t i) const {
    const auto& touched = touched_[use.slice.buffer];
    if (touched.writer && !ordered(*touched.writer, i)) return touched.writer;
    if (use.access == Access::read) return std::nullopt;
    for (const auto reader : touched.readers)
      if (!ordered(reader, i)) return reader;
    return std::nullopt;
  }

  void note(const Use& use, std::uint32_t i) {
    auto& [writer, readers] = touched_[use.slice.buffer];
    if (use.access == Access::read) {
      const auto stream = schedule_.operations[i].stream;
      std::erase_if(readers,
                    [&](auto other) { return schedule_.operations[other].stream == stream; });
      readers.push_back(i);
    } else {
      writer = i;
      readers.clear();
    }
  }

  const Job& job_;
  const Schedule& schedule_;
  std::size_t index_;
  Clocks clocks_;
  std::vector<Touched> touched_;                       ///< by buffer
  std::vector<std::optional<std::uint16_t>> streams_;  ///< by group
};

/// Where all that is left waits for one another, the first operation that does.
std::string deadlock(const Job& job, const Meetings& meetings,
                     const std::vector<std::uint32_t>& order) {
  std::vector<bool> begun(meetings.meeting.size());
  for (const auto number : order) begun[number] = true;
  for (std::size_t s = 0; s < job.schedules.size(); ++s)
    for (std::size_t i = 0; i < job.schedules[s].operations.size(); ++i)
      if (!begun[meetings.base[s] + i])
        return fmt::format("schedule {}, operation {} ({}): waits for ever", s, i,
                           job.schedules[s].works[job.schedules[s].operations[i].work].name);
  return {};
}

std::string shape_problem(const Job& job) {
  std::size_t schedules = 1;
  for (const auto& axis : job.distinct) schedules *= static_cast<std::size_t>(axis.size);
  if (schedules == job.schedules.size()) return {};
  return fmt::format("{} schedules where ranks differ in {} ways", job.schedules.size(), schedules);
}

}  // namespace

std::string problem_of(const Job& job) {
  if (auto what = shape_problem(job); !what.empty()) return what;
  for (std::size_t s = 0; s < job.schedules.size(); ++s)
    if (auto what = Local(job, s).problem(); !what.empty()) return what;
  const auto meetings = meetings_of(job);
  if (!meetings.problem.empty()) return meetings.problem;
  return deadlock(job, meetings, begin_order(job, meetings));
}

}  // namespace assay::step
