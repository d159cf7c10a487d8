// Buffers of a collective case on this rank, in rotation, with their input and what must come out:
// the same for every way to carry the collective out.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "benchmarks/collective_shape.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/bench/buffer_ring.hpp"

namespace assay::benchmarks {

/// Functions are local.
class CollectiveData {
 public:
  /// `context` outlives it, and its case has every dimension of the collective. Throws RunError
  /// (memory).
  CollectiveData(const CollectiveSpec& spec, bench::Context& context);

  const CollectiveShape& shape() const { return shape_; }
  Work work() const;
  std::map<std::string, std::string> notes() const;

  /// What the next operation works on. `root`: index into shape().roots(), which take turns.
  struct Operation {
    std::size_t root = 0;
    const std::byte* send = nullptr;  ///< null: in place
    std::byte* recv = nullptr;
  };
  Operation take() noexcept;

  /// Out of place, the buffers of any operation can be verified; in place, a sum grows with every
  /// one, so what a loop left says nothing.
  bool in_place() const { return in_place_; }
  /// The next operation is the one whose output is verified, wherever it writes.
  void announce();
  std::size_t announced_root() const { return announced_root_; }
  /// The output of what was announced. `in_place_result_at` as the launch's info has it.
  VerifyReport compare(std::uint64_t in_place_result_at) const;

 private:
  std::vector<std::size_t> largest_bytes() const;
  bench::RingMemory memory(std::size_t largest) const;
  std::uint64_t stream(std::size_t slot) const;
  void fill_in_place(std::size_t slot);

  const CollectiveSpec& spec_;
  bench::Context& context_;
  CollectiveShape shape_;
  bool in_place_;
  schedule::Extent mine_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  bench::BufferRing recv_;
  std::optional<bench::BufferRing> send_;
  std::size_t next_root_ = 0;
  std::size_t announced_root_ = 0;  ///< the one to be verified
};

}  // namespace assay::benchmarks
