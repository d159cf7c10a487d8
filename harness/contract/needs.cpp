// What has to be measured for a contract.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "harness/contract/contract.hpp"
#include "harness/contract/selector.hpp"
#include "harness/core/error.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::contract {
namespace {

using plan::Request;

constexpr std::int64_t usual_blocks = 64;
constexpr std::int64_t large_message = std::int64_t{1} << 20;
/// How many scopes α_FR may have to be shared by: unknown before the topology is.
constexpr double most_scopes = 1e6;

/// One figure that a contract speaks of: of a clause, or of its reference.
struct Wanted {
  std::string where;
  const Selector* of = nullptr;
  const Metric* metric = nullptr;
  double q = 0.5;
  std::int64_t blocks = usual_blocks;
};

[[noreturn]] void refuse(const Wanted& wanted, std::string what, std::string remedy) {
  throw UsageError({wanted.where, std::move(what), std::move(remedy)});
}

/// Enough to pass both tests, and to fail one of them with α_FR shared by many scopes.
std::int64_t enough_blocks(const Clause& clause) {
  const double share = clause.bound.relative ? 2 : 1;
  return std::max({usual_blocks, stats::zero_defect_minimum(0.1, clause.false_accept / share),
                   stats::zero_defect_minimum(0.5, clause.false_reject / share / 2 / most_scopes)});
}

std::vector<Wanted> wanted_figures(const Contract& contract, std::string_view where) {
  std::vector<Wanted> all;
  for (const auto& clause : contract.clauses) {
    const auto blocks = enough_blocks(clause);
    const auto at = fmt::format("{}: clause {}", where, clause.id);
    all.push_back({at, &clause.of, clause.metric, clause.q, blocks});
    if (const auto& relative = clause.bound.relative)
      all.push_back(
          {at + " (its reference)", &relative->of, relative->metric, relative->q, blocks});
  }
  return all;
}

/// The quantile as the clause says it, and the one of the time that stands behind a rate: the slow
/// 5% of a bandwidth is the upper 5% of the times. The pilot's block length serves both.
std::vector<double> asked_quantiles(const Wanted& wanted) {
  std::vector<double> quantiles{wanted.q};
  if (wanted.metric->source == Source::rate && wanted.q != 0.5)
    quantiles.push_back(std::round((1 - wanted.q) * 1e12) / 1e12);
  std::sort(quantiles.begin(), quantiles.end());
  return quantiles;
}

/// A short block whose quantile lies at q for half of all blocks, for operations too long for a
/// pilot: 13 at 5%, and 5 at the median, so that one preempted operation spoils no block. Odd, as
/// every fixed length.
std::int64_t short_block(double q) {
  if (q == 0.5) return 5;
  const double tail = std::min(q, 1 - q);
  const auto length = static_cast<std::int64_t>(std::floor((2.0 / 3) / tail - 1.0 / 3 + 1e-9));
  return std::max<std::int64_t>(length, 1) | 1;
}

Stop stop_for(const Wanted& wanted) {
  Stop stop;
  stop.blocks = wanted.blocks;
  stop.quantiles = asked_quantiles(wanted);
  return stop;
}

/// What one operation costs.
enum class Cost { low, large, long_lasting };

Protocol protocol_for(Protocol protocol, const Wanted& wanted, Cost cost) {
  protocol.stop = stop_for(wanted);
  if (cost == Cost::low) return protocol;
  if (cost == Cost::long_lasting) plan::shorten(protocol);
  if (cost == Cost::large) {
    protocol.pilot = least_pilot;
    protocol.warm_up.iterations = 3;
  }
  if (cost == Cost::large || wanted.q != 0.5) protocol.stop.block_length = short_block(wanted.q);
  return protocol;
}

/// As far as the selector and the benchmark's own choice say.
bool on_gpus(const BenchmarkInfo& info, const Selector& of) {
  const auto* memory = find_dim_spec(info, "memory");
  if (memory == nullptr) {
    const auto backends = texts(of, "backend");
    return !backends.empty() &&
           std::find(backends.begin(), backends.end(), "mpi") == backends.end();
  }
  const auto named = texts(of, "memory");
  if (named.empty()) return memory->fallback == DimValue{std::string("device")};
  return std::find(named.begin(), named.end(), "host") == named.end();
}

const BenchmarkInfo& benchmark_of(const Catalogue& catalogue, const std::string& name,
                                  const Wanted& wanted) {
  const auto* info = find_benchmark(catalogue, name);
  if (info == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& row : catalogue) names.push_back(row.name);
    refuse(wanted, fmt::format("benchmark {} is unknown", name),
           fmt::format("expected one of {}", fmt::join(names, ", ")));
  }
  const auto metric = std::string(wanted.metric->name);
  const bool measured =
      std::find(info->metrics.begin(), info->metrics.end(), metric) != info->metrics.end();
  if (wanted.metric->source == Source::reading && !measured) {
    if (!on_gpus(*info, *wanted.of))
      refuse(wanted, fmt::format("{} is told of GPUs, and its cases are not about them", metric),
             "add \"memory\": \"device\" or a back end between GPUs");
    return *info;
  }
  if (!measured)
    refuse(wanted, fmt::format("{} does not measure {}", name, metric),
           fmt::format("it measures {}", fmt::join(info->metrics, ", ")));
  return *info;
}

