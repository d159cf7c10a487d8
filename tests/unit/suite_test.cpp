#include <gmock/gmock.h>

#include "harness/plan/plan.hpp"
#include "tests/unit/catalogue.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::plan {
namespace {

using test::refusal;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Suite parse(const std::string& cases) {
  return parse_suite(
      R"({"format":"assay.suite","schema_version":"0.1.0","name":"s","cases":)" + cases + "}",
      test::catalogue(), "s.json");
}

Request parse_one(const std::string& entry) { return parse("[" + entry + "]").requests.at(0); }

std::string refused(const std::string& entry) {
  return refusal([&] { parse_one(entry); });
}

DimValue number(std::int64_t value) { return value; }

TEST(ParseSuite, ReadsEveryKey) {
  const auto request = parse_one(R"({
    "benchmark": "all_reduce", "layout": ["world", "node"], "type": ["fp32", "half"], "op": "sum",
    "bytes": ["8", "64KiB"], "in_place": [false, true], "placement": 3, "pacing": "stream",
    "cache": "warm", "warm_up": {"iterations": 5, "time": "10 ms"}, "pilot": 30,
    "stop": {"blocks": 46, "block_length": 3, "quantiles": [0.05, 0.5], "time": "2 s"},
    "repetitions": 2, "optional": true})");
  EXPECT_EQ(request.where, "s.json: cases[0]");
  EXPECT_EQ(request.benchmark, "all_reduce");
  EXPECT_THAT(request.layouts, ElementsAre("world", "node"));
  EXPECT_THAT(request.dims.at("type"), ElementsAre(DimValue("fp32"), DimValue("fp16")));
  EXPECT_THAT(request.dims.at("bytes"), ElementsAre(number(8), number(65536)));
  EXPECT_THAT(request.dims.at("in_place"), ElementsAre(DimValue(false), DimValue(true)));
  EXPECT_THAT(request.dims.at("placement"), ElementsAre(number(3)));
  const Protocol expected{.pacing = Pacing::stream,
                          .cache = Cache::warm,
                          .warm_up = {5, 0.01},
                          .pilot = 30,
                          .stop = {.kind = StopKind::blocks,
                                   .blocks = 46,
                                   .block_length = 3,
                                   .quantiles = {0.05, 0.5},
                                   .time_s = 2}};
  EXPECT_EQ(request.protocol, expected);
  EXPECT_EQ(request.repetitions, 2);
  EXPECT_TRUE(request.optional);
}

TEST(ParseSuite, HasDefaults) {
  const auto request = parse_one(R"({"benchmark": "noop"})");
  EXPECT_TRUE(request.dims.empty());
  EXPECT_TRUE(request.layouts.empty());
  EXPECT_EQ(request.protocol, Protocol{});
  EXPECT_EQ(request.repetitions, 1);
  EXPECT_FALSE(request.optional);
}

TEST(ParseSuite, ReadsEveryStop) {
  const auto stop = [](const std::string& text) {
    return parse_one(R"({"benchmark": "noop", "stop": )" + text + "}").protocol.stop;
  };
  EXPECT_EQ(stop(R"({"iterations": 100})"),
            (Stop{.kind = StopKind::iterations, .iterations = 100}));
  EXPECT_EQ(stop(R"({"time": "2 s"})"), (Stop{.kind = StopKind::time, .time_s = 2}));
  EXPECT_EQ(stop(R"({"precision": 0.1, "time": "5 s"})"),
            (Stop{.kind = StopKind::precision, .time_s = 5, .precision = 0.1}));
  EXPECT_EQ(stop(R"({"blocks": 8})"), (Stop{.kind = StopKind::blocks, .blocks = 8}));
}

