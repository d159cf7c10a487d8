// Where the time of steps goes, against a golden file. ASSAY_UPDATE_GOLDEN=1 rewrites it.
#include "harness/report/step_text.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "harness/report/text.hpp"
#include "harness/result/figures.hpp"
#include "tests/unit/documents.hpp"

namespace assay::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A step of 10 ms on two hosts of two ranks; `slow`: rank 2 computes that many times longer.
result::CaseResult& add_step(result::ResultDocument& d, const std::string& overlap, float slow) {
  auto& c = test::add(d, {.id = "c00" + std::to_string(d.cases.size() + 1),
                          .benchmark = "noop",
                          .values = test::steady(10e-3)});
  c.spec.benchmark = "training_step";
  c.spec.dims = {{"model", std::string("tiny")},
                 {"parallelism", std::string("tiny-dp2")},
                 {"overlap", overlap},
                 {"progress", std::string("poll")}};
  const auto record = [&](const std::string& name, const std::string& unit, double share) {
    Series series{name, unit, Axis::iteration, 0, {}};
    for (const float time : result::find_series(c.samples, "t_max", 0)->values)
      series.values.push_back(static_cast<float>(share) * (unit == "s" ? time : 1));
    c.samples.series.push_back(std::move(series));
  };
  const double exposed = overlap == "on" ? 0.1 : 0.3;
  record("compute", "s", 0.6);
  record("exposed_dp", "s", exposed);
  record("idle", "s", 0.4 - exposed);
  record("hidden", "", overlap == "on" ? 0.5 : 0);
  c.samples.series.push_back({"straggler_index", "", Axis::rank, 0, {1, 1, slow, 1}});
  c.samples.series.push_back(
      {"rank_compute", "s", Axis::rank, 0, {6e-3F, 6e-3F, slow * 6e-3F, 6e-3F}});
  return c;
}

std::string golden(const std::string& text) {
  const auto* path = "tests/golden/step_parts.txt";
  if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream read;
  read << file.rdbuf();
  return read.str();
}

TEST(StepText, PartsOfStepsAndTheRankThatIsSlow) {
  auto d = test::document(2, 2);
  add_step(d, "off", 1);
  add_step(d, "on", 1.7F);
  const auto text = step_parts({&d.cases[0], &d.cases[1]}, d);
  EXPECT_EQ(text, golden(text));
  EXPECT_THAT(result_table(d), HasSubstr(text));
}

/// The slowest of a few steps is no p99.
TEST(StepText, QuantilesOfEnoughStepsOnly) {
  const auto text_of = [](std::size_t steps) {
    auto d = test::document(2, 2);
    auto& c = add_step(d, "on", 1);
    for (auto& series : c.samples.series)
      if (series.name != "pilot" && series.axis == Axis::iteration)
        series.values.assign(steps, series.values.front());
    auto& times = c.samples.series;
    for (auto& series : times)
      for (std::size_t i = 0; series.name == "t_max" && i < steps; i += 50) series.values[i] *= 3;
    std::string flat;
    for (const char of : step_parts({&d.cases[0]}, d)) flat += of == '\n' ? ' ' : of;
    for (auto at = flat.find("  "); at != flat.npos; at = flat.find("  ")) flat.erase(at, 1);
    return flat;
  };
  EXPECT_THAT(text_of(199), HasSubstr("no p95: 199 steps, 200 are needed"));
  EXPECT_THAT(text_of(200), HasSubstr("p95 1.000 times the median step"));
  EXPECT_THAT(text_of(999), HasSubstr("no p99: 999 steps, 1000 are needed"));
  EXPECT_THAT(text_of(1000), HasSubstr("p99 3.000 times the median step"));
}

TEST(StepText, NothingOfWhatIsNoStep) {
  auto d = test::document(1, 2);
  test::add(d, {});
  EXPECT_EQ(step_parts({&d.cases[0]}, d), "");
}

/// By chance one rank is always the slowest.
TEST(StepText, NamesNobodyWhoDoesNotStandOut) {
  auto d = test::document(2, 2);
  add_step(d, "on", 1.05F);
  EXPECT_THAT(step_parts({&d.cases[0]}, d), Not(HasSubstr("slowest")));
}

}  // namespace
}  // namespace assay::report
