#include "harness/schedule/permutation.hpp"

#include <numeric>
#include <random>
#include <utility>

namespace assay::schedule {
namespace {

/// Uniform in [0, bound), by rejection of the incomplete last stretch.
std::uint64_t below(std::uint64_t bound, std::mt19937_64& random) {
  const std::uint64_t incomplete = (std::mt19937_64::max() - bound + 1) % bound;
  std::uint64_t drawn = random();
  while (drawn > std::mt19937_64::max() - incomplete) drawn = random();
  return drawn % bound;
}

}  // namespace

std::vector<std::size_t> permutation(std::size_t size, std::uint64_t seed) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[below(i, random)]);
  return order;
}

}  // namespace assay::schedule
