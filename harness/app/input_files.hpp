// Files that cases name: read once, on rank 0, and from then on called by what they hold.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/benchmark_info.hpp"
#include "harness/plan/plan.hpp"

namespace assay::app {

/// A kind of configuration file that a dimension names.
struct ConfigFolder {
  const char* dim;     ///< "model"
  const char* folder;  ///< "models", under configs
  /// The name that stands in it. Throws UsageError for what is no such file.
  std::string (*name_in)(std::string_view text, std::string_view where);
};
extern const ConfigFolder models_folder, parallelisms_folder;

/// The documents in a folder, sorted; none where there is no such folder.
std::vector<std::filesystem::path> documents_in(const std::filesystem::path& folder);

/// Where files lie that are only named: in ./configs, else beside the folders of these files.
std::vector<std::filesystem::path> configs_beside(const std::vector<std::string>& files);

/// Reads each file that a request names by a dimension (`counts`, `model`, `parallelism`), checks
/// it, keeps its text in the suite, and has the request call it by its content or by the name that
/// stands in it; so is the trace read that a parallelism's routing names. `configs` are searched
/// for names, in this order. Throws UsageError, also where the digest that is asked for is another.
void read_inputs(plan::Suite& suite, const Catalogue& catalogue,
                 const std::vector<std::filesystem::path>& configs);

/// Throws UsageError unless every matrix has a row for each rank of the groups that use it.
void check_traffic(const plan::Plan& plan);

}  // namespace assay::app
