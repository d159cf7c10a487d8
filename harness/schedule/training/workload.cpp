#include "harness/schedule/training/workload.hpp"

#include <fmt/format.h>

#include "harness/schedule/step_account.hpp"
#include "harness/schedule/training/generate.hpp"

namespace assay::training {

ModelSize size_of(const Model& model) {
  // Read off a step as everything is: of one rank, and two tokens.
  Layout layout;
  layout.name = "one rank";
  layout.sequence = 2;
  const auto account = step::account_of(generate(model, layout));
  constexpr double per_parameter = 6;  // FLOPs of a step per token
  return {account.parameters,
          account.gemm_flops / per_parameter / static_cast<double>(tokens_per_step(layout))};
}

std::string sizes_of(const Layout& layout) {
  std::string text;
  const auto add = [&](const char* name, int size) {
    if (size > 1) text += fmt::format("{}{} {}", text.empty() ? "" : " ", name, size);
  };
  add("tp", layout.tp);
  add("cp", layout.cp);
  add("pp", layout.pp);
  add("vp", layout.vp);
  add("dp", layout.dp);
  add("ep", layout.ep);
  return text.empty() ? "1 rank" : text;
}

}  // namespace assay::training
