// What the schema of layouts and their reader must both refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/core/metric.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/schedule/step_timeline.hpp"
#include "harness/schedule/training/generate.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/training_files.hpp"

namespace assay::plan {
namespace {

TEST(LayoutSchema, RefusesWhatTheReaderRefuses) {
  const auto refused_by_both = [](const char* routing) {
    auto json = parse_json(test::contents("configs/layouts/tiny-moe-ep4.json"), "l");
    json["routing"] = nlohmann::json::parse(routing);
    const bool by_schema = !test::schema_errors(json, "training_layout").empty();
    const bool by_reader =
        !test::refusal([&] { parse_training_layout(json.dump(), "l.json"); }).empty();
    EXPECT_EQ(by_schema, by_reader) << routing;
    return by_schema && by_reader;
  };
  EXPECT_FALSE(refused_by_both(R"({})"));
  EXPECT_FALSE(refused_by_both(R"({"kind": "balanced", "seed": 3})"));
  EXPECT_FALSE(refused_by_both(R"({"kind": "zipf", "parameter": 1, "locality": 2})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "zipf"})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "even", "parameter": 1})"));
  EXPECT_TRUE(refused_by_both(R"({"parameter": 1})"));
  EXPECT_FALSE(refused_by_both(R"({"kind": "trace", "file": "t.csv"})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "trace", "file": ""})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "trace"})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "trace", "file": "t.csv", "parameter": 1})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "balanced", "file": "t.csv"})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "dirichlet", "parameter": 1, "locality": 11})"));
  EXPECT_TRUE(refused_by_both(R"({"kind": "zipf", "parameter": 1, "persistence": 1})"));
}

/// What a step's time goes into has a row in the table of metrics, or no clause could ask for it.
TEST(LayoutFiles, CommunicateUnderLabelsThatMetricsHave) {
  std::set<std::string> seen;
  for (const auto& name : test::names_in("configs/layouts")) {
    auto layout = test::training_layout(name);
    layout.global_batch = layout.micro_batch * static_cast<std::uint64_t>(layout.dp) *
                          static_cast<std::uint64_t>(layout.pp);
    for (const auto& label : step::labels_of(generate(test::model(test::model_of(name)), layout))) {
      EXPECT_NE(find_metric("exposed_" + label), nullptr) << name << ": " << label;
      seen.insert(label);
    }
  }
  // And no row is for nothing.
  for (const auto& metric : metrics)
    if (metric.name.starts_with("exposed_")) {
      EXPECT_TRUE(seen.contains(std::string(metric.name.substr(8)))) << metric.name;
    }
}

/// Who edits a model or layout that a contract pins gives the contract its new digest.
TEST(ShippedFiles, AreThoseThatContractsPin) {
  const auto path = std::string("configs/contracts/training-tiny.json");
  const auto files = parse_json(test::contents(path), path).at("expects").at("files");
  EXPECT_EQ(files.size(), 2U);
  for (const auto& [name, digest] : files.items()) {
    const bool model = name.starts_with("model-");
    const auto file =
        (model ? "configs/models/" : "configs/layouts/") + name.substr(name.find('-') + 1);
    EXPECT_EQ(result::sha256(test::contents(file)), digest.get<std::string>())
        << "sha256sum " << file;
  }
}

}  // namespace
}  // namespace assay::plan
