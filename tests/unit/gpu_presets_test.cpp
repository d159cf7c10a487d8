// The shipped contracts for GPUs: each of their clauses is met by what is a little better than its
// bound, and not met by what is worse.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/contract/judge.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::contract {
namespace {

/// 4% better or worse: beyond the guard, and within what a preset is meant to tell apart.
constexpr double better = 1.04, worse = 0.96;

std::string text_of(const Selector& of, const char* key) {
  return std::get<std::string>(of.at(key).any_of.front());
}

/// Adds what `of` selects, with `figure` as its metric's value; in the last group `last` times
/// that.
void add_case(result::ResultDocument& d, const Selector& of, const Metric& metric, double figure,
              double last = 1) {
  const bool is_time = metric.name == "time";
  test::CaseSpec spec;
  spec.id = fmt::format("c{:03}", d.cases.size() + 1);
  spec.benchmark = text_of(of, "benchmark");
  spec.layout = text_of(of, "layout");
  const auto groups = schedule::make_layout(spec.layout, d.topology.topology()).group_count();
  spec.values = [=](std::size_t group, std::size_t i) {
    const double value = figure * (group + 1 == groups ? last : 1);
    return test::steady(is_time ? 1e9 / value : value, 0.001)(group, i);
  };
  auto& c = test::add(d, spec);
  c.spec.dims.clear();
  for (const auto& [key, match] : of)
    if (find_dim(key) != nullptr) c.spec.dims.emplace(key, match.any_of.front());
  if (metric.source != Source::reading) return;
  for (std::size_t group = 0; group < groups; ++group)
    c.samples.series.push_back(
        {std::string(metric.of), "", Axis::rank, group, {static_cast<float>(figure)}});
}

/// The outcome of one clause where its figure is `factor` times as good as it must be.
Outcome outcome_of(const Contract& contract, const Clause& clause, double factor) {
  auto d = test::document(static_cast<int>(contract.expects.nodes.value_or(2)),
                          static_cast<int>(*contract.expects.ranks_per_node));
  const auto& bound = clause.bound;
  if (clause.metric->source == Source::reading) {
    add_case(d, clause.of, *clause.metric, bound.value + (factor < 1 ? 1 : 0));
  } else if (clause.across == Across::min_over_median) {
    add_case(d, clause.of, *clause.metric, 100e9, bound.value * factor);
  } else if (bound.relative) {
    add_case(d, bound.relative->of, *bound.relative->metric, 400e9);
    add_case(d, clause.of, *clause.metric, 400e9 * bound.relative->times * factor);
  } else {
    const bool least = bound.direction == Direction::at_least;
    add_case(d, clause.of, *clause.metric, least ? bound.value * factor : bound.value / factor);
  }
  Contract one;
  one.clauses = {clause};
  return judge(one, d).findings.back().outcome;
}

class GpuPreset : public testing::TestWithParam<std::string> {};

TEST_P(GpuPreset, SaysWhereEachFigureComesFrom) {
  const auto path = "configs/contracts/" + GetParam() + ".json";
  const auto text = test::contents(path);
  EXPECT_EQ(test::schema_errors(nlohmann::json::parse(text), "contract"), "");
  const auto contract = parse_contract(text, path);
  EXPECT_EQ(contract.name, GetParam());
  EXPECT_TRUE(contract.expects.device);
  for (const auto& clause : contract.clauses) {
    if (clause.metric->source == Source::reading) continue;
    ASSERT_TRUE(clause.published) << clause.id;
    // What is only held against itself is what nobody has published.
    const bool absolute = !clause.bound.relative && clause.across == Across::none;
    EXPECT_EQ(clause.published->value.has_value(), absolute) << clause.id;
  }
}

TEST_P(GpuPreset, EveryClauseCanBeMetAndMissed) {
  const auto path = "configs/contracts/" + GetParam() + ".json";
  const auto contract = parse_contract(test::contents(path), path);
  for (const auto& clause : contract.clauses) {
    EXPECT_EQ(outcome_of(contract, clause, better), Outcome::pass) << clause.id;
    EXPECT_EQ(outcome_of(contract, clause, worse), Outcome::fail) << clause.id;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GpuPreset,
                         testing::Values("8xa100", "8xh100", "8xh200", "8xb200", "h100-8x400g",
                                         "gb200-nvl72"));

}  // namespace
}  // namespace assay::contract
