#include "harness/core/layout.hpp"

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay {

std::size_t Layout::group_count() const { return first_group(rounds.size()); }

const Group& Layout::group(std::size_t index) const {
  for (const auto& round : rounds) {
    if (index < round.at_once.size()) return round.at_once[index];
    index -= round.at_once.size();
  }
  throw InternalError("layout " + name + " has no such group");
}

std::size_t Layout::largest_group() const {
  std::size_t largest = 0;
  for (const auto& round : rounds)
    for (const auto& group : round.at_once) largest = std::max(largest, group.ranks().size());
  return largest;
}

std::size_t Layout::smallest_group() const {
  std::size_t smallest = 0;
  for (const auto& round : rounds)
    for (const auto& group : round.at_once) {
      const auto size = group.ranks().size();
      smallest = smallest == 0 ? size : std::min(smallest, size);
    }
  return smallest;
}

std::size_t Layout::first_group(std::size_t round) const {
  invariant(round <= rounds.size(), "a layout was asked for a round that it does not have");
  std::size_t count = 0;
  for (std::size_t i = 0; i < round; ++i) count += rounds[i].at_once.size();
  return count;
}

}  // namespace assay
