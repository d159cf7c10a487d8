// Sets of ranks written compactly: "0-7", "0-56:8", "0,3,8-15".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// `first`, `first + stride`, … up to and including `last`.
struct RankRange {
  int first = 0;
  int last = 0;
  int stride = 1;
  friend bool operator==(const RankRange&, const RankRange&) = default;
};

/// The shortest greedy run-length form of `ranks`, in the order given (order is meaningful: a
/// placement permutes ranks).
std::vector<RankRange> compress_ranks(const std::vector<int>& ranks);
std::vector<int> expand_ranks(const std::vector<RankRange>& ranges);

/// "0-7,16", "0-56:8"; the empty set is "".
std::string format_ranks(const std::vector<RankRange>& ranges);
/// Inverse of format_ranks. Throws UsageError naming the text.
std::vector<RankRange> parse_ranks(std::string_view text);

}  // namespace assay
