#include "harness/schedule/training/memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/units.hpp"
#include "harness/schedule/training/generate.hpp"

namespace assay::training {
namespace {

const step::RankAccount& fullest(const step::Account& account) {
  return *std::max_element(
      account.ranks.begin(), account.ranks.end(),
      [](const auto& a, const auto& b) { return a.memory_bytes() < b.memory_bytes(); });
}

std::string parts_of(const step::RankAccount& rank) {
  std::string text;
  for (const auto& part : rank.memory)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part.label,
                        format_quantity(part.bytes, Unit::byte));
  return text;
}

std::string_view name_of(Recompute recompute) {
  switch (recompute) {
    case Recompute::none:
      return "none";
    case Recompute::selective:
      return "selective";
    case Recompute::full:
      return "full";
  }
  return {};
}

/// In what `to` differs: "recompute full, tp 2, sequence_parallel and dp 2".
std::string difference(const Layout& from, const Layout& to) {
  std::vector<std::string> words;
  const auto size = [&](const char* key, int Layout::*parts) {
    if (from.*parts != to.*parts) words.push_back(fmt::format("{} {}", key, to.*parts));
  };
  if (from.zero1 != to.zero1) words.emplace_back("zero1");
  if (from.micro_batch != to.micro_batch)
    words.push_back(fmt::format("micro_batch {}", to.micro_batch));
  if (from.recompute != to.recompute)
    words.push_back(fmt::format("recompute {}", name_of(to.recompute)));
  size("tp", &Layout::tp);
  if (from.sequence_parallel != to.sequence_parallel) words.emplace_back("sequence_parallel");
  size("pp", &Layout::pp);
  size("cp", &Layout::cp);
  size("dp", &Layout::dp);
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

/// Twice as many parts of one kind, half as many replicas.
void add_split(std::vector<Layout>& variants, const Layout& from, int Layout::*parts) {
  if (from.dp % 2 != 0) return;
  auto to = from;
  to.*parts *= 2;
  to.dp /= 2;
  to.sequence_parallel = from.sequence_parallel || to.tp > from.tp;
  variants.push_back(std::move(to));
}

/// Near ones first.
std::vector<Layout> variants_of(const Layout& layout) {
  std::vector<Layout> variants;
  const auto add = [&](auto change) {
    variants.push_back(layout);
    change(variants.back());
  };
  if (!layout.zero1) add([](Layout& to) { to.zero1 = true; });
  if (layout.micro_batch > 1) add([](Layout& to) { to.micro_batch = 1; });
  if (layout.recompute == Recompute::none)
    add([](Layout& to) { to.recompute = Recompute::selective; });
  auto again = layout;
  again.recompute = Recompute::full;
  again.zero1 = true;
  if (layout.recompute != Recompute::full) variants.push_back(again);
  for (const auto& from : {layout, again})
    for (const auto parts : {&Layout::tp, &Layout::pp, &Layout::cp})
      add_split(variants, from, parts);
  return variants;
}

std::string remedy(const Model& model, const Layout& layout, double bytes_per_rank) {
  for (const auto& variant : variants_of(layout)) try {
      const auto job = generate(model, variant);
      const auto needed = fullest(step::account_of(job)).memory_bytes();
      if (needed <= bytes_per_rank)
        return fmt::format("{} would fit with {}", difference(layout, variant),
                           format_quantity(needed, Unit::byte));
    } catch (const UsageError&) {
      continue;  // does not divide
    }
  return "give more ranks, or a model with fewer layers (a proxy)";
}

}  // namespace

void check_memory(const Model& model, const Layout& layout, const step::Account& account,
                  double bytes_per_rank) {
  const auto& rank = fullest(account);
  if (rank.memory_bytes() <= bytes_per_rank) return;
  throw UsageError({fmt::format("{} as {}", model.name, layout.name),
                    fmt::format("rank {} needs {} ({}), and {} are there", rank.share.first,
                                format_quantity(rank.memory_bytes(), Unit::byte), parts_of(rank),
                                format_quantity(bytes_per_rank, Unit::byte)),
                    remedy(model, layout, bytes_per_rank)});
}

}  // namespace assay::training
