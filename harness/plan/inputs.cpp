// What the files hold that cases name.
#include <fmt/format.h>

#include <optional>

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

using Trace = std::vector<std::vector<double>>;

/// Layouts with the traces that their routing names; a trace is called as its layout is. Throws
/// UsageError where it is not there.
class Layouts {
 public:
  explicit Layouts(const InputTexts& inputs)
      : layouts_(inputs, "parallelism", parse_training_layout),
        traces_(inputs, "routing", parse_routing_trace) {}
  /// None: the layout is not there.
  std::optional<training::Layout> find(const std::string& name) const {
    const auto layout = layouts_.find(name);
    if (layout == nullptr) return std::nullopt;
    auto found = *layout;
    if (found.routing.kind != training::RoutingKind::trace) return found;
    const auto trace = traces_.find(name);
    if (trace == nullptr)
      throw UsageError(
          {name,
           fmt::format("what its routing.file {} held is not there", found.routing.trace_name),
           "restore the folder as the run left it"});
    found.routing.trace = *trace;
    return found;
  }

 private:
  Read<training::Layout> layouts_;
  Read<Trace> traces_;
};

/// The dimension's text; documents may say anything. Null: there is none.
const std::string* text_of(const Case& spec, std::string_view dim) {
  const auto at = spec.dims.find(dim);
  return at == spec.dims.end() ? nullptr : std::get_if<std::string>(&at->second);
}

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
  const Layouts layouts(plan.inputs);
  for (auto& spec : plan.cases) {
    if (const auto* counts = traffic_of(spec)) spec.traffic = matrices.find(*counts);
    const auto *model_name = text_of(spec, "model"), *layout_name = text_of(spec, "parallelism");
    if (model_name == nullptr || layout_name == nullptr) continue;
    const auto model = models.find(*model_name);
    const auto layout = layouts.find(*layout_name);
    if (model == nullptr || !layout) continue;
    training::Workload workload{*model, *layout};
    const auto* scaling = text_of(spec, "scaling");
    const auto ranks = plan.layouts.find(spec.layout);
    if (scaling != nullptr && *scaling == "weak" && ranks != plan.layouts.end())
      workload.layout = grown(*layout, static_cast<int>(ranks->second.largest_group()));
    training::check(workload.model, workload.layout);
    spec.workload = std::make_shared<const training::Workload>(std::move(workload));
  }
}

}  // namespace assay::plan
