// How many timelines a run keeps of a case. Pure.
#pragma once

#include <cstddef>

namespace assay::run {

/// Events of all ranks together: about 60 MB as JSON, which a browser still opens.
inline constexpr std::size_t most_timeline_events = 400'000;

/// Every how many ranks one keeps its timeline, if each has up to `events`; spread evenly. 0: none
/// does.
constexpr int timelines_every(std::size_t events, int ranks) {
  if (events == 0 || events > most_timeline_events) return 0;
  const auto kept = most_timeline_events / events;
  return static_cast<int>((static_cast<std::size_t>(ranks) + kept - 1) / kept);
}

}  // namespace assay::run
