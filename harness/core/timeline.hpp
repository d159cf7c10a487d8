// What a rank did when, on a clock that all ranks share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

struct TimelineEvent {
  std::string name;   ///< of the operation: "qkv"
  std::string label;  ///< to what its time is attributed: "compute", "tp"
  std::string scope;  ///< of what it is a part: "forward 0"
  std::uint16_t stream = 0;
  std::int64_t begin_ns = 0, end_ns = 0;
};

struct RankTimeline {
  int rank = 0;  ///< of the world
  std::string host{};
  std::vector<std::string> streams{};
  std::vector<TimelineEvent> events{};  ///< those of a stream one after the other
};

}  // namespace assay
