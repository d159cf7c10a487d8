// Builds a step's schedule from a program that reads as if it ran line by line: what an operation
// must wait for follows from the buffers that it uses.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/schedule/step_order.hpp"

namespace assay::step {

inline Use read(const Slice& slice) { return {slice, Access::read}; }
inline Use write(const Slice& slice) { return {slice, Access::write}; }
/// Reads and writes.
inline Use update(const Slice& slice) { return {slice, Access::update}; }

class Builder {
 public:
  explicit Builder(std::size_t streams) : clocks_(streams) {}

  /// Memory of its own; all of it.
  Slice buffer(std::string label, DataType type, std::uint64_t count);
  /// Memory that was given back, else new. What uses it next waits for what used it last.
  Slice take(const std::string& label, DataType type, std::uint64_t count);
  /// All of the buffer, however much of it the slice is.
  void give_back(const Slice& slice);

  /// What follows is part of it.
  void scope(std::string name);
  /// Whether what follows has been done before in this step.
  void repeat(bool repeated) { repeated_ = repeated; }
  void add(std::uint16_t stream, const Work& work, std::vector<Use> uses);
  void tensor(const Tensor& tensor) { schedule_.tensors.push_back(tensor); }

  Schedule done() { return std::move(schedule_); }

 private:
  struct Touched {
    std::vector<std::uint32_t> writer;   ///< none or one
    std::vector<std::uint32_t> readers;  ///< since
  };
  std::vector<std::uint32_t> needs(std::uint16_t stream, const std::vector<Use>& uses) const;
  void note(const Use& use, std::uint32_t index);

  Schedule schedule_;
  Clocks clocks_;
  std::vector<Touched> touched_;  ///< by buffer
  std::map<Work, std::uint32_t> works_;
  std::map<std::string, std::map<std::pair<DataType, std::uint64_t>, std::vector<Slice>>> free_;
  bool repeated_ = false;
};

}  // namespace assay::step
