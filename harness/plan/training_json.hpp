// Models and training layouts as files: configs/models, configs/layouts.
#pragma once

#include <string_view>
#include <vector>

#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::plan {

/// `where` is the file's name. Both throw UsageError naming the key path for an unknown key, a
/// wrong type or a number out of range; whether model and layout go together is training::check()'s
/// business.
training::Model parse_model(std::string_view text, std::string_view where);
training::Layout parse_training_layout(std::string_view text, std::string_view where);

/// Popularity of experts as somebody has counted it, for Routing::trace, which whoever reads a
/// layout file that names one sets: comma-separated whole numbers, a line per layer, in it one per
/// expert. Throws UsageError naming line and column for anything else, and for a line in which all
/// is 0.
std::vector<std::vector<double>> parse_routing_trace(std::string_view csv, std::string_view where);

}  // namespace assay::plan
