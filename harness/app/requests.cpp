#include "harness/app/requests.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/units.hpp"

namespace assay::app {

namespace {

const DimInfo& dim_of(std::string_view name, std::string_view option) {
  const auto* dim = find_dim(name);
  if (dim == nullptr)
    throw UsageError({std::string(option), fmt::format("there is no dimension '{}'", name),
                      "see: assay list benchmarks"});
  return *dim;
}

std::vector<DimValue> parse_all(std::string_view name, const std::vector<std::string>& texts,
                                std::string_view option) {
  std::vector<DimValue> values;
  for (const auto& text : texts) values.push_back(parse_dim(dim_of(name, option), text, option));
  return values;
}

constexpr std::size_t most_sizes = 10'000;

/// -b, -e, -f, -i as in nccl-tests.
std::vector<DimValue> sizes(const RunOptions& o) {
  const auto first = parse_bytes_option(o.min_bytes.empty() ? "1M" : o.min_bytes, "-b");
  const auto last = o.max_bytes.empty() ? first : parse_bytes_option(o.max_bytes, "-e");
  const auto step = o.step.empty() ? 0 : parse_bytes_option(o.step, "-i");
  const auto factor = o.factor.empty() ? 2 : parse_bytes_option(o.factor, "-f");
  if (last < first)
    throw UsageError({"-e", fmt::format("{} is below -b {}", o.max_bytes, first),
                      "give a largest size at or above the smallest"});
  if (!o.factor.empty() && !o.step.empty())
    throw UsageError({"-f, -i", "sizes are multiplied or added to, not both", "give one of them"});
  if (step == 0 && factor < 2)
    throw UsageError({"-f", fmt::format("{} does not grow", factor), "give 2 or more"});
  std::vector<DimValue> values;
  for (auto size = first; size <= last; size = step > 0 ? size + step : size * factor) {
    values.emplace_back(size);
    if (values.size() > most_sizes)
      throw UsageError({"-i", fmt::format("more than {} sizes", most_sizes), "take larger steps"});
    if (size == 0 && step == 0) break;
    if (size > last / std::max<std::int64_t>(factor, 1) && step == 0) break;
  }
  return values;
}

void add_settings(const RunOptions& o, plan::Request& request) {
  for (const auto& setting : o.settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos)
      throw UsageError({"--set", fmt::format("'{}' is not DIM=VALUE", setting),
                        "write for example --set m=1024"});
    const auto name = setting.substr(0, equals);
    std::vector<std::string> texts;
    for (std::size_t at = equals + 1; at <= setting.size();) {
      const auto comma = std::min(setting.find(',', at), setting.size());
      texts.push_back(setting.substr(at, comma - at));
      at = comma + 1;
    }
    request.dims[name] = parse_all(name, texts, "--set");
  }
}

Protocol protocol_from(const RunOptions& o) {
  Protocol protocol;
  if (!o.pacing.empty()) {
    const auto pacing = pacing_from(o.pacing);
    if (!pacing)
      throw UsageError({"--pacing", fmt::format("there is no pacing '{}'", o.pacing),
                        "give isolated, stream or graph"});
    protocol.pacing = *pacing;
  }
  if (!o.cache.empty()) {
    const auto cache = cache_from(o.cache);
    if (!cache)
      throw UsageError({"--cache", fmt::format("'{}' is neither", o.cache), "give cold or warm"});
    protocol.cache = *cache;
  }
  auto& stop = protocol.stop;
  if (o.iterations) {
    stop.kind = StopKind::iterations;
    stop.iterations = *o.iterations;
    protocol.pilot = 0;
  } else if (o.precision) {
    stop.kind = StopKind::precision;
    stop.precision = *o.precision;
    stop.time_s = o.time_s.value_or(0);
    protocol.pilot = 0;
  } else if (o.time_s) {
    stop.kind = StopKind::time;
    stop.time_s = *o.time_s;
  }
  return protocol;
}

/// A case that stops by precision serves no clause, so that its blocks serve nobody.
bool may_be_judged(const Stop& stop) { return stop.kind != StopKind::precision; }

void adjust(Protocol& protocol, const RunOptions& o) {
  protocol.warm_up.iterations = o.warm_up.value_or(protocol.warm_up.iterations);
  protocol.warm_up.time_s = o.warm_up_s.value_or(protocol.warm_up.time_s);
  protocol.pilot = o.pilot.value_or(protocol.pilot);
  protocol.verify = protocol.verify && o.check;
  auto& stop = protocol.stop;
  if (stop.kind == StopKind::blocks) stop.blocks = o.blocks.value_or(stop.blocks);
  if (o.block_length && may_be_judged(stop)) stop.block_length = o.block_length;
}

/// nccl-tests writes -1 for all.
std::vector<std::string> roots_of(const RunOptions& o) {
  auto roots = o.roots;
  std::replace(roots.begin(), roots.end(), std::string("-1"), std::string("all"));
  return roots;
}

plan::Request request_for(const std::string& benchmark, const RunOptions& o,
                          const Catalogue& catalogue) {
  plan::Request request;
  request.benchmark = benchmark;
  request.where = "assay run " + benchmark;
  request.layouts = o.layouts;
  request.protocol = protocol_from(o);
  const auto* info = find_benchmark(catalogue, benchmark);
  if (info != nullptr && info->takes_long) plan::shorten(request.protocol);
  request.repetitions = o.repetitions.value_or(1);
  if (!o.types.empty()) request.dims["type"] = parse_all("type", o.types, "-d");
  if (!o.ops.empty()) request.dims["op"] = parse_all("op", o.ops, "-o");
  if (!o.in_place.empty())
    request.dims["in_place"] = parse_all("in_place", o.in_place, "--in-place");
  if (!o.roots.empty()) request.dims["root"] = parse_all("root", roots_of(o), "-r");
  if (!o.algorithms.empty())
    request.dims["algorithm"] = parse_all("algorithm", o.algorithms, "--algorithm");
  if (!o.beside.empty()) request.dims["beside"] = parse_all("beside", o.beside, "--beside");
  if (!o.backend.empty()) request.dims["backend"] = parse_all("backend", {o.backend}, "--backend");
  if (!o.memory.empty()) request.dims["memory"] = parse_all("memory", {o.memory}, "--memory");
  if (!o.min_bytes.empty() || !o.max_bytes.empty()) request.dims["bytes"] = sizes(o);
  add_settings(o, request);
  // What is said once for several benchmarks concerns those that have the dimension.
  // Not so where the data lie: what is asked for on GPUs is not measured on hosts instead.
  if (info != nullptr && o.benchmarks.size() > 1)
    std::erase_if(request.dims, [&](const auto& dim) {
      return dim.first != "memory" && find_dim_spec(*info, dim.first) == nullptr;
    });
  return request;
}

}  // namespace

