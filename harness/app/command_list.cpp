#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/app/commands.hpp"
#include "harness/app/input_files.hpp"
#include "harness/contract/contract.hpp"
#include "harness/core/collective.hpp"
#include "harness/core/error.hpp"
#include "harness/core/metric.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/plan/training_json.hpp"
#include "harness/result/files.hpp"
#include "harness/schedule/algorithms.hpp"
#include "harness/schedule/layouts.hpp"
#include "harness/schedule/training/workload.hpp"

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

/// What a document says of itself, in a line.
using Describe = std::string (*)(const std::string& text, const std::string& where);

std::string description(const std::string& text, const std::string& where) {
  const auto json = plan::parse_json(text, where);
  plan::ObjectReader reader(json, {where, {}});
  return fmt::format("{:<36} {}", where, reader.optional_text("description").value_or(""));
}

/// "405.9 G"
std::string count_of(double count) {
  return count >= 1e9 ? fmt::format("{:.4g} G", count / 1e9) : fmt::format("{:.4g} M", count / 1e6);
}

std::string model_line(const std::string& text, const std::string& where) {
  const auto model = plan::parse_model(text, where);
  const auto [parameters, active] = training::size_of(model);
  auto size = count_of(parameters) + " parameters";
  if (model.experts) size += fmt::format(", {} active", count_of(active));
  return fmt::format("{:<20} {:<36} {}", model.name, size, model.source);
}

std::string parallelism_line(const std::string& text, const std::string& where) {
  const auto layout = plan::parse_training_layout(text, where);
  return fmt::format("{:<32} {:>5} ranks: {:<34} {}", layout.name, training::ranks_of(layout),
                     training::sizes_of(layout), layout.source);
}

/// Documents of one kind under configs/.
void list_documents(const fs::path& folder, Describe describe) {
  const auto path = fs::path("configs") / folder;
  if (!fs::is_directory(path))
    throw UsageError({path.string(), "there is no such folder here",
                      "run this where assay's configs folder is"});
  for (const auto& file : documents_in(path))
    fmt::print("{}\n", describe(result::read_text(file), file.string()));
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
    list_documents(what, description);
  else if (what == "models")
    list_documents(models_folder.folder, model_line);
  else if (what == "parallelisms")
    list_documents(parallelisms_folder.folder, parallelism_line);
  else
    throw UsageError(
        {"assay list", fmt::format("there are no '{}'", what),
         "one of benchmarks, collectives, algorithms, metrics, backends, layouts, types, ops, "
         "suites, contracts, models, parallelisms"});
  return ExitCode::ok;
}

}  // namespace assay::app
