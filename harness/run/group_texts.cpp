#include "harness/run/group_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/core/rank_set.hpp"

namespace assay::run {

namespace {

struct Said {
  std::string text;
  std::vector<int> groups;
};

/// The texts in the order of their first group.
std::vector<Said> by_text(const GroupTexts& texts) {
  std::vector<Said> said;
  for (const auto& [group, text] : texts) {
    auto at = std::find_if(said.begin(), said.end(), [&](const Said& s) { return s.text == text; });
    if (at == said.end()) at = said.insert(said.end(), {text, {}});
    at->groups.push_back(static_cast<int>(group));
  }
  return said;
}

}  // namespace

bool alike(const GroupTexts& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [&](const auto& entry) { return entry.second == texts.begin()->second; });
}

std::string join_groups(const GroupTexts& texts) {
  if (alike(texts)) return texts.empty() ? std::string() : texts.begin()->second;
  std::vector<std::string> parts;
  for (const auto& [text, groups] : by_text(texts))
    parts.push_back(fmt::format("{} (group{} {})", text.empty() ? "none" : text,
                                groups.size() == 1 ? "" : "s",
                                format_ranks(compress_ranks(groups))));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace assay::run
