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

struct Variant {
  std::string words;
  Layout layout;
};

/// Twice as many parts of one kind, half as many replicas.
void add_split(std::vector<Variant>& variants, const Variant& from, const char* key,
               int Layout::*parts) {
  if (from.layout.dp % 2 != 0) return;
  auto to = from;
  to.layout.*parts *= 2;
  to.layout.dp /= 2;
  to.layout.sequence_parallel = to.layout.tp > 1;
  to.words += fmt::format("{} {} with dp {}", key, to.layout.*parts, to.layout.dp);
  variants.push_back(std::move(to));
}

/// Near ones first.
std::vector<Variant> variants_of(const Layout& layout) {
  std::vector<Variant> variants;
  const auto add = [&](const char* words, auto change) {
    variants.push_back({words, layout});
    change(variants.back().layout);
  };
  if (!layout.zero1) add("zero1", [](Layout& to) { to.zero1 = true; });
  if (layout.micro_batch > 1) add("micro_batch 1", [](Layout& to) { to.micro_batch = 1; });
  if (layout.recompute == Recompute::none)
    add("recompute selective", [](Layout& to) { to.recompute = Recompute::selective; });
  const Variant as_it_is{"", layout};
  auto again = as_it_is;
  again.layout.recompute = Recompute::full;
  again.layout.zero1 = true;
  if (layout.recompute != Recompute::full) {
    again.words = layout.zero1 ? "recompute full" : "recompute full and zero1";
    variants.push_back(again);
    again.words += " and ";
  }
  for (const auto& from : {as_it_is, again}) {
    add_split(variants, from, "tp", &Layout::tp);
    add_split(variants, from, "pp", &Layout::pp);
    add_split(variants, from, "cp", &Layout::cp);
  }
  return variants;
}

std::string remedy(const Model& model, const Layout& layout, double bytes_per_rank) {
  for (const auto& [words, variant] : variants_of(layout)) try {
      const auto job = generate(model, variant);
      const auto needed = fullest(step::account_of(job)).memory_bytes();
      if (needed <= bytes_per_rank)
        return fmt::format("{} would fit with {}", words, format_quantity(needed, Unit::byte));
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
