// Who is timed together: rounds of disjoint groups that run concurrently.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/core/rank_set.hpp"

namespace assay {

struct Group {
  std::vector<RankRange> members;  ///< world ranks; the order is the order within the group
  std::vector<int> ranks() const { return expand_ranks(members); }
  friend bool operator==(const Group&, const Group&) = default;
};

/// Disjoint groups that run at the same time.
struct Round {
  std::vector<Group> at_once;
  friend bool operator==(const Round&, const Round&) = default;
};

/// Groups are numbered through all rounds: the index used by Series, figures and findings.
struct Layout {
  std::string name;
  std::vector<Round> rounds;

  std::size_t group_count() const;
  /// Throws InternalError beyond the last group.
  const Group& group(std::size_t index) const;
  /// Ranks in the largest group of any round.
  std::size_t largest_group() const;
  /// Ranks in the smallest one; 0 without groups.
  std::size_t smallest_group() const;
  /// Pairs in rounds, and so too many for a communicator of each.
  bool many_pairs() const { return rounds.size() > 1 && largest_group() <= 2; }
  /// Index of the first group of `round`.
  std::size_t first_group(std::size_t round) const;
  friend bool operator==(const Layout&, const Layout&) = default;
};

}  // namespace assay
