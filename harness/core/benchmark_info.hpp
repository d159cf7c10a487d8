// What the plan needs to know of a benchmark, without being able to run it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/core/case.hpp"
#include "harness/core/dims.hpp"
#include "harness/core/layout.hpp"

namespace assay {

/// A dimension of a benchmark with its default and what it may be.
struct DimSpec {
  std::string_view name;             ///< a row of dim_table
  DimValue fallback;                 ///< used when the suite does not say
  std::vector<std::string> choices;  ///< empty: anything of the right kind
};

struct BenchmarkInfo {
  std::string_view name;
  std::string_view what;  ///< one line: what it measures, for `list`
  std::vector<DimSpec> dims;
  std::vector<std::string> metrics;  ///< rows of the metric table it yields, the main one first
  std::string default_layout = "world";
  bool reduces = false;  ///< has an `op`
  /// Bytes of memory per rank and seconds per iteration on a slow host, for --dry-run.
  double (*memory_bytes)(const Case&, int group_ranks) = nullptr;
  double (*seconds)(const Case&, int group_ranks) = nullptr;
  /// Timed by the host's clock though a GPU may be used: it is the host that works.
  bool on_host = false;
  /// Takes so long that hundreds of iterations before the timed ones are out of the question.
  bool takes_long = false;
};

/// All benchmarks, in the order of `list`.
using Catalogue = std::vector<BenchmarkInfo>;

const BenchmarkInfo* find_benchmark(const Catalogue& catalogue, std::string_view name);

/// The benchmark's dimension of that name; nullptr where it has none.
const DimSpec* find_dim_spec(const BenchmarkInfo& info, std::string_view name);

}  // namespace assay
