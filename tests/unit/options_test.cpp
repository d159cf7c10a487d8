#include "harness/app/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/core/error.hpp"

namespace assay::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Options parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "assay");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

RunOptions run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "run");
  return std::get<RunOptions>(parse(std::move(arguments)));
}

std::map<int, int> exit_map(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "assay");
  return exit_map_of(static_cast<int>(arguments.size()), arguments.data());
}

std::string refusal(std::vector<const char*> arguments) {
  try {
    parse(std::move(arguments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, LettersAreThoseOfNcclTests) {
  const auto o = run({"all_reduce", "-b", "8", "-e", "64M", "-f", "2", "-d", "fp32,bf16", "-o",
                      "sum", "-n", "50", "-w", "5", "-c", "0"});
  EXPECT_THAT(o.benchmarks, ElementsAre("all_reduce"));
  EXPECT_EQ(o.min_bytes, "8");
  EXPECT_EQ(o.max_bytes, "64M");
  EXPECT_THAT(o.types, ElementsAre("fp32", "bf16"));
  EXPECT_EQ(o.iterations, 50);
  EXPECT_EQ(o.warm_up, 5);
  EXPECT_FALSE(o.check);
}

TEST(Options, TheCommandIsKeptForTheRecord) {
  EXPECT_EQ(run({"noop", "--quiet"}).command, "assay run noop --quiet");
}

TEST(Options, HelpAndVersionAreNotices) {
  EXPECT_THAT(std::get<Notice>(parse({"--help"})).text, HasSubstr("Exit codes"));
  EXPECT_THAT(std::get<Notice>(parse({"run", "--help"})).text, HasSubstr("mpirun -n 16 assay run"));
  EXPECT_THAT(std::get<Notice>(parse({"--version"})).text, HasSubstr("assay "));
}

TEST(Options, ResumeTakesAllElseFromTheJournal) {
  const auto o = run({"--resume", "results/today", "--quiet", "-T", "5", "--exit-map", "11=0"});
  EXPECT_EQ(o.resume, "results/today");
  EXPECT_EQ(o.timeout_s, 5);
  EXPECT_EQ(run({"--resume", "out"}).timeout_s, std::nullopt);
  for (std::vector<const char*> extra :
       {std::vector{"--seed", "1"}, std::vector{"--check", "0"}, std::vector{"--out", "x"},
        std::vector{"--dry-run"}, std::vector{"--max-time-per-case", "60"},
        std::vector{"--contract", "c.json"}}) {
    const std::string name = extra.front();
    extra.insert(extra.begin(), {"run", "--resume", "out"});
    EXPECT_THAT(refusal(extra), HasSubstr("--resume: " + name +
                                          " was given too, and the run's "
                                          "journal says what to measure and how; leave it out"));
  }
  EXPECT_THAT(refusal({"run", "all_reduce", "--resume", "out"}),
              HasSubstr("--resume: benchmarks was given too"));
}

TEST(Options, ExitCodesAreMapped) {
  using Map = std::map<int, int>;
  EXPECT_EQ(exit_map({"run", "noop", "--exit-map", "10=1,11=2"}), (Map{{10, 1}, {11, 2}}));
  EXPECT_EQ(exit_map({"judge", "here", "--exit-map=10=1", "--exit-map", "11=2"}),
            (Map{{10, 1}, {11, 2}}));
  EXPECT_EQ(exit_map({"run", "noop"}), Map{});
  EXPECT_THAT(run({"--exit-map", "64=65", "noop"}).benchmarks, ElementsAre("noop"));
}

TEST(Options, ExitCodesAreMappedOfARefusedCommandLineToo) {
  using Map = std::map<int, int>;
  EXPECT_EQ(exit_map({"run", "noop", "--bogus", "-n", "ten", "--exit-map", "64=65"}),
            (Map{{64, 65}}));
  EXPECT_EQ(exit_map({"frob", "--exit-map", "64=65,10,11=256,70=1"}), (Map{{64, 65}, {70, 1}}));
  EXPECT_EQ(exit_map({"run", "noop", "--exit-map"}), Map{});
}

TEST(Options, RatiosOfACompareAreRead) {
  const auto o =
      std::get<CompareOptions>(parse({"compare", "a", "b", "--margin", "5%", "--q", ".95",
                                      "--confidence", "0.99", "--exit-map", "11=0"}));
  EXPECT_EQ(o.base, "a");
  EXPECT_EQ(o.next, "b");
  EXPECT_DOUBLE_EQ(o.margin, .05);
  EXPECT_DOUBLE_EQ(o.confidence, .99);
  EXPECT_DOUBLE_EQ(o.q, .95);
  const auto fallback = std::get<CompareOptions>(parse({"compare", "a", "b"}));
  EXPECT_DOUBLE_EQ(fallback.margin, .02);
  EXPECT_DOUBLE_EQ(fallback.confidence, .95);
  EXPECT_EQ(fallback.metric, "");
}

TEST(Options, BadOnesOfACompareAreNamed) {
  const auto refused = [](const char* option, const char* value) {
    return refusal({"compare", "a", "b", option, value});
  };
  EXPECT_THAT(refused("--q", "0"), HasSubstr("--q"));
  EXPECT_THAT(refused("--q", "nan"), HasSubstr("--q"));
  EXPECT_THAT(refused("--margin", "-1%"), HasSubstr("--margin"));
  EXPECT_THAT(refused("--margin", "2 GB/s"), HasSubstr("--margin"));
  EXPECT_THAT(refused("--confidence", "100%"), HasSubstr("--confidence"));
  EXPECT_THAT(refused("--metric", "speed"), HasSubstr("there is no metric 'speed'"));
  EXPECT_THAT(refusal({"compare", "a"}), HasSubstr("new"));
}

TEST(Options, BadOnesAreNamed) {
  EXPECT_THAT(refusal({}), HasSubstr("subcommand"));
  EXPECT_THAT(refusal({"run"}), HasSubstr("nothing to measure"));
  EXPECT_THAT(refusal({"run", "noop", "--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_THAT(refusal({"run", "-b", "8"}), HasSubstr("no benchmark is named"));
  EXPECT_THAT(refusal({"run", "noop", "--suite", "s.json"}), HasSubstr("a suite already says"));
  EXPECT_EQ(refusal({"run", "--suite", "s.json", "--blocks", "128"}), "accepted");
  EXPECT_THAT(refusal({"run", "noop", "-n", "ten"}), HasSubstr("ten"));
  EXPECT_THAT(refusal({"run", "noop", "-n", "5", "--time", "1"}), HasSubstr("exclude each other"));
  EXPECT_THAT(refusal({"run", "noop", "-c", "2"}), HasSubstr("--check"));
  EXPECT_THAT(refusal({"run", "noop", "--ranks", "8"}), HasSubstr("--dry-run"));
  EXPECT_THAT(refusal({"run", "noop", "--exit-map", "10"}), HasSubstr("CODE=CODE"));
  EXPECT_THAT(refusal({"run", "noop", "--timeout", "-1"}), HasSubstr("out of range"));
  EXPECT_THAT(refusal({"judge"}), HasSubstr("result"));
  EXPECT_EQ(refusal({"frob"}),
            "command line: there is no subcommand 'frob', only run, judge, compare, list; see: "
            "assay --help");
}

TEST(Options, NumbersOutOfRangeNameTheirOption) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"--iters", "0"},   {"--blocks", "0"},         {"--block-length", "0"},
      {"--pilot", "-1"},  {"--repetitions", "0"},    {"--warmup_iters", "-1"},
      {"--time", "-1"},   {"--ranks-per-node", "0"}, {"--max-time-per-case", "0"},
      {"--timeout", "0"}, {"--precision", "0"},      {"--warmup-time", "-1"}};
  for (const auto& [option, value] : cases)
    EXPECT_THAT(refusal({"run", "noop", option, value}),
                testing::StartsWith(std::string(option) + ": " + value));
  EXPECT_THAT(refusal({"run", "noop", "--block-length", "4"}),
              testing::StartsWith("--block-length: 4 is no odd number"));
}

TEST(Options, BlocksAreNothingToACaseThatStopsByPrecision) {
  EXPECT_THAT(refusal({"run", "noop", "--precision", "0.1", "--block-length", "5"}),
              HasSubstr("excludes --iters, --blocks and --block-length"));
  EXPECT_EQ(refusal({"run", "noop", "-n", "100", "--block-length", "5"}), "accepted");
}

}  // namespace
}  // namespace assay::app
