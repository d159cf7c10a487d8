// Timelines in the trace event format. ASSAY_UPDATE_GOLDEN=1 rewrites the golden file.
#include "harness/report/chrome_trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace assay::report {
namespace {

std::vector<RankTimeline> two_ranks() {
  const std::vector<std::string> streams{"compute", "dp"};
  return {{0,
           "n0",
           streams,
           {{"qkv", "compute", "forward 0", 0, 5'000'000, 5'001'500},
            {"gradients", "dp", "backward 0", 1, 5'001'000, 5'004'000}}},
          {1,
           "n1",
           streams,
           {{"qkv", "compute", "forward 0", 0, 4'999'000, 5'000'001},
            {"bad \xff name", "dp", "", 1, 5'001'250, 5'001'250}}}};
}

std::string golden(const std::string& text) {
  const auto* path = "tests/golden/trace.json";
  if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream read;
  read << file.rdbuf();
  return read.str();
}

TEST(ChromeTrace, IsAsTheGoldenFile) {
  const auto text = chrome_trace(two_ranks());
  EXPECT_EQ(text, golden(text));
}

TEST(ChromeTrace, SaysHowFarClocksMayBeOff) {
  const auto trace = nlohmann::json::parse(chrome_trace(two_ranks(), 2.5e-7));
  EXPECT_EQ(trace.at("otherData").at("clock"), "each rank's is off by at most 0.25 us");
  EXPECT_EQ(trace.at("traceEvents").size(), 16U);
  EXPECT_FALSE(nlohmann::json::parse(chrome_trace(two_ranks())).contains("otherData"));
}

/// What the format asks of each kind of event.
TEST(ChromeTrace, HasCompleteEventsAndNamesForAllThatTheyAreOn) {
  const auto trace = nlohmann::json::parse(chrome_trace(two_ranks()));
  std::set<std::string> named, used;
  for (const auto& event : trace.at("traceEvents")) {
    const auto on = event.at("pid").dump() + "/" + event.at("tid").dump();
    EXPECT_GT(event.at("pid").get<int>(), 0);
    EXPECT_GT(event.at("tid").get<int>(), 0);
    if (event.at("ph") == "M") {
      if (event.at("name") == "thread_name") named.insert(on);
      continue;
    }
    ASSERT_EQ(event.at("ph"), "X");
    EXPECT_GE(event.at("ts").get<double>(), 0);
    EXPECT_GE(event.at("dur").get<double>(), 0);
    used.insert(on);
  }
  EXPECT_EQ(named, used);
}

TEST(ChromeTrace, OfNobodyIsEmpty) {
  EXPECT_TRUE(nlohmann::json::parse(chrome_trace({})).at("traceEvents").empty());
}

}  // namespace
}  // namespace assay::report
