// What a training step is made of: a model, and how its step is spread over the ranks of a case.
#pragma once

#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::training {

struct Workload {
  Model model;
  Layout layout;
};

}  // namespace assay::training
