#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "harness/contract/scopes.hpp"
#include "harness/contract/sentence.hpp"
#include "harness/report/table.hpp"
#include "harness/report/text.hpp"

namespace assay::report {
namespace {

using contract::ComparedFigure;
using contract::Comparison;
using contract::Decision;
using contract::Gap;

constexpr std::size_t line_width = 119;
constexpr std::size_t most_rows = 64;  // of a document that may hold a hundred thousand figures

std::string shouted(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', ' ');
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string plural(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string percent(double ratio) { return fmt::format("{:.4g}%", ratio * 100); }

std::string heading(const Comparison& comparison) {
  const auto& rules = comparison.rules;
  const auto figures = comparison.figures.size();
  auto text = fmt::format(
      "{} of {}; ratio = NEW / BASE; same = all of its interval within 1/{:.6g} … {:.6g}; all "
      "decisions together are right with {}",
      contract::quantile_name(rules.q), plural(figures, "figure"), 1 + rules.margin,
      1 + rules.margin, percent(rules.confidence));
  if (figures > 1)
    text +=
        fmt::format(", each interval with {} (Bonferroni)", percent(comparison.confidence_each));
  return wrapped("# ", text, line_width);
}

std::string ratio_text(double ratio) {
  return ratio >= 0.1 && ratio < 1000 ? fmt::format("{:.3f}", ratio) : fmt::format("{:.3g}", ratio);
}

std::vector<std::string> row_of(const ComparedFigure& figure) {
  const auto& interval = figure.ratio.interval;
  return {figure.label,
          contract::subject(figure.layout, figure.ranks, figure.hosts),
          std::string(figure.metric->name),
          format_quantity(figure.base.value, figure.metric->unit),
          format_quantity(figure.next.value, figure.metric->unit),
          ratio_text(figure.ratio.value),
          interval
              ? fmt::format("[{}, {}]", ratio_text(interval->lower), ratio_text(interval->upper))
              : "-",
          figure.decision == Decision::slower ? "SLOWER" : std::string(name(figure.decision))};
}

std::string figure_table(const Comparison& comparison) {
  if (comparison.figures.empty()) return {};
  std::vector<const ComparedFigure*> rows;
  rows.reserve(comparison.figures.size());
  for (const auto& figure : comparison.figures) rows.push_back(&figure);
  std::ranges::stable_sort(rows, {}, &ComparedFigure::decision);
  const auto hidden = rows.size() - std::min(rows.size(), most_rows);
  rows.resize(rows.size() - hidden);
  Table table({{"case", Align::left},
               {"group", Align::left},
               {"metric", Align::left},
               {"BASE", Align::right},
               {"NEW", Align::right},
               {"ratio", Align::right},
               {"interval", Align::left},
               {"decision", Align::left}});
  for (const auto* row : rows) table.add(row_of(*row));
  auto text = table.text();
  if (hidden > 0)
    text +=
        fmt::format("# and {} of no more weight: --json FILE has all\n", plural(hidden, "figure"));
  return text;
}

std::string_view heading(Gap gap) {
  if (gap == Gap::refused) return "REFUSED       ";
  return gap == Gap::only_base ? "ONLY IN BASE  " : "ONLY IN NEW   ";
}

std::string gap_lines(const Comparison& comparison) {
  std::string text;
  std::size_t lines = 0;
  for (const auto gap : {Gap::refused, Gap::only_base, Gap::only_next})
    for (const auto& one : comparison.gaps)
      if (one.gap == gap && lines++ < most_rows)
        text += wrapped(heading(gap), fmt::format("{}: {}", one.label, one.reason), line_width);
  if (lines > most_rows)
    text += fmt::format("# and {} more: --json FILE has all\n", lines - most_rows);
  return text;
}

std::string objection_lines(const Comparison& comparison) {
  std::string text;
  for (const auto& [in_base, finding] : comparison.objections)
    text += wrapped(
        fmt::format("{:<14}", shouted(contract::name(finding.outcome))),
        fmt::format("{} {}: {}", in_base ? "BASE" : "NEW", finding.clause, finding.sentence),
        line_width);
  return text;
}

std::string advice(const Comparison& comparison) {
  std::string text;
  if (comparison.without_metric > 0)
    text += fmt::format("# {} without {}\n", plural(comparison.without_metric, "case"),
                        comparison.rules.metric);
  const auto is_short = [](const ComparedFigure& figure) { return !figure.ratio.interval; };
  if (const auto count = std::ranges::count_if(comparison.figures, is_short); count > 0)
    text += wrapped("# ",
                    fmt::format("no interval for {}: too few iterations that do not depend on each "
                                "other, for this confidence",
                                plural(static_cast<std::size_t>(count), "figure")),
                    line_width);
  if (comparison.count(Decision::undecided) > 0)
    text +=
        "next: measure both runs longer (--blocks, --iters or --time), or allow more with "
        "--margin\n";
  return text;
}

std::string summary(const Comparison& comparison) {
  return fmt::format(
      "COMPARE: {}  {} slower · {} faster · {} same · {} undecided · {} refused · {} only in BASE "
      "· "
      "{} only in NEW      exit {}\n",
      shouted(name(outcome(comparison))), comparison.count(Decision::slower),
      comparison.count(Decision::faster), comparison.count(Decision::same),
      comparison.count(Decision::undecided), comparison.count(Gap::refused),
      comparison.count(Gap::only_base), comparison.count(Gap::only_next),
      static_cast<int>(exit_code(comparison)));
}

}  // namespace

std::string comparison_block(const Comparison& comparison) {
  const auto table = figure_table(comparison);
  return warning_block(comparison.warnings) + objection_lines(comparison) +
         (table.empty() ? "" : heading(comparison)) + table + gap_lines(comparison) +
         advice(comparison) + summary(comparison);
}

}  // namespace assay::report
