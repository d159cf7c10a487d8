// What a training step is made of: a model, and how its step is spread over the ranks of a case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"
#include "harness/schedule/training/routing.hpp"

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

/// Experts of the tokens of a layer that has some, on the ranks that exchange them.
Routed routed(const Model& model, const Layout& layout, std::uint64_t layer);

/// How uneven the layers come out, their mean of each; none: tokens are routed evenly, or nowhere.
std::optional<Skew> skew_of(const Workload& workload);

/// For people: "tp 8 cp 2 pp 8 vp 8 dp 8", without what is 1; "1 rank".
std::string sizes_of(const Layout& layout);

}  // namespace assay::training
