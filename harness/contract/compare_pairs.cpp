#include "harness/contract/compare_pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "harness/contract/scopes.hpp"
#include "harness/result/figures.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using result::ResultDocument;
using result::Status;

/// Dimensions, where the first placement and repetition may be said or not.
Dims essential(const Case& c) {
  Dims dims = c.dims;
  for (const auto* dim : {"placement", "repetition"})
    if (attribute(c, dim) == DimValue{std::int64_t{0}}) dims.erase(dim);
  return dims;
}

/// What is measured and, unless left as it is, how.
struct Key {
  std::string benchmark, layout;
  Dims dims;
  std::optional<Pacing> pacing;
  std::optional<Cache> cache;
  std::size_t repeat = 0;  ///< how many like it came before in the same run
  auto operator<=>(const Key&) const = default;
};

Key loose_key(const Case& c) {
  return {.benchmark = c.benchmark,
          .layout = std::string(layout_name(c)),
          .dims = essential(c),
          .pacing = {},
          .cache = {}};
}

Key exact_key(const Case& c) {
  auto key = loose_key(c);
  key.pacing = c.protocol.pacing;
  key.cache = c.protocol.cache;
  return key;
}

using Cases = std::vector<const CaseResult*>;

std::vector<Key> keys_of(const Cases& cases, Key (*make)(const Case&)) {
  std::vector<Key> keys;
  std::map<Key, std::size_t> seen;
  for (const auto* c : cases) {
    auto key = make(c->spec);
    key.repeat = seen[key]++;
    keys.push_back(std::move(key));
  }
  return keys;
}

/// Removes from both lists the cases whose keys are alike, and returns them as BASE has them.
std::vector<CasePair> take_pairs(Cases& base, Cases& next, Key (*make)(const Case&)) {
  std::map<Key, const CaseResult*> known;
  const auto next_keys = keys_of(next, make);
  for (std::size_t i = 0; i < next.size(); ++i) known.emplace(next_keys[i], next[i]);
  std::vector<CasePair> pairs;
  Cases left;
  const auto base_keys = keys_of(base, make);
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (const auto found = known.extract(base_keys[i]))
      pairs.push_back({base[i], found.mapped()});
    else
      left.push_back(base[i]);
  }
  base = std::move(left);
  for (const auto& pair : pairs) std::erase(next, pair.next);
  return pairs;
}

/// All but the harness itself.
Cases cases_of(const ResultDocument& document) {
  Cases cases;
  for (const auto& c : document.cases)
    if (c.spec.benchmark != "noop") cases.push_back(&c);
  return cases;
}

std::string differs(std::string_view what, std::string_view base, std::string_view next) {
  const auto shown = [](std::string_view text) { return text.empty() ? "not stated" : text; };
  return fmt::format("{} is {} in BASE and {} in NEW: they are different figures", what,
                     shown(base), shown(next));
}

std::string shape_of(const Layout* layout) {
  if (layout == nullptr) return "unknown";
  const auto groups = layout->group_count();
  return fmt::format("{} group{} of up to {} ranks", groups, groups == 1 ? "" : "s",
                     layout->largest_group());
}

/// Empty where both layouts time the same ranks together.
std::string other_groups(const Layout* base, const Layout* next) {
  if (base != nullptr && next != nullptr && base->rounds == next->rounds) return {};
  if (shape_of(base) != shape_of(next))
    return differs("the layout", shape_of(base), shape_of(next));
  return fmt::format("the layout has {} in both, of different ranks: they are different figures",
                     shape_of(base));
}

bool same_work(const CaseResult& base, const CaseResult& next, std::size_t groups) {
  const auto has = [](const CaseResult& c, std::size_t group) {
    return c.work.size() == 1 || group < c.work.size();
  };
  for (std::size_t group = 0; group < groups; ++group) {
    if (has(base, group) != has(next, group)) return false;
    if (has(base, group) && base.work_of(group).amount != next.work_of(group).amount) return false;
  }
  return true;
}

/// What names a file is the same in both, what the file holds may not be. Empty where it is, or
/// where a result of before does not say.
std::string other_input(const Case& spec, const ResultDocument& base, const ResultDocument& next) {
  for (const auto& input : inputs_of(spec)) {
    const auto b = base.plan.inputs.find(kept_input(input));
    const auto n = next.plan.inputs.find(kept_input(input));
    if (b != base.plan.inputs.end() && n != next.plan.inputs.end() && b->second != n->second)
      return fmt::format("{} is another file in NEW than in BASE: they are different figures",
                         input.label());
  }
  return {};
}

