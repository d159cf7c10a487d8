#include "harness/schedule/builder.hpp"

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay::schedule {

Run even_block(std::uint64_t count, int ranks, int index) {
  const auto n = static_cast<std::uint64_t>(ranks);
  const auto block = static_cast<std::uint64_t>(wrapped(index, ranks));
  return {block * (count / n) + std::min(block, count % n),
          count / n + (block < count % n ? 1U : 0U)};
}

Run whole_block(const Shape& shape, int index) {
  return whole_blocks(shape, wrapped(index, shape.ranks), 1);
}

Run whole_blocks(const Shape& shape, int first, int blocks) {
  return {static_cast<std::uint64_t>(first) * shape.count,
          static_cast<std::uint64_t>(blocks) * shape.count};
}

std::vector<Run> pieces(const Shape& shape, std::uint64_t count) {
  invariant(shape.segment > 0, "a segment has elements");
  std::vector<Run> runs;
  for (std::uint64_t at = 0; at < count; at += shape.segment)
    runs.push_back({at, std::min(shape.segment, count - at)});
  return runs;
}

void Builder::send(int peer, const Region& from) {
  if (from.count == 0) return;
  note_read(from);
  add(Send{peer, from});
}

void Builder::receive(int peer, const Region& to) {
  if (to.count == 0) return;
  note_write(to);
  add(Receive{peer, to});
}

void Builder::copy(const Region& from, const Region& to) {
  if (from.count == 0) return;
  note_read(from);
  note_write(to);
  add(Copy{from, to});
}

void Builder::reduce(const Region& from, const Region& into) {
  if (from.count == 0) return;
  note_read(from);
  note_write(into);
  add(Reduce{from, into});
}

void Builder::send_signal(int peer) { add(Send{peer, {}}); }
void Builder::receive_signal(int peer) { add(Receive{peer, {}}); }

void Builder::next_step() {
  if (this_step_.empty()) return;
  previous_step_ = std::exchange(this_step_, {});
}

Region Builder::scratch(std::uint64_t count) {
  const Region region{Place::scratch, schedule_.scratch, count};
  schedule_.scratch += count;
  return region;
}

/// A cell that contains `at` becomes two that meet there.
void Builder::split(Cells& cells, std::uint64_t at) {
  auto next = cells.upper_bound(at);
  if (next == cells.begin()) return;
  auto& [first, cell] = *std::prev(next);
  if (first == at || cell.end <= at) return;
  cells.emplace_hint(next, at, cell);
  cell.end = at;
}

/// The caller's input is never written, so reading it waits for nothing.
void Builder::note_read(const Region& region) {
  if (region.place == Place::send) return;
  auto& known = cells(region.place);
  const auto end = region.first + region.count;
  split(known, region.first);
  split(known, end);
  for (auto at = known.lower_bound(region.first); at != known.end() && at->first < end; ++at) {
    after_.push_back(at->second.writer);
    at->second.readers.push_back(schedule_.operations.size());
  }
}

/// The readers came after the writer, so waiting for them is enough where there are any.
void Builder::note_write(const Region& region) {
  auto& known = cells(region.place);
  const auto end = region.first + region.count;
  split(known, region.first);
  split(known, end);
  auto at = known.lower_bound(region.first);
  while (at != known.end() && at->first < end) {
    const auto& cell = at->second;
    if (cell.readers.empty()) after_.push_back(cell.writer);
    after_.insert(after_.end(), cell.readers.begin(), cell.readers.end());
    at = known.erase(at);
  }
  known.emplace(region.first, Cell{end, schedule_.operations.size(), {}});
}

void Builder::add(decltype(Operation::action) action) {
  auto after = std::exchange(after_, {});
  after.insert(after.end(), previous_step_.begin(), previous_step_.end());
  std::sort(after.begin(), after.end());
  after.erase(std::unique(after.begin(), after.end()), after.end());
  this_step_.push_back(schedule_.operations.size());
  schedule_.operations.push_back({std::move(action), std::move(after), round_});
}

}  // namespace assay::schedule
