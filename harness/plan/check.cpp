#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "harness/core/beside.hpp"
#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::plan {
namespace {

[[noreturn]] void refuse(const Request& request, std::string_view key, std::string what,
                         std::string remedy) {
  throw UsageError({fmt::format("{}.{}", request.where, key), std::move(what), std::move(remedy)});
}

template <typename Rows>
std::string names_of(const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_of_kind(const DimValue& value, DimKind kind) {
  if (kind == DimKind::text) return std::holds_alternative<std::string>(value);
  if (kind == DimKind::flag) return std::holds_alternative<bool>(value);
  return std::holds_alternative<std::int64_t>(value);
}

/// Every benchmark can be placed; the rest a benchmark has or has not.
constexpr std::string_view placement = "placement";

void check_value(const Request& request, const DimInfo& dim, const DimSpec* spec,
                 const DimValue& value) {
  if (!is_of_kind(value, dim.kind))
    refuse(request, dim.name, fmt::format("{} is of the wrong type", format_dim(value, dim.kind)),
           fmt::format("expected {}", dim.help));
  const std::int64_t least = dim.kind == DimKind::integer && dim.name != placement ? 1 : 0;
  if (const auto* number = std::get_if<std::int64_t>(&value); number && *number < least)
    refuse(request, dim.name, fmt::format("{} is out of range", *number),
           fmt::format("it must be at least {}", least));
  if (const auto* text = std::get_if<std::string>(&value))
    parse_dim(dim, *text, fmt::format("{}.{}", request.where, dim.name));
  if (spec == nullptr || spec->choices.empty()) return;
  const auto text = format_dim(value, dim.kind);
  if (std::find(spec->choices.begin(), spec->choices.end(), text) == spec->choices.end())
    refuse(request, dim.name, fmt::format("{} cannot use \"{}\"", request.benchmark, text),
           fmt::format("expected one of {}", fmt::join(spec->choices, ", ")));
}

/// A layout, and a collective that the benchmark itself could be given.
void check_beside(const Request& request, const BenchmarkInfo& info, const std::string& text) {
  const auto beside = parse_beside(text, fmt::format("{}.beside", request.where));
  if (!schedule::is_layout_name(beside.layout))
    refuse(request, "beside", fmt::format("\"{}\" is no layout", beside.layout),
           fmt::format("expected one of {}", schedule::layout_names()));
  const auto& choices = find_dim_spec(info, "collective")->choices;
  if (std::find(choices.begin(), choices.end(), beside.collective) == choices.end())
    refuse(request, "beside", fmt::format("\"{}\" cannot go on beside", beside.collective),
           fmt::format("expected one of {}", fmt::join(choices, ", ")));
}

void check_dims(const Request& request, const BenchmarkInfo& info) {
  for (const auto& [key, values] : request.dims) {
    const auto* dim = find_dim(key);
    const auto* spec = find_dim_spec(info, key);
    if (dim == nullptr || (spec == nullptr && key != placement))
      refuse(request, key, fmt::format("{} has no such dimension", request.benchmark),
             info.dims.empty() ? "it has no dimensions of its own: remove it"
                               : fmt::format("expected one of {}", names_of(info.dims)));
    if (values.empty()) refuse(request, key, "the list is empty", "give at least one value");
    for (const auto& value : values) check_value(request, *dim, spec, value);
    if (key == "beside")
      for (const auto& value : values) check_beside(request, info, std::get<std::string>(value));
  }
}

void check_at_least(const Request& request, std::string_view key, double value, double least) {
  if (!(value >= least) || !std::isfinite(value))
    refuse(request, key, fmt::format("{} is out of range", value),
           fmt::format("it must be at least {}", least));
}

void check_above_zero(const Request& request, std::string_view key, double value) {
  if (!(value > 0) || !std::isfinite(value))
    refuse(request, key, fmt::format("{} is out of range", value), "it must be above 0");
}

void check_stop(const Request& request) {
  const auto& stop = request.protocol.stop;
  if (stop.kind == StopKind::blocks)
    check_at_least(request, "stop.blocks", static_cast<double>(stop.blocks), 1);
  if (stop.block_length && (*stop.block_length < 1 || *stop.block_length % 2 == 0))
    refuse(request, "stop.block_length", fmt::format("{} is no odd number", *stop.block_length),
           "give an odd number, so that a block has a median");
  if (stop.kind == StopKind::iterations)
    check_at_least(request, "stop.iterations", static_cast<double>(stop.iterations), 1);
  if (stop.kind == StopKind::time) check_above_zero(request, "stop.time", stop.time_s);
  check_at_least(request, "stop.time", stop.time_s, 0);
  if (stop.kind == StopKind::precision) check_above_zero(request, "stop.precision", stop.precision);
  for (const double q : stop.quantiles) {
    if (!(q > 0 && q < 1))
      refuse(request, "stop.quantiles", fmt::format("{} is no quantile", q),
             "give numbers between 0 and 1");
    if (q < extreme_quantile || q > 1 - extreme_quantile)
      refuse(request, "stop.quantiles", fmt::format("no run is long enough for quantile {}", q),
             fmt::format("give numbers between {0} and 1 - {0}", extreme_quantile));
  }
}

void check_protocol(const Request& request) {
  const auto& protocol = request.protocol;
  check_at_least(request, "warm_up.iterations", static_cast<double>(protocol.warm_up.iterations),
                 0);
  check_at_least(request, "warm_up.time", protocol.warm_up.time_s, 0);
  check_at_least(request, "pilot", static_cast<double>(protocol.pilot), 0);
  check_at_least(request, "repetitions", static_cast<double>(request.repetitions), 1);
  check_stop(request);
}

}  // namespace

void check(const Request& request, const Catalogue& catalogue) {
  const auto* info = find_benchmark(catalogue, request.benchmark);
  if (info == nullptr)
    refuse(request, "benchmark", fmt::format("\"{}\" is unknown", request.benchmark),
           fmt::format("expected one of {}", names_of(catalogue)));
  check_dims(request, *info);
  for (const auto& layout : request.layouts)
    if (!schedule::is_layout_name(layout))
      refuse(request, "layout", fmt::format("\"{}\" is no layout", layout),
             fmt::format("expected one of {}", schedule::layout_names()));
  check_protocol(request);
}

}  // namespace assay::plan
