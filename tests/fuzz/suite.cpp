// Suites: read, planned on two hosts of two ranks, and the plan's cases written and read again.
#include <nlohmann/json.hpp>

#include "harness/plan/plan.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/catalogue.hpp"

namespace assay::fuzz {

void read(std::string_view input) {
  static const auto catalogue = test::catalogue();
  static const Topology topology{{{"n0", {0, 1}}, {"n1", {2, 3}}}};
  const auto suite = plan::parse_suite(input, catalogue, "suite.json");
  const auto plan = plan::make_plan(suite, catalogue, topology, 7);
  for (const auto& c : plan.cases) {
    const auto json = plan::to_json(c);
    require(plan::to_json(plan::case_from_json(json, "case")) == json,
            "a planned case is not read back as it was written");
    require_readable(label(c), Shape::line);
  }
}

}  // namespace assay::fuzz
