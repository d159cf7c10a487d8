// Models and training layouts: read, held against one that is in order, and where that is small
// enough made into schedules, which must have no problem; else a routing trace.
#include "harness/core/error.hpp"
#include "harness/plan/training_json.hpp"
#include "harness/schedule/training/generate.hpp"
#include "harness/schedule/training/memory.hpp"
#include "tests/fuzz/reader.hpp"

namespace assay::fuzz {
namespace {

training::Model small_model() {
  training::Model model{"small", "", 4, 64, 64, 128};
  model.heads = {4, 2, 16};
  model.experts = training::Experts{8, 2, 64};
  return model;
}

training::Layout small_layout() {
  training::Layout layout;
  layout.name = "small";
  layout.dp = layout.ep = 2;
  layout.global_batch = 4;
  layout.sequence = 16;
  return layout;
}

void use(const training::Model& model, const training::Layout& layout) {
  check(model, layout);
  constexpr std::uint64_t few = 16;
  const auto chunks = static_cast<std::uint64_t>(layout.pp) * static_cast<std::uint64_t>(layout.vp);
  if (std::max(model.layers, chunks) * micro_batches(layout) > few) return;
  if (ranks_of(layout) > 4096 || layout.ep > 16 || layout.cp > 64) return;
  const auto job = generate(model, layout);
  require(step::problem_of(job).empty(), "a schedule has a problem");
  const auto account = step::account_of(job);
  const auto bytes = account.ranks.front().memory_bytes();
  require(bytes >= 0, "memory is a number");
  check_memory(model, layout, account, bytes / 2);
}

training::Layout scaled_by(const training::Layout& layout, std::string_view input) {
  return training::scaled(layout, static_cast<int>(input.size()) - 64);
}

}  // namespace

void read(std::string_view input) {
  if (input.find("assay.model") != std::string_view::npos)
    use(plan::parse_model(input, "model.json"), small_layout());
  else if (input.find('{') == std::string_view::npos)
    plan::parse_routing_trace(input, "trace.csv");
  else if (const auto layout = plan::parse_training_layout(input, "layout.json"); input.size() % 2)
    use(small_model(), layout);
  else
    use(small_model(), scaled_by(layout, input));
}

}  // namespace assay::fuzz
