#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/app/commands.hpp"
#include "harness/contract/contract.hpp"
#include "harness/core/collective.hpp"
#include "harness/core/error.hpp"
#include "harness/core/metric.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/result/files.hpp"
#include "harness/schedule/algorithms.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::app {

namespace fs = std::filesystem;

namespace {

std::string dim_text(const DimSpec& spec) {
  const auto* dim = find_dim(spec.name);
  std::string text =
      fmt::format("{}={}", spec.name, format_dim(spec.fallback, dim ? dim->kind : DimKind::text));
  if (spec.choices.size() > 1) text += fmt::format(" ({})", fmt::join(spec.choices, "|"));
  return text;
}

void list_benchmarks(const Parts& parts) {
  for (const auto& benchmark : parts.benchmarks()) {
    const auto& info = benchmark->info();
    fmt::print("{:<14} {}\n", info.name, info.what);
    std::vector<std::string> dims;
    std::transform(info.dims.begin(), info.dims.end(), std::back_inserter(dims), dim_text);
    if (!dims.empty()) fmt::print("{:<14}   dimensions: {}\n", "", fmt::join(dims, ", "));
    fmt::print("{:<14}   metrics: {}; layout: {}\n", "", fmt::join(info.metrics, ", "),
               info.default_layout);
  }
}

void list_collectives(const Parts& parts) {
  for (const auto& benchmark : parts.benchmarks()) {
    const auto& info = benchmark->info();
    const bool is_collective = std::find(collective_names.begin(), collective_names.end(),
                                         info.name) != collective_names.end();
    if (is_collective) fmt::print("{:<14} {}\n", info.name, info.what);
  }
}

void list_algorithms() {
  for (const auto& row : schedule::algorithms())
    fmt::print("{:<14} {:<18} {}\n", name(row.collective), row.name, row.what);
}

void list_metrics() {
  for (const auto& metric : metrics)
    fmt::print("{:<14} {:<7} {} is better   {}\n", metric.name, symbol(metric.unit),
               metric.better == Better::higher ? "higher" : "lower ", metric.help);
}

void list_backends(const Parts& parts) {
  for (const auto& row : parts.backends())
    fmt::print("{:<10} {}\n", row.name, row.missing.empty() ? row.library : row.missing);
}

void list_types() {
  for (const auto& type : data_types)
    fmt::print("{:<9} {} byte{}{}\n", type.name, type.bytes, type.bytes == 1 ? "" : "s",
               type.alias == type.name ? "" : fmt::format("  (also: {})", type.alias));
}

/// Documents of one kind under configs/, with their own description.
void list_documents(const char* folder) {
  const auto path = fs::path("configs") / folder;
  if (!fs::is_directory(path))
    throw UsageError({path.string(), "there is no such folder here",
                      "run this where assay's configs folder is"});
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const auto json = plan::parse_json(result::read_text(file), file.string());
    plan::ObjectReader reader(json, {file.string(), {}});
    fmt::print("{:<36} {}\n", file.string(), reader.optional_text("description").value_or(""));
  }
}

}  // namespace

ExitCode list(const ListOptions& options, const Parts& parts) {
  const auto& what = options.what;
  if (what == "benchmarks")
    list_benchmarks(parts);
  else if (what == "collectives")
    list_collectives(parts);
  else if (what == "metrics")
    list_metrics();
  else if (what == "backends")
    list_backends(parts);
  else if (what == "algorithms")
    list_algorithms();
  else if (what == "types")
    list_types();
  else if (what == "ops")
    fmt::print("{}\n", fmt::join(reduce_op_names, "\n"));
  else if (what == "layouts")
    fmt::print("{}\n", schedule::layout_names());
  else if (what == "suites" || what == "contracts")
    list_documents(what.c_str());
  else
    throw UsageError(
        {"assay list", fmt::format("there are no '{}'", what),
         "one of benchmarks, collectives, algorithms, metrics, backends, layouts, types, ops, "
         "suites, contracts"});
  return ExitCode::ok;
}

}  // namespace assay::app
