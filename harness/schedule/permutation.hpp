// Seeded random permutations that are the same on every machine and standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::schedule {

/// The numbers 0 … size−1 in an order drawn from `seed`: Fisher–Yates over std::mt19937_64 with
/// unbiased draws. (std::shuffle and the distributions differ between standard libraries, and an
/// order of execution must be reproducible by the other party.)
std::vector<std::size_t> permutation(std::size_t size, std::uint64_t seed);

}  // namespace assay::schedule