TEST(ParseSuite, ExpandsSweeps) {
  const auto bytes = [](const std::string& text) {
    return parse_one(R"({"benchmark": "all_reduce", "bytes": )" + text + "}").dims.at("bytes");
  };
  EXPECT_THAT(bytes(R"({"min": "8", "max": "64", "factor": 2})"),
              ElementsAre(number(8), number(16), number(32), number(64)));
  EXPECT_THAT(bytes(R"({"min": "8", "max": "100", "factor": 4})"),
              ElementsAre(number(8), number(32)));
  EXPECT_THAT(bytes(R"({"min": "0", "max": "2KiB", "step": "1KiB"})"),
              ElementsAre(number(0), number(1024), number(2048)));
  const auto sides =
      parse_one(R"({"benchmark": "gemm", "m": {"min": 1, "max": 3, "step": 2}})").dims.at("m");
  EXPECT_THAT(sides, ElementsAre(number(1), number(3)));
}

TEST(ParseSuite, RefusesBadSweeps) {
  const auto sweep = [](const std::string& text) {
    return refused(R"({"benchmark": "all_reduce", "bytes": )" + text + "}");
  };
  EXPECT_THAT(sweep(R"({"min": "8", "max": "64"})"), HasSubstr("cases[0].bytes: a sweep goes"));
  EXPECT_THAT(sweep(R"({"min": "8", "max": "64", "factor": 2, "step": "8"})"), HasSubstr("either"));
  EXPECT_THAT(sweep(R"({"min": "8", "max": "64", "factor": 1})"), HasSubstr("factor: 1 is out of"));
  EXPECT_THAT(sweep(R"({"min": "80", "max": "64", "factor": 2})"), HasSubstr("begins at 80"));
  EXPECT_THAT(sweep(R"({"min": "0", "max": "64", "factor": 2})"), HasSubstr("begin at 0"));
  EXPECT_THAT(sweep(R"({"min": "0", "max": "1GiB", "step": "1"})"), HasSubstr("more than 10000"));
  EXPECT_THAT(sweep(R"({"min": "0", "max": "64", "steps": "8"})"),
              HasSubstr("bytes.steps: unknown"));
}

TEST(ParseSuite, PacingsAndCachesBecomeOneRequestEach) {
  const auto suite = parse(R"([{"benchmark": "noop", "pacing": ["isolated", "stream"],
                                "cache": ["cold", "warm"]}])");
  ASSERT_EQ(suite.requests.size(), 4u);
  EXPECT_EQ(suite.requests[1].protocol.pacing, Pacing::isolated);
  EXPECT_EQ(suite.requests[1].protocol.cache, Cache::warm);
  EXPECT_EQ(suite.requests[2].protocol.pacing, Pacing::stream);
}

TEST(ParseSuite, NamesTheUnknownKey) {
  EXPECT_THAT(refusal([] {
                parse(R"([{"benchmark": "noop"}, {"benchmark": "all_reduce", "bytez": "8"}])");
              }),
              AllOf(StartsWith("s.json: cases[1].bytez: unknown key; expected one of "),
                    HasSubstr("bytes"), HasSubstr("pacing")));
  EXPECT_THAT(refused(R"({"benchmark": "noop", "stop": {"blocks": 3, "blokcs": 4}})"),
              HasSubstr("cases[0].stop.blokcs: unknown key"));
  EXPECT_THAT(refused(R"({"benchmark": "noop", "warm_up": {"itarations": 3}})"),
              HasSubstr("cases[0].warm_up.itarations: unknown key"));
  EXPECT_THAT(refusal([] {
                parse_suite(R"({"format": "assay.suite", "schema_version": "0.1.0", "name": "s",
                                "cases": [{"benchmark": "noop"}], "case": []})",
                            test::catalogue(), "s.json");
              }),
              HasSubstr("s.json: case: unknown key"));
}

