#include "harness/core/rank_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "harness/core/error.hpp"

namespace assay {
namespace {

/// Guards against a range in an edited file that would expand to gigabytes.
constexpr int highest_rank = 9'999'999;

/// Number of elements from `begin` on that step by the same positive stride.
std::size_t run_length(const std::vector<int>& ranks, std::size_t begin) {
  if (begin + 1 >= ranks.size() || ranks[begin + 1] <= ranks[begin]) return 1;
  const std::int64_t stride = std::int64_t{ranks[begin + 1]} - ranks[begin];
  std::size_t end = begin + 2;
  while (end < ranks.size() && std::int64_t{ranks[end]} - ranks[end - 1] == stride) ++end;
  return end - begin;
}

[[noreturn]] void refuse(std::string_view text, std::string_view part) {
  throw UsageError({{},
                    fmt::format("'{}' in \"{}\" is no range of ranks", part, text),
                    "write for example \"0-7\", \"0-56:8\" or \"0,3,8-15\""});
}

/// Takes one non-negative number off the front of `rest`.
int take_number(std::string_view& rest, std::string_view text, std::string_view part) {
  int value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || value < 0 || value > highest_rank || rest.front() == '-')
    refuse(text, part);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

bool take_sign(std::string_view& rest, char sign) {
  if (rest.empty() || rest.front() != sign) return false;
  rest.remove_prefix(1);
  return true;
}

RankRange parse_range(std::string_view part, std::string_view text) {
  auto rest = part;
  RankRange range;
  range.first = range.last = take_number(rest, text, part);
  if (take_sign(rest, '-')) {
    range.last = take_number(rest, text, part);
    if (take_sign(rest, ':')) range.stride = take_number(rest, text, part);
  }
  const bool fits = range.stride > 0 && range.last >= range.first &&
                    (range.last - range.first) % range.stride == 0;
  if (!rest.empty() || !fits) refuse(text, part);
  return range;
}

}  // namespace

std::vector<RankRange> compress_ranks(const std::vector<int>& ranks) {
  std::vector<RankRange> ranges;
  for (std::size_t i = 0; i < ranks.size();) {
    auto length = run_length(ranks, i);
    // Two ranks apart are no shorter as "0-5:5", and 5 may begin a longer run.
    if (length == 2 && ranks[i + 1] != ranks[i] + 1) length = 1;
    const int stride = length == 1 ? 1 : ranks[i + 1] - ranks[i];
    ranges.push_back({ranks[i], ranks[i + length - 1], stride});
    i += length;
  }
  return ranges;
}

std::vector<int> expand_ranks(const std::vector<RankRange>& ranges) {
  std::vector<int> ranks;
  for (const auto& range : ranges) {
    invariant(range.stride > 0, "a range of ranks needs a positive stride");
    for (std::int64_t rank = range.first; rank <= range.last; rank += range.stride)
      ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

std::string format_ranks(const std::vector<RankRange>& ranks) {
  std::string text;
  for (const auto& range : ranks) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}", range.first);
    if (range.last != range.first) text += fmt::format("-{}", range.last);
    if (range.last != range.first && range.stride != 1) text += fmt::format(":{}", range.stride);
  }
  return text;
}

std::vector<RankRange> parse_ranks(std::string_view text) {
  std::vector<RankRange> ranges;
  if (text.empty()) return ranges;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    ranges.push_back(parse_range(text.substr(begin, end - begin), text));
    begin = end + 1;
  }
  return ranges;
}

}  // namespace assay
