// Timelines of ranks, gathered where there is room for them.
#include <fmt/format.h>

#include "harness/result/codec.hpp"
#include "harness/run/packer.hpp"
#include "harness/run/round.hpp"
#include "harness/run/timelines.hpp"

namespace assay::run {

namespace {

void pack(Packer& out, const RankTimeline& timeline) {
  out.put(timeline.rank);
  out.put(timeline.host);
  out.put(std::uint64_t{timeline.streams.size()});
  for (const auto& stream : timeline.streams) out.put(stream);
  out.put(std::uint64_t{timeline.events.size()});
  for (const auto& event : timeline.events) {
    for (const auto* text : {&event.name, &event.label, &event.scope}) out.put(*text);
    out.put(event.stream);
    out.put(event.begin_ns);
    out.put(event.end_ns);
  }
}

RankTimeline unpack_timeline(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  RankTimeline timeline;
  timeline.rank = in.get<int>();
  timeline.host = in.text();
  for (auto left = in.get<std::uint64_t>(); left > 0; --left) timeline.streams.push_back(in.text());
  for (auto left = in.get<std::uint64_t>(); left > 0; --left) {
    auto& event = timeline.events.emplace_back();
    for (auto* text : {&event.name, &event.label, &event.scope}) *text = in.text();
    event.stream = in.get<std::uint16_t>();
    event.begin_ns = in.get<std::int64_t>();
    event.end_ns = in.get<std::int64_t>();
  }
  return timeline;
}

std::string trace_note(const Case& spec, int every) {
  if (every == 0)
    return fmt::format("left out: a rank does more than {} operations", most_timeline_events);
  const auto ranks = every == 1 ? "all ranks" : fmt::format("one rank of every {}", every);
  return fmt::format("{}: the last timed iteration of {}", result::trace_name(spec.id), ranks);
}

}  // namespace

std::vector<RankTimeline> Round::gather_timelines() {
  RankTimeline mine;
  if (prepared_ != nullptr) mine = prepared_->timeline();
  mine.rank = rig_.world.rank();
  mine.host = rig_.topology.host_name(mine.rank);
  auto most = static_cast<double>(mine.events.size());
  rig_.world.max({&most, 1});
  const auto every = timelines_every(static_cast<std::size_t>(most), rig_.world.size());
  if (report_.leader && most > 0) report_.notes["trace"] = trace_note(spec_, every);
  if (every == 0) return {};
  Packer packer;
  if (mine.rank % every == 0) pack(packer, mine);
  std::vector<RankTimeline> all;
  for (const auto& bytes : rig_.world.gather(packer.bytes(), 0))
    if (!bytes.empty()) all.push_back(unpack_timeline(bytes));
  return all;
}

}  // namespace assay::run
