// What a watchdog reads from the network: frames cut from a stream, then what a monitor makes of
// them. The first byte says in which pieces the stream arrives.
#include <algorithm>
#include <utility>
#include <vector>

#include "harness/run/heartbeat_frame.hpp"
#include "harness/run/watchdog_monitor.hpp"
#include "tests/fuzz/reader.hpp"

namespace assay::fuzz {
namespace {

using run::Frame;

constexpr int ranks = 4;
constexpr double interval_s = 0.25;

run::Monitor monitor() {
  return {{.rank = 0,
           .deadlines = {},
           .host_names = {"n0", "n0", "n1", "n1"},
           .interval_s = interval_s},
          0};
}

std::vector<Frame> take_all(run::FrameReader& reader) {
  std::vector<Frame> frames;
  while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  return frames;
}

void require_same_again(const Frame& frame) {
  run::FrameReader reader;
  reader.feed(run::encode(frame));
  const auto again = reader.next();
  require(again && again->kind == frame.kind && again->rank == frame.rank &&
              again->word == frame.word && again->incident.ranks == frame.incident.ranks,
          "a frame does not survive the wire");
  require_readable(frame.incident.sentence, Shape::line);
  require(frame.incident.ranks.size() <= run::max_ranks, "a frame has too many ranks");
}

/// As a sentry dispatches: the rank is the connection's, one of the run.
void tell(run::Monitor& monitor, const Frame& frame, double now_s) {
  const int rank = frame.rank % ranks;
  if (frame.kind == Frame::Kind::heartbeat)
    monitor.heard(rank, run::Progress::unpack(frame.word), frame.unchanged_s, now_s);
  if (frame.kind == Frame::Kind::goodbye) monitor.left(rank);
  if (frame.kind == Frame::Kind::report)
    monitor.reported({frame.incident.kind, {rank}, frame.incident.sentence});
  if (const auto incident = monitor.check(now_s, {}))
    require_readable(incident->sentence, Shape::line);
}

}  // namespace

void read(std::string_view input) {
  if (input.empty()) return;
  const std::size_t piece = static_cast<unsigned char>(input[0]) + 1u;
  const auto stream = std::as_bytes(std::span(input.substr(1)));
  auto watched = monitor();
  run::FrameReader reader;
  double now_s = 0;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    reader.feed(stream.subspan(at, std::min(piece, stream.size() - at)));
    for (const auto& frame : take_all(reader)) {
      require_same_again(frame);
      now_s += interval_s;
      tell(watched, frame, now_s);
    }
  }
  if (reader.garbage()) watched.closed(0);
  watched.check(now_s, {});
  watched.check(now_s + 1, {});
}

}  // namespace assay::fuzz
