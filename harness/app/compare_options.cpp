#include "harness/app/compare_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "harness/core/error.hpp"
#include "harness/core/metric.hpp"
#include "harness/core/units.hpp"

namespace assay::app {

namespace {

constexpr const char* footer =
    "BASE and NEW are runs' folders, result.json files, or the run.jsonl of runs that were cut\n"
    "short; both are checked as `assay judge` checks them. Cases are paired by what they measure\n"
    "and how, never by id; groups one by one. Every figure's ratio NEW/BASE has an interval, and "
    "is\n"
    "  same       if the whole interval lies within [1/(1+margin), 1+margin], be it beside 1 or "
    "not\n"
    "  faster     if it lies on the better side of 1 otherwise\n"
    "  slower     if it lies on the worse side of 1 otherwise\n"
    "  undecided  otherwise, and where there are too few iterations for an interval.\n"
    "--confidence is that of all decisions together (Bonferroni): more figures, wider intervals.\n"
    "The interval speaks of these two runs. How much one launch differs from the next it cannot\n"
    "know: choose --margin above it (compare two runs of the same machine to see it).\n"
    "The median is blind to what is slow now and then: --q 0.95 --metric time looks there.\n"
    "\n"
    "Exit codes: 0 no figure is slower, all are decided, none of BASE is missing · 10 a figure is\n"
    "slower, or the data of NEW is wrong · 11 undecided, refused or missing in NEW, or a run that "
    "is\n"
    "incomplete or unchecked · 64 usage error. What only NEW has is listed and changes nothing.\n"
    "\n"
    "Examples:\n"
    "  assay compare results/handover results/today\n"
    "  assay compare results/old-nccl results/new-nccl --metric busbw --margin 5%\n"
    "  assay compare base new --metric time --q 0.95 --json comparison.json";

[[noreturn]] void refuse(const char* option, double value, const char* remedy) {
  throw UsageError({option, fmt::format("{:g} is out of range", value), remedy});
}

}  // namespace

CLI::App& add_compare(CLI::App& program, RawCompareOptions& raw) {
  auto& compare =
      *program.add_subcommand("compare", "which figures of a run changed against a baseline");
  compare.footer(footer);
  compare.add_option("base", raw.base, "the baseline: a run's folder or file")
      ->required()
      ->type_name("BASE");
  compare.add_option("new", raw.next, "the run to compare with it")->required()->type_name("NEW");
  compare.add_option("--metric", raw.metric, "see: assay list metrics [each benchmark's main one]")
      ->type_name("NAME");
  compare.add_option("--q", raw.q, "quantile of the metric, between 0 and 1 [0.5]")->type_name("Q");
  compare.add_option("--margin", raw.margin, "changes within this are none [2%]")
      ->type_name("RATIO");
  compare.add_option("--confidence", raw.confidence, "that all decisions are right [95%]")
      ->type_name("RATIO");
  compare.add_option("--json", raw.json, "write the comparison here")->type_name("FILE");
  return compare;
}

CompareOptions compare_options(const RawCompareOptions& raw) {
  CompareOptions options{.base = raw.base,
                         .next = raw.next,
                         .metric = raw.metric,
                         .json = raw.json,
                         .q = raw.q,
                         .margin = parse_ratio(raw.margin, "--margin"),
                         .confidence = parse_ratio(raw.confidence, "--confidence")};
  if (!raw.metric.empty() && find_metric(raw.metric) == nullptr)
    throw UsageError({"--metric", fmt::format("there is no metric '{}'", raw.metric),
                      "see: assay list metrics"});
  if (!(options.q > 0 && options.q < 1)) refuse("--q", options.q, "give a number between 0 and 1");
  if (options.margin >= 1) refuse("--margin", options.margin, "give less than 100%");
  if (!(options.confidence > 0 && options.confidence < 1))
    refuse("--confidence", options.confidence, "give a number between 0 and 1, such as 95%");
  return options;
}

}  // namespace assay::app