const DimSpec& spec_of(const BenchmarkInfo& info, const std::string& key, const Wanted& wanted) {
  if (const auto* spec = find_dim_spec(info, key)) return *spec;
  std::vector<std::string_view> names;
  for (const auto& spec : info.dims) names.push_back(spec.name);
  refuse(wanted, fmt::format("{} has no dimension {}", info.name, key),
         names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", ")));
}

/// Powers of two within the range.
std::vector<DimValue> expand_range(const Match& match, const std::string& key,
                                   const Wanted& wanted) {
  if (key != "bytes" || !match.min || !match.max)
    refuse(wanted, fmt::format("the range of {} cannot be planned", key),
           key == "bytes" ? "give both min and max" : "list the values");
  std::vector<DimValue> values;
  for (std::int64_t size = 1; size <= *match.max; size *= 2) {
    if (size >= *match.min) values.emplace_back(size);
    if (size > *match.max / 2) break;
  }
  if (values.empty())
    refuse(wanted, "the range of bytes holds no power of two", "widen it, or list the sizes");
  return values;
}

void check_choices(const DimSpec& spec, const std::vector<DimValue>& values, const Wanted& wanted) {
  if (spec.choices.empty()) return;
  for (const auto& value : values) {
    const auto text = format_dim(value, find_dim(spec.name)->kind);
    if (std::find(spec.choices.begin(), spec.choices.end(), text) == spec.choices.end())
      refuse(wanted, fmt::format("{} {} is unknown", spec.name, text),
             fmt::format("expected one of {}", fmt::join(spec.choices, ", ")));
  }
}

/// The dimensions that the selector names, for one benchmark.
Request request_for(const BenchmarkInfo& info, const Wanted& wanted) {
  Request request;
  request.benchmark = info.name;
  request.where = wanted.where;
  request.layouts = texts(*wanted.of, "layout");
  for (const auto& [key, match] : *wanted.of) {
    if (is_attribute(key)) continue;
    const auto values = match.any_of.empty() ? expand_range(match, key, wanted) : match.any_of;
    if (key == "repetition") {
      for (const auto& value : values) {
        const auto number = std::get<std::int64_t>(value);
        if (number >= static_cast<std::int64_t>(plan::most_cases))
          refuse(wanted, fmt::format("repetition {} is more than a plan may have", number),
                 "count repetitions from 0");
        request.repetitions = std::max(request.repetitions, number + 1);
      }
      continue;
    }
    if (key != "placement") check_choices(spec_of(info, key, wanted), values, wanted);
    request.dims.emplace(key, values);
  }
  return request;
}

bool is_large(const DimValue& bytes) { return std::get<std::int64_t>(bytes) >= large_message; }

