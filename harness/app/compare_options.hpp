// The options of `assay compare` as values.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace assay::app {

struct CompareOptions {
  std::string base, next, metric, json;
  double q = 0.5;
  double margin = 0.02, confidence = 0.95;
};

/// The same before ratios are read.
struct RawCompareOptions {
  std::string base, next, metric, json;
  double q = 0.5;
  std::string margin = "2%", confidence = "95%";
};

/// Adds the subcommand.
CLI::App& add_compare(CLI::App& program, RawCompareOptions& raw);
/// Throws UsageError naming the option.
CompareOptions compare_options(const RawCompareOptions& raw);

}  // namespace assay::app
