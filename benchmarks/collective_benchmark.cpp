#include "benchmarks/collective_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/prepared_collective.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

std::vector<std::string> all_type_names() {
  std::vector<std::string> names;
  for (const auto& row : data_types) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> all_op_names() { return {reduce_op_names.begin(), reduce_op_names.end()}; }

namespace {

constexpr std::string_view native = "native";

/// The default first.
std::vector<std::string> algorithm_names(const CollectiveSpec& spec) {
  std::vector<std::string> names;
  if (spec.in_libraries) names.emplace_back(native);
  for (const auto& row : schedule::algorithms())
    if (row.collective == spec.collective) names.emplace_back(row.name);
  return names;
}

std::vector<DimSpec> dims_of(const CollectiveSpec& spec) {
  const auto algorithms = algorithm_names(spec);
  std::vector<DimSpec> dims{{"backend", std::string("mpi"), {}},
                            {"algorithm", algorithms.front(), algorithms}};
  if (!spec.moves_data) return dims;
  dims.push_back({"type", std::string("fp32"), all_type_names()});
  dims.push_back({"bytes", std::int64_t{1} << 20, {}});
  if (reduces(spec.collective)) dims.push_back({"op", std::string("sum"), all_op_names()});
  if (spec.has_in_place) dims.push_back({"in_place", false, {}});
  if (spec.rooted) dims.push_back({"root", std::string("0"), {}});
  if (spec.has_counts) dims.push_back({"counts", std::string("uniform"), {}});
  if (spec.has_window) dims.push_back({"window", std::int64_t{64}, {}});
  dims.push_back({"buffers",
                  std::string(buffer_kind_names.front()),
                  {buffer_kind_names.begin(), buffer_kind_names.end()}});
  return dims;
}

/// Of one buffer.
double bytes_of(const Dims& dims) {
  const double bytes = dims.contains("bytes") ? static_cast<double>(integer_dim(dims, "bytes")) : 0;
  return dims.contains("window") ? bytes * static_cast<double>(integer_dim(dims, "window")) : bytes;
}

std::string refusal(const CollectiveSpec& spec, const Dims& dims, int ranks) {
  if (spec.rooted)
    if (const auto& root = text_dim(dims, "root"); root != "rotating" && std::stoll(root) >= ranks)
      return fmt::format("a group of {} ranks has no rank {} to be the root", ranks, root);
  if (spec.between_two && ranks != 2)
    return fmt::format(
        "it is between two ranks, and a group has {}: use layout pairs or node_pairs", ranks);
  const auto* algorithm = named_algorithm(spec, dims);
  if (algorithm == nullptr) return {};
  if (spec.has_in_place && flag_dim(dims, "in_place"))
    return "composed algorithms work out of place";
  const auto reason = algorithm->refusal(ranks);
  return reason.empty() ? std::string() : fmt::format("{}: {}", algorithm->name, reason);
}

std::string buffers_refusal(const Dims& dims, const bench::Facts& facts) {
  const auto kind = buffers_of(dims);
  const auto* backend = bench::backend_of(dims, facts.backends);
  if (const auto& reason = backend->no_buffers[static_cast<std::size_t>(kind)]; !reason.empty())
    return fmt::format("{}: {}", backend->name, reason);
  if (kind != BufferKind::symmetric) return {};
  if (text_dim(dims, "algorithm") != native)
    return "symmetric buffers are for the library's own collectives, and a composed one is made of "
           "messages: use registered ones";
  if (facts.layout.many_pairs())
    return "symmetric buffers are made by all ranks of a communicator, and pairs share that of all "
           "ranks: use registered ones";
  return {};
}

class CollectiveBenchmark final : public bench::Benchmark {
 public:
  explicit CollectiveBenchmark(const CollectiveSpec& spec) : spec_(spec) {
    info_.name = name(spec.collective);
    info_.what = spec.what;
    info_.dims = dims_of(spec);
    info_.metrics = {"busbw", "algbw", "time"};
    if (!spec.moves_data) info_.metrics = {"time"};
    if (spec.messages > 0) info_.metrics = {"latency", "busbw", "time"};
    if (spec.between_two) info_.default_layout = "pairs";
    info_.reduces = reduces(spec.collective);
    info_.memory_bytes = [](const Case& c, int) { return 2.0 * bytes_of(c.dims); };
    // Through a slow host: 20 µs and 1 GB/s. Between slow GPUs: 20 GB/s.
    info_.seconds = [](const Case& c, int ranks) {
      const bool host = text_dim(c.dims, "backend") != "nccl";
      return 20e-6 * ranks + bytes_of(c.dims) / (host ? 1e9 : 20e9);
    };
  }

  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    if (auto reason = bench::backend_refusal(spec.dims, facts); !reason.empty())
      return {std::move(reason)};
    if (auto reason = buffers_refusal(spec.dims, facts); !reason.empty())
      return {std::move(reason)};
    for (const auto& round : facts.layout.rounds)
      for (const auto& group : round.at_once)
        if (auto reason = refusal(spec_, spec.dims, static_cast<int>(group.ranks().size()));
            !reason.empty())
          return {std::move(reason)};
    return {};
  }

  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    invariant(context.communicator != nullptr, "a collective needs a communicator");
    return prepare_collective(spec_, context);
  }

 private:
  const CollectiveSpec& spec_;
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_collective_benchmark(const CollectiveSpec& spec) {
  return std::make_shared<CollectiveBenchmark>(spec);
}

}  // namespace assay::benchmarks