TEST(ParseSuite, RefusesWrongTypesAndUnits) {
  const auto key = [](const std::string& text) {
    return refused(R"({"benchmark": "all_reduce", )" + text + "}");
  };
  EXPECT_THAT(key(R"("bytes": 8)"), HasSubstr("cases[0].bytes: 8 is not a size as text"));
  EXPECT_THAT(key(R"("bytes": ["8", "8 s"])"), HasSubstr("cases[0].bytes[1]: \"8 s\""));
  EXPECT_THAT(key(R"("in_place": "true")"), HasSubstr("in_place: \"true\" is not true or false"));
  EXPECT_THAT(key(R"("pilot": "500")"), HasSubstr("pilot: \"500\" is not a whole number"));
  EXPECT_THAT(key(R"("pacing": "fast")"), HasSubstr("pacing: \"fast\" is unknown"));
  EXPECT_THAT(key(R"("pacing": [])"), HasSubstr("pacing: the list is empty"));
  EXPECT_THAT(key(R"("layout": [])"), HasSubstr("layout: the list is empty"));
  EXPECT_THAT(key(R"("bytes": [])"), HasSubstr("bytes: the list is empty"));
  EXPECT_THAT(key(R"("warm_up": {"time": 3})"), HasSubstr("warm_up.time: 3 is not a quantity"));
  EXPECT_THAT(key(R"("warm_up": {"time": "3 B"})"), HasSubstr("is in B where s belongs"));
}

TEST(ParseSuite, RefusesUnknownNames) {
  EXPECT_THAT(refused(R"({"benchmark": "all_gather"})"),
              AllOf(StartsWith("s.json: cases[0].benchmark: \"all_gather\" is unknown"),
                    HasSubstr("all_reduce, all_to_all")));
  EXPECT_THAT(
      refused(R"({"benchmark": "copy", "type": "fp32"})"),
      HasSubstr("cases[0].type: copy has no such dimension; expected one of memory, bytes"));
  EXPECT_THAT(refused(R"({"benchmark": "noop", "bytes": "8"})"), HasSubstr("no dimensions"));
  EXPECT_THAT(refused(R"({"benchmark": "all_reduce", "type": "fp8"})"), HasSubstr("'fp8'"));
  EXPECT_THAT(refused(R"({"benchmark": "gemm", "type": "int8"})"),
              HasSubstr("type: gemm cannot use \"int8\"; expected one of fp32, fp64"));
  EXPECT_THAT(refused(R"({"benchmark": "all_reduce", "backend": "nccl"})"), HasSubstr("\"nccl\""));
  EXPECT_THAT(refused(R"({"benchmark": "noop", "layout": "ring"})"),
              HasSubstr("cases[0].layout: \"ring\" is no layout; expected one of world"));
}

TEST(ParseSuite, RefusesWhatIsOutOfRange) {
  const auto key = [](const std::string& text) {
    return refused(R"({"benchmark": "gemm", )" + text + "}");
  };
  EXPECT_THAT(key(R"("m": 0)"), HasSubstr("cases[0].m: 0 is out of range"));
  EXPECT_THAT(key(R"("pilot": -1)"), HasSubstr("pilot: -1 is out of range"));
  EXPECT_THAT(key(R"("repetitions": 0)"), HasSubstr("repetitions: 0 is out of range"));
  EXPECT_THAT(key(R"("stop": {"blocks": 0})"), HasSubstr("stop.blocks: 0 is out of range"));
  EXPECT_THAT(key(R"("stop": {"blocks": 8, "block_length": 2})"), HasSubstr("2 is no odd number"));
  EXPECT_THAT(key(R"("stop": {"iterations": 0})"), HasSubstr("stop.iterations: 0 is out of range"));
  EXPECT_THAT(key(R"("stop": {"time": "0 s"})"), HasSubstr("stop.time: 0 is out of range"));
  EXPECT_THAT(key(R"("stop": {"precision": 0})"), HasSubstr("stop.precision: 0 is out of range"));
  EXPECT_THAT(key(R"("stop": {"blocks": 8, "quantiles": [1]})"), HasSubstr("1 is no quantile"));
  EXPECT_THAT(key(R"("stop": {})"), HasSubstr("stop: it must say how much is enough"));
  EXPECT_THAT(key(R"("stop": {"blocks": 8, "iterations": 8})"), HasSubstr("in one way"));
}

TEST(ParseSuite, RefusesAnEmptySuite) {
  EXPECT_THAT(refusal([] { parse("[]"); }), HasSubstr("s.json: cases: the suite has no cases"));
}

}  // namespace
}  // namespace assay::plan
