// What each collective means, and a machine that carries schedules out on symbols: an element is
// the position that it comes from and how often each rank contributed to it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/schedule/algorithms.hpp"
#include "harness/schedule/order.hpp"

namespace assay::tests {

/// Up to 16 ranks, each up to 15 times.
struct Symbol {
  std::uint64_t index = 0;  ///< in the send buffers
  std::uint64_t ranks = 0;  ///< four bits per rank: how often it contributed
  friend bool operator==(const Symbol&, const Symbol&) = default;
};
inline std::uint64_t from_rank(int rank) { return std::uint64_t{1} << (4 * rank); }
/// What no collective produces.
inline constexpr Symbol garbage{~std::uint64_t{0}, ~std::uint64_t{0}};

schedule::Extent extent_of(Collective collective, const schedule::Shape& shape, int rank);

/// Element `index` of the output of `rank`, by the definition of the collective; none: not written.
std::optional<Symbol> expected(Collective collective, const schedule::Shape& shape, int rank,
                               std::uint64_t index);

/// The outputs of all ranks after `schedules`, or nothing where they wait for each other for ever.
std::optional<std::vector<std::vector<Symbol>>> carry_out(
    const std::vector<schedule::Schedule>& schedules, const std::vector<schedule::Extent>& extents);

/// Whether the lines of steps that `order` makes of `schedules` end although every message is
/// synchronous.
bool orders_end(const std::vector<schedule::Schedule>& schedules,
                std::vector<schedule::Step> (*order)(const schedule::Schedule&));

/// Counts of all_to_all_v: some zero, no two rows alike.
class SkewedCounts final : public PairCounts {
 public:
  explicit SkewedCounts(std::uint64_t count) : count_(count) {}
  std::uint64_t operator()(int from, int to) const override;

 private:
  std::uint64_t count_;
};

}  // namespace assay::tests
