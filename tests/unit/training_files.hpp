// Models and training layouts as shipped.
#pragma once

#include <string>

#include "harness/plan/training_json.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::test {

inline training::Model model(const std::string& name) {
  const auto path = "configs/models/" + name + ".json";
  return plan::parse_model(contents(path), path);
}

inline training::Layout training_layout(const std::string& name) {
  const auto path = "configs/layouts/" + name + ".json";
  return plan::parse_training_layout(contents(path), path);
}

}  // namespace assay::test