/// Splits a request by what one operation costs: long ones get fixed blocks and a short pilot.
std::vector<Request> by_cost(const Request& request, const BenchmarkInfo& info,
                             const Wanted& wanted) {
  const auto at_cost = [&](Request r, Cost cost) {
    r.protocol = protocol_for(r.protocol, wanted, cost);
    return r;
  };
  if (info.takes_long) return {at_cost(request, Cost::long_lasting)};
  const auto* spec = find_dim_spec(info, "bytes");
  if (spec == nullptr)
    return {at_cost(request, find_dim_spec(info, "m") != nullptr ? Cost::large : Cost::low)};
  const auto named = request.dims.find("bytes");
  const auto sizes =
      named == request.dims.end() ? std::vector<DimValue>{spec->fallback} : named->second;
  Request small = request, large = request;
  small.dims["bytes"].clear();
  large.dims["bytes"].clear();
  for (const auto& size : sizes) (is_large(size) ? large : small).dims["bytes"].push_back(size);
  std::vector<Request> parts;
  if (!small.dims["bytes"].empty()) parts.push_back(at_cost(std::move(small), Cost::low));
  if (!large.dims["bytes"].empty()) parts.push_back(at_cost(std::move(large), Cost::large));
  return parts;
}

/// One request for each pacing and cache that the selector names.
std::vector<Request> by_protocol(const std::vector<Request>& requests, const Selector& of) {
  auto pacings = texts(of, "pacing");
  auto caches = texts(of, "cache");
  if (pacings.empty()) pacings.emplace_back(name(Protocol{}.pacing));
  if (caches.empty()) caches.emplace_back(name(Protocol{}.cache));
  std::vector<Request> all;
  for (const auto& request : requests)
    for (const auto& pacing : pacings)
      for (const auto& cache : caches) {
        all.push_back(request);
        all.back().protocol.pacing = *pacing_from(pacing);
        all.back().protocol.cache = *cache_from(cache);
      }
  return all;
}

std::vector<Case*> served(plan::Plan& plan, const Selector& of) {
  std::vector<Case*> found;
  for (auto& c : plan.cases)
    if (matches(of, c)) found.push_back(&c);
  return found;
}

}  // namespace

plan::Suite needs(const Contract& contract, const Catalogue& catalogue, std::string_view where) {
  plan::Suite suite{.name = contract.name, .description = contract.description, .requests = {}};
  for (const auto& wanted : wanted_figures(contract, where)) {
    const auto benchmarks = texts(*wanted.of, "benchmark");
    if (benchmarks.empty())
      refuse(wanted, "it names no benchmark, so it cannot be planned",
             "add \"benchmark\" to `of`, or give a suite");
    for (const auto& benchmark : benchmarks) {
      const auto& info = benchmark_of(catalogue, benchmark, wanted);
      const auto parts = by_cost(request_for(info, wanted), info, wanted);
      const auto all = by_protocol(parts, *wanted.of);
      suite.requests.insert(suite.requests.end(), all.begin(), all.end());
    }
  }
  return suite;
}

void prepare_plan(plan::Plan& plan, const Contract& contract, std::string_view where) {
  for (const auto& wanted : wanted_figures(contract, where)) {
    const auto cases = served(plan, *wanted.of);
    if (cases.empty())
      refuse(wanted,
             fmt::format("no case of suite {} matches {}", plan.suite, describe(*wanted.of)),
             "measure it in the suite, or leave out --suite");
    const bool peeked = std::all_of(cases.begin(), cases.end(), [](const Case* c) {
      return c->protocol.stop.kind == StopKind::precision;
    });
    if (peeked)
      refuse(wanted,
             fmt::format("its cases in suite {} stop by precision, which no verdict may rest on",
                         plan.suite),
             "stop them by blocks");
    for (auto* c : cases) {
      auto& quantiles = c->protocol.stop.quantiles;
      for (const auto q : asked_quantiles(wanted)) quantiles.push_back(q);
      std::sort(quantiles.begin(), quantiles.end());
      quantiles.erase(std::unique(quantiles.begin(), quantiles.end()), quantiles.end());
    }
  }
}

}  // namespace assay::contract
