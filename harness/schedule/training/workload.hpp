// What a training step is made of: a model, and how its step is spread over the ranks of a case.
#pragma once

#include <string>

#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::training {

struct Workload {
  Model model;
  Layout layout;
};

/// With embedding; active: in matrix products per token.
struct ModelSize {
  double parameters = 0, active = 0;
};
ModelSize size_of(const Model& model);

/// For people: "tp 8 cp 2 pp 8 vp 8 dp 8", without what is 1; "1 rank".
std::string sizes_of(const Layout& layout);

}  // namespace assay::training
