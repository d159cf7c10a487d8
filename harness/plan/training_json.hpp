// Models and training layouts as files: configs/models, configs/layouts.
#pragma once

#include <string_view>

#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::plan {

/// `where` is the file's name. Both throw UsageError naming the key path for an unknown key, a
/// wrong type or a number out of range; whether model and layout go together is training::check()'s
/// business.
training::Model parse_model(std::string_view text, std::string_view where);
training::Layout parse_training_layout(std::string_view text, std::string_view where);

}  // namespace assay::plan
