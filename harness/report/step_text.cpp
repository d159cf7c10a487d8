#include "harness/report/step_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/core/units.hpp"
#include "harness/report/table.hpp"
#include "harness/result/figures.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/straggler.hpp"

namespace assay::report {
namespace {

using result::CaseResult;
using result::Figure;

/// The parts of a step, which together are its T_max.
constexpr auto parts =
    std::to_array<std::string_view>({"compute", "exposed_tp", "exposed_cp", "exposed_pp",
                                     "exposed_dp", "exposed_ep", "exposed_world", "idle"});
/// What tells one step from another, and what is usual.
struct Told {
  std::string_view dim, usual;
};
constexpr auto told = std::to_array<Told>({{"model", ""},
                                           {"parallelism", ""},
                                           {"overlap", ""},
                                           {"progress", ""},
                                           {"parts", "off"},
                                           {"graph", "off"}});

std::optional<Figure> figure(const CaseResult& c, std::string_view metric) {
  const auto found = result::figure_over_groups(c, *find_metric(metric));
  return found ? std::optional(found->worst) : std::nullopt;
}

std::string interval(const Figure& found) {
  if (!found.p50_lower || !found.p50_upper) return "-";
  return fmt::format("{} … {}", format_quantity(*found.p50_lower, Unit::second),
                     format_quantity(*found.p50_upper, Unit::second));
}

std::vector<std::string> dims_of(const CaseResult& c) {
  std::vector<std::string> texts;
  for (const auto& [dim, usual] : told) {
    const auto at = c.spec.dims.find(dim);
    texts.push_back(at == c.spec.dims.end() ? std::string(usual)
                                            : format_dim(at->second, DimKind::text));
  }
  return texts;
}

void add_parts(Table& table, const CaseResult& c) {
  const auto step = figure(c, "time");
  for (const auto part : parts) {
    const auto found = figure(c, part);
    if (!step || !found) continue;
    auto row = dims_of(c);
    for (const auto& cell :
         {std::string(part), fmt::format("{:.1f}%", 100 * found->mean / step->mean),
          format_quantity(found->mean, Unit::second), format_quantity(found->p50, Unit::second),
          interval(*found)})
      row.push_back(cell);
    table.add(row);
  }
}

/// The rank of the case that computes longest, and over the middle one; of the group where this is
/// most.
struct Slowest {
  int rank = 0;
  double index = 1;
};

Slowest slowest(const CaseResult& c, const Layout& layout) {
  Slowest found;
  for (std::size_t group = 0; group < layout.group_count(); ++group) {
    const auto* series = result::find_series(c.samples, "rank_compute", group);
    const auto ranks = layout.group(group).ranks();
    if (series == nullptr || series->values.size() != ranks.size()) continue;
    const std::vector<double> medians(series->values.begin(), series->values.end());
    const auto index = stats::straggler_index(medians);
    if (!index || *index <= found.index) continue;
    const auto at = std::max_element(medians.begin(), medians.end()) - medians.begin();
    found = {ranks[static_cast<std::size_t>(at)], *index};
  }
  return found;
}

/// Named only where it stands out.
std::string slowest_text(const CaseResult& c, const result::ResultDocument& document) {
  constexpr double stands_out = 1.1;
  const auto layout = document.layouts.find(c.spec.layout);
  if (layout == document.layouts.end()) return {};
  const auto [rank, index] = slowest(c, layout->second);
  if (index < stands_out) return {};
  return wrapped(
      "# ",
      fmt::format("slowest to compute: rank {} on host {}, {:.2f} times the middle rank "
                  "of {}",
                  rank, document.topology.topology().host_name(rank), index, label(c.spec)),
      119);
}

/// How far the slow steps lie from the usual one, where there are enough to say so.
std::string jitter_text(const CaseResult& c, double q) {
  const auto found = figure(c, "time");
  const auto times = result::metric_values(c, *find_metric("time"), found->group).values;
  const auto percent = fmt::format("p{:.0f}", 100 * q);
  const auto needed = stats::least_iterations(q);
  if (std::ssize(times) < needed)
    return fmt::format("no {}: {} steps, {} are needed", percent, times.size(), needed);
  return fmt::format("{} {:.3f} times the median step", percent,
                     stats::order_quantile(times, q) / found->p50);
}

std::string shares_text(const CaseResult& c) {
  std::vector<std::string> words;
  const auto say = [&](std::string_view metric, std::string_view sentence, double times = 1) {
    if (const auto found = figure(c, metric))
      words.push_back(fmt::format(fmt::runtime(sentence), times * found->p50));
  };
  say("hidden", "{:.1f}% of communication hidden", 100);
  say("bubble", "{:.1f}% of the step waited", 100);
  say("bubble_ideal", "ideal bubble {:.1f}%", 100);
  say("compute_interference", "compute {:.2f} times as long as alone");
  say("communication_interference", "transfers {:.2f} times as long as alone");
  for (const double q : {0.95, 0.99}) words.push_back(jitter_text(c, q));
  return wrapped("# ", fmt::format("{}: {}", label(c.spec), fmt::join(words, ", ")), 119);
}

}  // namespace

std::string step_parts(const std::vector<const CaseResult*>& cases,
                       const result::ResultDocument& document) {
  std::vector<Column> columns;
  for (const auto& [dim, usual] : told)
    columns.push_back({std::string(dim), Align::left, std::string(usual)});
  for (const auto* header : {"part", "share", "mean", "p50", "95% of p50"})
    columns.push_back({header, Align::right});
  Table table(columns);
  std::string said;
  bool any = false;
  for (const auto* c : cases) {
    if (!figure(*c, "compute")) continue;
    any = true;
    add_parts(table, *c);
    said += shares_text(*c) + slowest_text(*c, document);
  }
  if (!any) return {};
  return "# where the time of a step goes, on average of its ranks\n" + table.text() + said;
}

}  // namespace assay::report
