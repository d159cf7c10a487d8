// Models and training layouts as shipped.
#pragma once

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "harness/plan/training_json.hpp"
#include "harness/schedule/step.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::test {

inline std::vector<std::string> names_in(const char* folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

/// The model whose name a layout's begins with; "tiny-moe-ep4" is of tiny-moe.
inline std::string model_of(const std::string& layout) {
  std::string longest;
  for (const auto& name : names_in("configs/models"))
    if (layout.starts_with(name + "-") && name.size() > longest.size()) longest = name;
  return longest;
}

inline training::Model model(const std::string& name) {
  const auto path = "configs/models/" + name + ".json";
  return plan::parse_model(contents(path), path);
}

inline training::Layout training_layout(const std::string& name) {
  const auto path = "configs/layouts/" + name + ".json";
  auto layout = plan::parse_training_layout(contents(path), path);
  if (const auto& file = layout.routing.trace_name; !file.empty())
    layout.routing.trace = plan::parse_routing_trace(contents("configs/layouts/" + file), file);
  return layout;
}

/// Groups and streams of a job that no operation uses.
inline std::string unused(const step::Job& job) {
  std::set<std::string> names(job.streams.begin(), job.streams.end());
  for (const auto& group : job.groups) names.insert("group " + group.name);
  for (const auto& schedule : job.schedules)
    for (const auto& operation : schedule.operations) {
      names.erase(job.streams[operation.stream]);
      if (const auto group = step::group_of(schedule.works[operation.work]))
        names.erase("group " + job.groups[*group].name);
    }
  std::string text;
  for (const auto& name : names) text += name + ", ";
  return text;
}

}  // namespace assay::test
