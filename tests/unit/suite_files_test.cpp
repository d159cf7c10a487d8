// Every suite that is shipped: valid against its schema, and accepted by the program.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/catalogue.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/plan/plan.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::plan {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

using test::contents;

std::string schema_errors(const Json& document) { return test::schema_errors(document, "suite"); }

class SuiteFile : public testing::TestWithParam<std::string> {};

TEST_P(SuiteFile, IsValidAndCanBePlanned) {
  const auto& path = GetParam();
  const auto text = contents(path);
  EXPECT_EQ(schema_errors(parse_json(text, path)), "");
  const auto catalogue = bench::catalogue_of(benchmarks::catalogue());
  const auto suite = parse_suite(text, catalogue, path);
  EXPECT_EQ(suite.name, fs::path(path).stem());
  EXPECT_NE(suite.description, "");
  for (const auto& topology : {stated_topology(1, 1), stated_topology(2, 2),
                               stated_topology(64, 64), detect_topology({"a", "a", "b"})})
    EXPECT_FALSE(make_plan(suite, catalogue, topology, 1).cases.empty());
}

std::vector<std::string> suite_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator("configs/suites")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Shipped, SuiteFile, testing::ValuesIn(suite_files()),
                         [](const auto& file) { return fs::path(file.param).stem().string(); });

TEST(SuiteFull, HasEveryBenchmark) {
  const auto catalogue = bench::catalogue_of(benchmarks::catalogue());
  const auto suite =
      parse_suite(contents("configs/suites/full.json"), catalogue, "configs/suites/full.json");
  std::set<std::string> measured, known;
  for (const auto& request : suite.requests) measured.emplace(request.benchmark);
  for (const auto& info : catalogue) known.emplace(info.name);
  EXPECT_EQ(measured, known);
}

TEST(SuiteSchema, AcceptsEveryFormOfAValue) {
  const auto document = parse_json(R"({"format": "assay.suite", "schema_version": "0.1.0",
    "name": "s", "description": "d", "cases": [
    {"benchmark": "all_reduce", "layout": ["world", "split:2"], "type": ["fp32"], "op": "sum",
     "bytes": {"min": "8", "max": "64MiB", "factor": 2}, "in_place": [true, false],
     "pacing": ["stream", "isolated"], "cache": "cold", "warm_up": {"iterations": 1, "time": "1 ms"},
     "pilot": 500, "stop": {"blocks": 64, "block_length": 1, "quantiles": [0.5]},
     "repetitions": 1, "optional": true},
    {"benchmark": "overlap", "collective": "all_to_all", "progress": ["none", "poll"]},
    {"benchmark": "congestion", "beside": ["all_to_all:layout=node",
     {"benchmark": "all_reduce", "layout": "world", "bytes": "1MiB", "type": "fp32", "op": "sum"}]},
    {"benchmark": "gemm", "m": [1, 2], "n": {"min": 1, "max": 8, "step": 2},
     "stop": {"precision": 0.05, "time": "5 s"}}]})",
                                   "s.json");
  EXPECT_EQ(schema_errors(document), "");
}

TEST(SuiteSchema, RefusesUnknownKeysAndWrongTypes) {
  const auto good = parse_json(contents("configs/suites/quick.json"), "quick.json");
  const auto edited = [&](const char* pointer, Json value) {
    auto json = good;
    json[Json::json_pointer(pointer)] = std::move(value);
    return schema_errors(json);
  };
  EXPECT_EQ(edited("/name", "other"), "");
  EXPECT_NE(edited("/nam", "other"), "");
  EXPECT_NE(edited("/format", "assay.contract"), "");
  EXPECT_NE(edited("/cases/0/bytez", "8"), "");
  EXPECT_NE(edited("/cases/0/pilot", "8"), "");
  EXPECT_NE(edited("/cases/0/stop", Json{{"blokcs", 3}}), "");
  EXPECT_NE(edited("/cases/0/warm_up", Json{{"time", 3}}), "");
  EXPECT_NE(edited("/cases/0/bytes", 8), "");
  EXPECT_NE(edited("/cases/0/layout", "ring"), "");
  EXPECT_NE(edited("/cases", Json::array()), "");
}

}  // namespace
}  // namespace assay::plan
