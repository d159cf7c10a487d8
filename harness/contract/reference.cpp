#include "harness/contract/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/contract/evaluate.hpp"
#include "harness/contract/scopes.hpp"
#include "harness/contract/selector.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::contract {
namespace {

std::string unusable(const std::vector<const result::CaseResult*>& cases, std::size_t groups,
                     const Relative& relative) {
  if (cases.empty()) return fmt::format("no case matches the reference {}", describe(relative.of));
  if (cases.size() > 1)
    return fmt::format("the reference {} matches {} cases where it must match one",
                       describe(relative.of), cases.size());
  const auto& c = *cases.front();
  if (c.status != result::Status::measured)
    return fmt::format("the reference {} was not measured: {}", c.spec.id, c.reason);
  if (groups == 0) return fmt::format("the layout of the reference {} is missing", c.spec.id);
  if (relative.across == Across::none && groups > 1)
    return fmt::format("the reference {} has {} groups: add \"across\": \"median\" or \"min\"",
                       c.spec.id, groups);
  return {};
}

}  // namespace

Reference find_reference(const Relative& relative, const Evidence& evidence,
                         const EndRates& rates) {
  const auto cases = selected(evidence.document, relative.of);
  CaseGroups of;
  if (!cases.empty()) of = case_groups(evidence.document, *cases.front(), evidence.hosts);
  Reference reference;
  reference.used = of.c;
  reference.problem = unusable(cases, of.groups, relative);
  if (!reference.problem.empty()) return reference;
  const auto& c = *reference.used;
  const Figure figure{relative.metric, relative.q};
  const auto cut = blocking(of, figure);
  const auto refuse = [&](std::string_view why) {
    reference.problem = fmt::format("the reference {}: {}", c.spec.id, why);
    return reference;
  };
  if (!cut.problem.empty()) return refuse(cut.problem);
  auto blocks = relative.across == Across::none ? group_blocks(c, 0, figure, cut)
                                                : joined_blocks(of, figure, relative.across, cut);
  if (!blocks.problem.empty()) return refuse(blocks.problem);
  if (blocks.quantiles.empty()) return refuse("its iterations do not fill one block");
  // τ before sorting; of the indicator too, since one outlier hides memory.
  const auto tau = stats::block_length(blocks.quantiles, 0.5).tau;
  std::sort(blocks.quantiles.begin(), blocks.quantiles.end());
  const auto low = stats::quantile_interval(blocks.quantiles, 0.5, 1 - 2 * rates.low, tau);
  const auto high = stats::quantile_interval(blocks.quantiles, 0.5, 1 - 2 * rates.high, tau);
  if (low) reference.low = low->lower;
  if (high) reference.high = high->upper;
  return reference;
}

}  // namespace assay::contract
