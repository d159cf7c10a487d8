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

Routed routed(const Model& model, const Layout& layout, std::uint64_t layer) {
  const auto& experts = *model.experts;
  const auto tokens =
      layout.micro_batch * layout.sequence / static_cast<std::uint64_t>(layout.cp * layout.tp);
  return route(
      layout.routing,
      {layout.ep, experts.count, experts.active, tokens, experts.groups, experts.group_limit},
      layer);
}

std::optional<Skew> skew_of(const Workload& workload) {
  const auto& [model, layout] = workload;
  if (!model.experts || is_even(layout.routing)) return std::nullopt;
  Skew sum{0, 0, 0};
  double layers = 0;
  for (std::uint64_t layer = 0; layer < model.layers; ++layer) {
    if (!has_experts(model, layer)) continue;
    const auto skew = skew_of(routed(model, layout, layer));
    sum.expert_max_over_mean += skew.expert_max_over_mean;
    sum.expert_gini += skew.expert_gini;
    sum.rank_max_over_mean += skew.rank_max_over_mean;
    ++layers;
  }
  if (layers == 0) return std::nullopt;
  return Skew{sum.expert_max_over_mean / layers, sum.expert_gini / layers,
              sum.rank_max_over_mean / layers};
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
