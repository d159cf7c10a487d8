// The collectives, as the layers below the catalogue name them. What each means (extents, bus
// factor, oracle) stands in one table: benchmarks/collective_spec.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace assay {

enum class Collective { all_reduce, all_to_all };

inline constexpr std::array<std::string_view, 2> collective_names{"all_reduce", "all_to_all"};

constexpr std::string_view name(Collective collective) {
  return collective_names[static_cast<std::size_t>(collective)];
}

}  // namespace assay
