// Reduction operators: one table.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace assay {

enum class ReduceOp { sum, prod, min, max, avg };

inline constexpr std::array<std::string_view, 5> reduce_op_names{"sum", "prod", "min", "max",
                                                                 "avg"};

constexpr std::string_view name(ReduceOp op) {
  return reduce_op_names[static_cast<std::size_t>(op)];
}
constexpr std::optional<ReduceOp> reduce_op_from(std::string_view text) {
  for (std::size_t i = 0; i < reduce_op_names.size(); ++i)
    if (reduce_op_names[i] == text) return static_cast<ReduceOp>(i);
  return std::nullopt;
}

}  // namespace assay
