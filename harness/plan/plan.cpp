#include "harness/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/core/beside.hpp"
#include "harness/core/buffer_kind.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/error.hpp"
#include "harness/schedule/layouts.hpp"
#include "harness/schedule/permutation.hpp"

namespace assay::plan {
namespace {

/// What makes two cases the same thing to measure.
using Identity = std::tuple<std::string, Dims, std::string, Pacing, Cache>;

class Builder {
 public:
  Builder(const Catalogue& catalogue, const Topology& topology)
      : catalogue_(catalogue), topology_(topology) {}

  /// Checks and counts a request: all are counted before the first is added.
  void count(const Request& request);
  void add(const Request& request);
  Plan finish(const Suite& suite, std::uint64_t seed) &&;

 private:
  /// All dimensions of a case with one value of each list.
  std::vector<Dims> product(const Request& request, const BenchmarkInfo& info) const;
  /// One case, or one per rank of the smallest group where all are to be the root in turn.
  void add_roots(const Request& request, const Dims& dims, const std::string& layout);
  void add_case(const Request& request, Dims dims, const std::string& layout);
  /// Builds the layout on first use and returns its key.
  std::string layout_key(const std::string& name, std::uint64_t placement);
  void merge(const Request& request, Case c);

  const Catalogue& catalogue_;
  const Topology& topology_;
  std::map<std::string, Layout> layouts_;
  std::map<Identity, std::size_t> known_;
  std::vector<Case> cases_;
  double requested_ = 0;  ///< cases, before merging: what it costs to plan
};

/// A size must hold whole elements.
void check_size(const Dims& dims, std::string_view where) {
  const auto bytes = dims.find("bytes");
  const auto type = dims.find("type");
  if (bytes == dims.end() || type == dims.end()) return;
  const auto& type_name = std::get<std::string>(type->second);
  const auto element = data_type_from(type_name);
  const auto size = std::get<std::int64_t>(bytes->second);
  if (element && size % static_cast<std::int64_t>(size_of(*element)) != 0)
    throw UsageError({std::string(where),
                      fmt::format("{} bytes is no multiple of {} bytes of {}", size,
                                  size_of(*element), type_name),
                      "choose a multiple"});
}

/// Left out where it says nothing: figures from before there was a choice are of plain buffers.
void drop_plain(Dims& dims) {
  const auto at = dims.find("buffers");
  if (at != dims.end() && buffers_of(dims) == BufferKind::plain) dims.erase(at);
}

/// A dimension that says nothing is left out, so that equal cases look equal.
std::uint64_t take_placement(Dims& dims) {
  const auto at = dims.find("placement");
  if (at == dims.end()) return 0;
  const auto placement = std::get<std::int64_t>(at->second);
  if (placement == 0) dims.erase(at);
  return static_cast<std::uint64_t>(placement);
}

void Builder::count(const Request& request) {
  check(request, catalogue_);
  auto count = static_cast<double>(std::max(request.layouts.size(), std::size_t{1})) *
               static_cast<double>(request.repetitions);
  for (const auto& [key, values] : request.dims) count *= static_cast<double>(values.size());
  requested_ += count;
  if (requested_ > static_cast<double>(most_cases))
    throw UsageError({request.where,
                      fmt::format("the plan would have more than {} cases", most_cases),
                      "shorten its lists"});
}

std::vector<Dims> Builder::product(const Request& request, const BenchmarkInfo& info) const {
  Dims defaults;
  for (const auto& spec : info.dims) defaults.emplace(spec.name, spec.fallback);
  std::vector<Dims> all{defaults};
  const auto multiply = [&all](const std::string& key, const std::vector<DimValue>& values) {
    std::vector<Dims> next;
    for (const auto& dims : all)
      for (const auto& value : values) {
        next.push_back(dims);
        next.back().insert_or_assign(key, value);
      }
    all = std::move(next);
  };
  for (const auto& [key, values] : request.dims) multiply(key, values);
  if (request.repetitions > 1) {
    std::vector<DimValue> numbers;
    for (std::int64_t i = 0; i < request.repetitions; ++i) numbers.emplace_back(i);
    multiply("repetition", numbers);
  }
  return all;
}

std::string Builder::layout_key(const std::string& name, std::uint64_t placement) {
  const auto key = placement == 0 ? name : fmt::format("{}@{}", name, placement);
  if (!layouts_.contains(key)) {
    auto layout =
        schedule::permuted(schedule::make_layout(name, topology_), topology_.ranks(), placement);
    schedule::validate(layout, topology_.ranks());
    layouts_.emplace(key, std::move(layout));
  }
  return key;
}

void Builder::merge(const Request& request, Case c) {
  const auto& protocol = c.protocol;
  const auto [at, is_new] = known_.try_emplace(
      Identity{c.benchmark, c.dims, c.layout, protocol.pacing, protocol.cache}, cases_.size());
  if (is_new) {
    cases_.push_back(std::move(c));
    return;
  }
  auto& same = cases_[at->second];
  same.protocol = stricter(same.protocol, protocol);
  same.optional = same.optional && request.optional;
}

void Builder::add_case(const Request& request, Dims dims, const std::string& layout) {
  try {
    check_size(dims, "bytes");
    drop_plain(dims);
    const auto placement = take_placement(dims);
    const auto key = layout_key(layout, placement);
    if (const auto at = dims.find("beside"); at != dims.end()) {
      const auto beside = parse_beside(std::get<std::string>(at->second), "beside");
      check_size(beside.dims, "beside.bytes");
      layout_key(beside.layout, placement);
    }
    merge(request, {.id = {},
                    .benchmark = request.benchmark,
                    .dims = std::move(dims),
                    .layout = key,
                    .protocol = request.protocol,
                    .optional = request.optional});
  } catch (const UsageError& error) {
    if (request.optional) return;
    const auto& fault = error.fault();
    throw UsageError({fmt::format("{}: {}", request.where, fault.where), fault.what, fault.remedy});
  }
}

void Builder::add_roots(const Request& request, const Dims& dims, const std::string& layout) {
  const auto root = dims.find("root");
  if (root == dims.end() || root->second != DimValue{std::string("all")})
    return add_case(request, dims, layout);
  const auto& groups = schedule::make_layout(layout, topology_);
  for (std::size_t rank = 0; rank < groups.smallest_group(); ++rank) {
    auto one = dims;
    one.insert_or_assign("root", std::to_string(rank));
    add_case(request, std::move(one), layout);
  }
}

void Builder::add(const Request& request) {
  const auto& info = *find_benchmark(catalogue_, request.benchmark);
  const auto layouts = request.layouts.empty() ? std::vector{info.default_layout} : request.layouts;
  for (const auto& dims : product(request, info))
    for (const auto& layout : layouts) add_roots(request, dims, layout);
}

Plan Builder::finish(const Suite& suite, std::uint64_t seed) && {
  Plan plan{.suite = suite.name,
            .seed = seed,
            .cases = {},
            .layouts = std::move(layouts_),
            .inputs = suite.inputs};
  const auto width = std::max<std::size_t>(3, std::to_string(cases_.size()).size());
  for (const auto index : schedule::permutation(cases_.size(), seed)) {
    auto& c = plan.cases.emplace_back(std::move(cases_[index]));
    c.id = fmt::format("c{:0{}}", plan.cases.size(), width);
  }
  attach_inputs(plan);
  for (const auto& c : plan.cases)
    plan.estimated_s +=
        estimated_seconds(c, plan.layouts.at(c.layout), *find_benchmark(catalogue_, c.benchmark));
  return plan;
}

}  // namespace

Plan make_plan(const Suite& suite, const Catalogue& catalogue, const Topology& topology,
               std::uint64_t seed) {
  Builder builder(catalogue, topology);
  for (const auto& request : suite.requests) builder.count(request);
  for (const auto& request : suite.requests) builder.add(request);
  return std::move(builder).finish(suite, seed);
}

}  // namespace assay::plan