/// Why the numbers of a case serve no comparison; empty where they do.
std::string unfit(const CaseResult& c) {
  if (c.verify.before.wrong + c.verify.after.wrong > 0)
    return "the data is wrong, however fast it was";
  if (c.spec.protocol.stop.kind == StopKind::precision)
    return "it was stopped by the width of an interval, which no decision may rest on";
  return {};
}

/// Why the numbers of two cases that are measured alike mean different things; else empty.
std::string incomparable(const CasePair& pair, const ResultDocument& base,
                         const ResultDocument& next) {
  const auto& [b, n] = pair;
  if (base.provenance != next.provenance)
    return differs("the provenance", result::name(base.provenance), result::name(next.provenance));
  if (base.run.clock.source != next.run.clock.source)
    return differs("the clock", base.run.clock.source, next.run.clock.source);
  if (auto reason = other_input(b->spec, base, next); !reason.empty()) return reason;
  if (b->path != n->path) return differs("the path", b->path, n->path);
  if (b->reduction != n->reduction) return differs("the reduction", b->reduction, n->reduction);
  const auto* layout = layout_of(base, *b);
  if (auto reason = other_groups(layout, layout_of(next, *n)); !reason.empty()) return reason;
  if (const auto beside = companion_layout(b->spec); !beside.empty())  // the same name in both
    if (auto reason = other_groups(layout_named(base, beside), layout_named(next, beside));
        !reason.empty())
      return "beside it, " + reason;
  if (!same_work(*b, *n, layout->group_count()))
    return "the work of an iteration differs between BASE and NEW: they are different figures";
  if (auto reason = unfit(*b); !reason.empty()) return "BASE: " + reason;
  if (auto reason = unfit(*n); !reason.empty()) return "NEW: " + reason;
  if (sync_of(*b) != sync_of(*n))
    return differs("the start of an iteration", sync_of(*b), sync_of(*n));
  return {};
}

/// A case that only one run has, or that only one has measured.
void note_missing(const CaseResult* base, const CaseResult* next, Pairing& pairing) {
  const bool in_base = base != nullptr && base->status == Status::measured;
  const bool in_next = next != nullptr && next->status == Status::measured;
  if (in_base == in_next) return;
  const auto* missing = in_base ? next : base;
  const auto reason = missing == nullptr ? "there is no such case" : why_unmeasured(*missing);
  pairing.gaps.push_back({.gap = in_base ? Gap::only_base : Gap::only_next,
                          .label = label(in_base ? base->spec : next->spec),
                          .reason = fmt::format("{} {}", in_base ? "in NEW" : "in BASE", reason)});
}

}  // namespace

Pairing pair_cases(const ResultDocument& base, const ResultDocument& next) {
  Pairing pairing;
  auto mine = cases_of(base), theirs = cases_of(next);
  const auto refuse = [&](const CasePair& pair, std::string reason) {
    pairing.gaps.push_back(
        {.gap = Gap::refused, .label = label(pair.base->spec), .reason = std::move(reason)});
  };
  const auto measured = [](const CasePair& pair) {
    return pair.base->status == Status::measured && pair.next->status == Status::measured;
  };
  for (const auto& pair : take_pairs(mine, theirs, exact_key)) {
    if (!measured(pair))
      note_missing(pair.base, pair.next, pairing);
    else if (auto reason = incomparable(pair, base, next); !reason.empty())
      refuse(pair, std::move(reason));
    else
      pairing.pairs.push_back(pair);
  }
  for (const auto& pair : take_pairs(mine, theirs, loose_key)) {
    const auto &ours = pair.base->spec.protocol, &others = pair.next->spec.protocol;
    if (!measured(pair))
      note_missing(pair.base, pair.next, pairing);
    else if (ours.pacing != others.pacing)
      refuse(pair, differs("the pacing", name(ours.pacing), name(others.pacing)));
    else
      refuse(pair, differs("the cache", name(ours.cache), name(others.cache)));
  }
  for (const auto* c : mine) note_missing(c, nullptr, pairing);
  for (const auto* c : theirs) note_missing(nullptr, c, pairing);
  return pairing;
}

}  // namespace assay::contract
