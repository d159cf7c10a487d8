// What the files hold that cases name.
#include <fmt/format.h>

#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"
#include "harness/plan/training_json.hpp"
#include "harness/schedule/training/workload.hpp"

namespace assay::plan {
namespace {

/// What the texts of one dimension hold, each read once.
template <class What>
class Read {
 public:
  using Parse = What (*)(std::string_view text, std::string_view where);
  Read(const InputTexts& inputs, const std::string& dim, Parse parse) {
    const auto texts = inputs.find(dim);
    if (texts == inputs.end()) return;
    for (const auto& [name, text] : texts->second)
      read_.emplace(name, std::make_shared<What>(parse(text, name)));
  }
  /// Null: the file is not there.
  std::shared_ptr<const What> find(const std::string& name) const {
    const auto at = read_.find(name);
    return at == read_.end() ? nullptr : at->second;
  }

 private:
  std::map<std::string, std::shared_ptr<const What>> read_;
};

/// On other ranks than the layout is for, it stays as it is where it cannot grow: who measures says
/// so.
training::Layout grown(const training::Layout& layout, int ranks) {
  try {
    return training::scaled(layout, ranks);
  } catch (const UsageError&) {
    return layout;
  }
}

}  // namespace

void attach_inputs(Plan& plan) {
  const Read<TrafficMatrix> matrices(plan.inputs, "counts", parse_traffic);
  const Read<training::Model> models(plan.inputs, "model", parse_model);
  const Read<training::Layout> layouts(plan.inputs, "parallelism", parse_training_layout);
  for (auto& spec : plan.cases) {
    if (const auto* counts = traffic_of(spec)) spec.traffic = matrices.find(*counts);
    if (!spec.dims.contains("model") || !spec.dims.contains("parallelism")) continue;
    const auto model = models.find(text_dim(spec.dims, "model"));
    const auto layout = layouts.find(text_dim(spec.dims, "parallelism"));
    if (model == nullptr || layout == nullptr) continue;
    training::Workload workload{*model, *layout};
    if (text_dim(spec.dims, "scaling") == "weak")
      workload.layout =
          grown(*layout, static_cast<int>(plan.layouts.at(spec.layout).largest_group()));
    training::check(workload.model, workload.layout);
    spec.workload = std::make_shared<const training::Workload>(std::move(workload));
  }
}

}  // namespace assay::plan
