#include "harness/schedule/step_builder.hpp"

#include <algorithm>

namespace assay::step {

Slice Builder::buffer(std::string label, DataType type, std::uint64_t count) {
  const auto index = static_cast<std::uint32_t>(schedule_.buffers.size());
  schedule_.buffers.push_back({std::move(label), type, count});
  touched_.emplace_back();
  return {index, 0, count};
}

Slice Builder::take(const std::string& label, DataType type, std::uint64_t count) {
  auto& unused = free_[label][{type, count}];
  if (unused.empty()) return buffer(label, type, count);
  const auto slice = unused.back();
  unused.pop_back();
  return slice;
}

void Builder::give_back(const Slice& slice) {
  const auto& buffer = schedule_.buffers[slice.buffer];
  free_[buffer.label][{buffer.type, buffer.count}].push_back({slice.buffer, 0, buffer.count});
}

void Builder::scope(std::string name) { schedule_.scopes.push_back(std::move(name)); }

/// The last one of each other stream that is not known to be complete anyway.
std::vector<std::uint32_t> Builder::needs(std::uint16_t stream,
                                          const std::vector<Use>& uses) const {
  std::vector<std::uint32_t> found;
  const auto need = [&](std::uint32_t other) {
    const auto theirs = schedule_.operations[other].stream;
    if (clocks_.known(other, theirs, stream)) return;
    for (auto& known : found)
      if (schedule_.operations[known].stream == theirs) {
        known = std::max(known, other);
        return;
      }
    found.push_back(other);
  };
  for (const auto& use : uses) {
    const auto& touched = touched_[use.slice.buffer];
    for (const auto writer : touched.writer) need(writer);
    if (use.access != Access::read)
      for (const auto reader : touched.readers) need(reader);
  }
  return found;
}

void Builder::note(const Use& use, std::uint32_t index) {
  auto& [writer, readers] = touched_[use.slice.buffer];
  if (use.access != Access::read) {
    readers.clear();
    writer.assign(1, index);
    return;
  }
  const auto stream = schedule_.operations[index].stream;
  std::erase_if(readers, [&](auto other) { return schedule_.operations[other].stream == stream; });
  readers.push_back(index);
}

void Builder::add(std::uint16_t stream, const Work& work, std::vector<Use> uses) {
  const auto [known, added] =
      works_.try_emplace(work, static_cast<std::uint32_t>(schedule_.works.size()));
  if (added) schedule_.works.push_back(work);
  if (schedule_.scopes.empty()) scope("");
  const auto index = static_cast<std::uint32_t>(schedule_.operations.size());
  Operation operation{known->second, static_cast<std::uint32_t>(schedule_.scopes.size() - 1),
                      stream, repeated_};
  operation.after = needs(stream, uses);
  operation.uses = std::move(uses);
  clocks_.add(stream, operation.after);
  schedule_.operations.push_back(std::move(operation));
  for (const auto& use : schedule_.operations.back().uses) note(use, index);
}

}  // namespace assay::step
