// A rank's place in a tree.
#pragma once

#include <optional>
#include <vector>

#include "harness/schedule/algorithms.hpp"

namespace assay::schedule::tree {

struct Node {
  std::optional<int> parent;  ///< none: the root
  int depth = 0;              ///< 0: the root
  std::vector<int> children;
};

/// From the root's input to everyone else's output, in segments.
Schedule broadcast_to(const Node& node, const Shape& shape);

}  // namespace assay::schedule::tree