plan::Suite suite_from(const RunOptions& options, const Catalogue& catalogue) {
  plan::Suite suite;
  suite.name = "command-line";
  for (const auto& benchmark : options.benchmarks)
    suite.requests.push_back(request_for(benchmark, options, catalogue));
  return suite;
}

void adjust(plan::Suite& suite, const RunOptions& o) {
  const auto refuse_if_none = [&](const char* option, auto serves) {
    const auto& requests = suite.requests;
    if (std::any_of(requests.begin(), requests.end(),
                    [&](const auto& request) { return serves(request.protocol.stop); }))
      return;
    throw UsageError({option, fmt::format("no case of suite {} stops by blocks", suite.name),
                      "leave it out, or say so in the suite: \"stop\": {\"blocks\": 64}"});
  };
  if (o.blocks)
    refuse_if_none("--blocks", [](const Stop& stop) { return stop.kind == StopKind::blocks; });
  if (o.block_length) refuse_if_none("--block-length", may_be_judged);
  for (auto& request : suite.requests) adjust(request.protocol, o);
}

plan::Request noop_request() {
  plan::Request request;
  request.benchmark = "noop";
  request.where = "the harness's own overhead";
  request.protocol.pilot = 0;
  request.protocol.stop.kind = StopKind::iterations;
  request.protocol.stop.iterations = 1000;
  request.protocol.warm_up = {100, 0.01};
  return request;
}

}  // namespace assay::app
