#include "harness/report/chrome_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace assay::report {
namespace {

using Json = nlohmann::ordered_json;

/// Perfetto takes process and thread 0 for those of an idle system.
constexpr int first_id = 1;

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1000; }

/// One event a line: a document of all of them would take several times the memory.
class Lines {
 public:
  void add(const Json& event) {
    text_ += text_.empty() ? "" : ",\n";
    // Names come from files: what is no UTF-8 must not stop the trace.
    text_ += event.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  std::string done(const std::string& metadata) const {
    return "{\"displayTimeUnit\":\"ms\"," + metadata + "\"traceEvents\":[\n" + text_ + "\n]}\n";
  }

 private:
  std::string text_;
};

void name_rank(Lines& lines, const RankTimeline& rank) {
  const auto meta = [&](const char* what, std::size_t thread, Json args) {
    lines.add({{"ph", "M"},
               {"name", what},
               {"pid", rank.rank + first_id},
               {"tid", thread + first_id},
               {"args", std::move(args)}});
  };
  meta("process_name", 0, {{"name", fmt::format("rank {} on {}", rank.rank, rank.host)}});
  meta("process_sort_index", 0, {{"sort_index", rank.rank}});
  for (std::size_t stream = 0; stream < rank.streams.size(); ++stream) {
    meta("thread_name", stream, {{"name", rank.streams[stream]}});
    meta("thread_sort_index", stream, {{"sort_index", stream}});
  }
}

}  // namespace

std::string chrome_trace(std::span<const RankTimeline> ranks, double clock_bound_s) {
  auto first_ns = std::numeric_limits<std::int64_t>::max();
  for (const auto& rank : ranks)
    for (const auto& event : rank.events) first_ns = std::min(first_ns, event.begin_ns);
  Lines lines;
  for (const auto& rank : ranks) {
    name_rank(lines, rank);
    for (const auto& event : rank.events)
      lines.add({{"ph", "X"},
                 {"name", event.name},
                 {"cat", event.label},
                 {"pid", rank.rank + first_id},
                 {"tid", event.stream + first_id},
                 {"ts", microseconds(event.begin_ns - first_ns)},
                 {"dur", microseconds(event.end_ns - event.begin_ns)},
                 {"args", {{"scope", event.scope}}}});
  }
  if (!(clock_bound_s > 0)) return lines.done({});
  const Json metadata{
      {"clock", fmt::format("each rank's is off by at most {:.3g} us", clock_bound_s * 1e6)}};
  return lines.done("\"otherData\":" + metadata.dump() + ",");
}

}  // namespace assay::report
