// The arithmetic behind the patterns, shared by every implementation of the kernels: host, each
// instruction set, device. Integers only, no library. Functions have internal linkage, so that code
// compiled for a newer instruction set can never stand in for the portable one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/host_device.hpp"

namespace assay::kernels {

/// Elements that one 64-bit hash serves: a nibble each.
inline constexpr std::size_t block_elements = 16;

/// A bijection of 64-bit words in which every output bit depends on every input bit: the finaliser
/// of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
ASSAY_HOST_DEVICE static constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Distance between the counters of neighbouring blocks: 2^64 / golden ratio, odd.
inline constexpr std::uint64_t block_step = 0x9e3779b97f4a7c15u;

/// Where the counter of the stream `seed` starts; near seeds start far apart.
ASSAY_HOST_DEVICE static constexpr std::uint64_t stream_origin(std::uint64_t seed) {
  return mix(seed + block_step);
}

/// Sixteen nibbles: the table entries of elements 16·block … 16·block + 15, lowest nibble first.
ASSAY_HOST_DEVICE static constexpr std::uint64_t block_hash(std::uint64_t origin,
                                                            std::uint64_t block) {
  return mix(origin + block * block_step);
}

/// The table entry of element `lane` of a block.
ASSAY_HOST_DEVICE static constexpr std::size_t entry_of(std::uint64_t hash, std::size_t lane) {
  return static_cast<std::size_t>((hash >> (4 * lane)) & 15u);
}

/// The entries of elements `index`, `index` + 1, …, a nibble each, lowest first: `count` ≤ 16 of
/// them, which lie in two blocks where `index` is inside one.
ASSAY_HOST_DEVICE static constexpr std::uint64_t nibbles_from(std::uint64_t origin,
                                                              std::uint64_t index,
                                                              std::size_t count) {
  const std::uint64_t block = index / block_elements, lane = index % block_elements;
  const std::uint64_t nibbles = block_hash(origin, block) >> (4 * lane);
  if (lane + count <= block_elements) return nibbles;
  return nibbles | block_hash(origin, block + 1) << (64 - 4 * lane);
}

}  // namespace assay::kernels
