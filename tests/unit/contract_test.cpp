#include "harness/contract/contract.hpp"

#include <gmock/gmock.h>

#include "harness/contract/selector.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::contract {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string head = R"({"format":"assay.contract","schema_version":"0.1.0","name":"lease",)";

Contract parse(const std::string& rest) { return parse_contract(head + rest + "}", "lease.json"); }

std::string refused(const std::string& rest) {
  return refusal([&] { parse(rest); });
}

/// A clause in which `from` is replaced by `to`.
std::string clause(const std::string& from = "", const std::string& to = "") {
  std::string text =
      R"("clauses":[{"id":"ar","of":{"benchmark":"all_reduce"},"metric":"busbw","q":0.5,)"
      R"("at_least":"350 GB/s"}])";
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(ParseContract, KnowsWhatOthersHavePublished) {
  const auto with = [](const std::string& published) {
    return clause(R"("q":0.5)", R"("q":0.5,"published":)" + published);
  };
  const auto known = parse(with(R"({"value":"479.9 GB/s","source":"a guide"})")).clauses[0];
  EXPECT_EQ(known.published->value, 479.9e9);
  EXPECT_EQ(known.published->source, "a guide");
  const auto unknown = parse(with(R"({"value":null,"source":"none was found"})")).clauses[0];
  ASSERT_TRUE(unknown.published);
  EXPECT_EQ(unknown.published->value, std::nullopt);
  EXPECT_FALSE(parse(clause()).clauses[0].published);
  EXPECT_THAT(refused(with(R"({"value":"479.9 GB/s"})")), HasSubstr("source"));
  EXPECT_THAT(refused(with(R"({"source":"a guide"})")), HasSubstr("value"));
  EXPECT_THAT(refused(with(R"({"value":null,"source":""})")),
              HasSubstr("source: the source is empty"));
  EXPECT_THAT(refused(with(R"({"value":"479.9 s","source":"a guide"})")), HasSubstr("B/s belongs"));
  EXPECT_THAT(refused(with(R"({"value":"0 GB/s","source":"a guide"})")), HasSubstr("above 0"));
  EXPECT_THAT(refused(with(R"({"value":null,"source":"a guide","year":1})")), HasSubstr("year"));
}

TEST(ParseContract, ReadsTheExampleOfTheDesign) {
  const auto contract = parse(R"(
   "expects":{"nodes":2,"ranks_per_node":8,"device":"H100"},"confidence":0.95,"guard":"2%",
   "clauses":[
   {"id":"ar-tail","of":{"benchmark":"all_reduce","layout":"world","bytes":"1GiB","pacing":"stream"},"metric":"busbw","q":0.05,"at_least":"350 GB/s"},
   {"id":"scale-out","of":{"benchmark":"all_reduce","layout":"world","bytes":"1GiB"},"metric":"busbw","q":0.5,
    "at_least":{"times":0.75,"metric":"busbw","q":0.5,"across":"median","of":{"benchmark":"all_reduce","layout":"node","bytes":"1GiB"}}},
   {"id":"even-hbm","of":{"benchmark":"copy","layout":"each"},"metric":"bandwidth","q":0.5,"across":"min/median","at_least":0.95},
   {"id":"step","of":{"benchmark":"all_reduce","type":["half","bf16"],"bytes":{"min":"1MiB","max":"4MiB"}},"metric":"time","q":0.5,"at_most":"12.9 s","guard":0.1,"confidence":0.99}])");
  EXPECT_EQ(contract.name, "lease");
  EXPECT_EQ(contract.expects.nodes, 2);
  EXPECT_EQ(contract.expects.device, "H100");
  ASSERT_EQ(contract.clauses.size(), 4u);
  const auto& tail = contract.clauses[0];
  EXPECT_EQ(tail.q, 0.05);
  EXPECT_EQ(tail.bound.value, 350e9);
  EXPECT_EQ(tail.guard, 0.02);
  EXPECT_EQ(tail.false_accept, 0.05);  // not 1 − .95
  EXPECT_THAT(tail.of.at("bytes").any_of, ElementsAre(DimValue(std::int64_t{1} << 30)));
  const auto& relative = *contract.clauses[1].bound.relative;
  EXPECT_EQ(relative.times, 0.75);
  EXPECT_EQ(relative.across, Across::median);
  EXPECT_EQ(contract.clauses[2].across, Across::min_over_median);
  EXPECT_EQ(contract.clauses[2].bound.value, 0.95);
  const auto& step = contract.clauses[3];
  EXPECT_EQ(step.bound.direction, Direction::at_most);
  EXPECT_EQ(step.bound.value, 12.9);
  EXPECT_EQ(step.guard, 0.1);
  EXPECT_EQ(step.false_reject, 0.01);
  EXPECT_THAT(step.of.at("type").any_of,
              ElementsAre(DimValue(std::string("fp16")), DimValue(std::string("bf16"))));
  EXPECT_EQ(step.of.at("bytes").min, std::int64_t{1} << 20);
}

TEST(ParseContract, ErrorRatesMayBeSetApart) {
  const auto contract = parse(R"("false_reject":0.001,)" +
                              clause(R"("q":0.5)", R"("confidence":0.9,"false_accept":0.02)"));
  EXPECT_EQ(contract.clauses[0].false_accept, 0.02);
  EXPECT_EQ(contract.clauses[0].false_reject, 0.1);
  EXPECT_EQ(contract.clauses[0].q, 0.5);  // the default
}

struct Bad {
  std::string rest;
  std::string sentence;
};

class BadContract : public testing::TestWithParam<Bad> {};

TEST_P(BadContract, IsRefusedInOneSentence) {
  EXPECT_EQ(refused(GetParam().rest), "lease.json: " + GetParam().sentence);
}

constexpr const char* units =
    "write for example \"350 GB/s\", \"12.9 s\", \"40 us\", \"1GiB\" or \"794 TFLOP/s\"";

INSTANTIATE_TEST_SUITE_P(
    All, BadContract,
    testing::Values(
        Bad{clause("350 GB/s", "350"),
            std::string("clauses[0].at_least: \"350\" has no unit; ") + units},
        Bad{clause("\"350 GB/s\"", "350"),
            "clauses[0].at_least: 350 is not a quantity with its unit; write for example \"10 "
            "B/s\""},
        Bad{clause("350 GB/s", "350 s"),
            "clauses[0].at_least: \"350 s\" is in s where B/s belongs; write for example \"10 "
            "B/s\""},
        Bad{clause("350 GB/s", "0 GB/s"),
            "clauses[0].at_least: \"0 GB/s\" bounds nothing; give a value above 0"},
        Bad{clause("\"metric\"", "\"metrik\""), "clauses[0].metric: the key is missing; add it"},
        Bad{clause("busbw", "bandwith"),
            "clauses[0].metric: \"bandwith\" is unknown; expected one of time, wall_time, "
            "latency, span, transfer, algbw, busbw, bandwidth, flops, step_time, tokens_per_s, "
            "model_flops, hardware_flops, mfu, hfu, overlap, comm_time, "
            "compute_time, compute, exposed_tp, exposed_cp, exposed_pp, exposed_dp, exposed_ep, "
            "exposed_world, idle, hidden, bubble, bubble_ideal, bubble_excess, comm_wait, "
            "comm_transfer, straggler_index, compute_interference, "
            "communication_interference, slowdown, alone_time, companion_time, gpu_temperature, "
            "gpu_power, "
            "gpu_clock, gpu_memory_clock, gpu_throttled, ecc_corrected, ecc_uncorrected, "
            "rows_remapped, "
            "row_remap_failed, "
            "pcie_replays"},
        Bad{clause("0.5", "1"),
            "clauses[0].q: 1 is out of range; it must be above 0 and below 1: 0.5 is the median"},
        Bad{clause("0.5", "\"half\""),
            "clauses[0].q: \"half\" is not a number; write for example 0.05"},
        Bad{clause("\"ar\"", "\"complete\""),
            "clauses[0].id: \"complete\" is a clause of every contract already; choose another id"},
        Bad{clause("\"ar\"", "\"\""), "clauses[0].id: the id is empty; give the clause a name"},
        Bad{clause(",\"at_least\":\"350 GB/s\"", ""),
            "clauses[0]: the clause has no bound; add \"at_least\" or \"at_most\" with a quantity"},
        Bad{clause("\"q\":0.5", "\"at_most\":\"1 GB/s\""),
            "clauses[0].at_most: at_least and at_most stand in one clause; make two clauses of it"},
        Bad{clause("\"q\":0.5", "\"across\":\"max\""),
            "clauses[0].across: \"max\" is unknown; expected one of min, median, min/median"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"bytez\":\"8\"}"),
            "clauses[0].of.bytez: unknown key; expected one of benchmark, layout, pacing, cache, "
            "collective, backend, memory, way, type, op, bytes, root, algorithm, counts, window, "
            "in_place, buffers, step, progress, beside, m, n, k, model, parallelism, scaling, "
            "overlap, parts, graph, peak, repetition, placement"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"bytes\":[]}"),
            "clauses[0].of.bytes: an empty list matches nothing; name a value"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"bytes\":1024}"),
            "clauses[0].of.bytes: 1024 is not a size as text; write for example \"64KiB\""},
        Bad{clause("\"all_reduce\"}",
                   "\"all_reduce\",\"bytes\":{\"min\":\"2MiB\",\"max\":\"1MiB\"}}"),
            "clauses[0].of.bytes: min is above max, so nothing can match; exchange them"},
        Bad{clause("\"all_reduce\"}", "\"training_step\",\"model\":\"models/tiny.json\"}"),
            "clauses[0].of.model: \"models/tiny.json\" is the path of a file; give the \"name\" "
            "that stands in it: that is what cases say"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"counts\":\"file:moe.csv\"}"),
            "clauses[0].of.counts: \"file:moe.csv\" names a file without its digest, or with its "
            "folder; write file:NAME#DIGEST, as --dry-run of a run with --set counts=file:PATH "
            "says "
            "it"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"bytes\":{}}"),
            "clauses[0].of.bytes: the range has neither min nor max; give at least one of them"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"op\":{\"min\":1}}"),
            "clauses[0].of.op: a range stands where only names belong; list the values: [\"a\", "
            "\"b\"]"},
        Bad{clause("\"all_reduce\"}", "\"all_reduce\",\"pacing\":\"streams\"}"),
            "clauses[0].of.pacing: \"streams\" is unknown; expected one of isolated, stream, "
            "graph"},
        Bad{"\"guard\":0," + clause(),
            "guard: 0 is out of range; it must be above 0 and below 1: without a band no error can "
            "be "
            "bounded"},
        Bad{"\"guard\":\"2 %%\"," + clause(),
            "guard: \"2 %%\" is not a ratio; write for example \"2%\" or 0.02"},
        Bad{"\"confidence\":1," + clause(),
            "confidence: 1 is out of range; it must be at least 0.5 and below 1"},
        Bad{"\"confidence\":0.9999999999," + clause(),
            "confidence: no run is long enough for a confidence of 0.9999999999; it must be at "
            "most 1 - 1e-09"},
        Bad{clause("\"q\":0.5", "\"q\":0.5,\"false_reject\":1e-300"),
            "clauses[0].false_reject: no run is long enough for an error rate of 1e-300; it must "
            "be at least 1e-09"},
        Bad{clause("0.5", "1e-300"),
            "clauses[0].q: no run is long enough for quantile 1e-300; it must lie between 1e-09 "
            "and 1 - 1e-09"},
        Bad{"\"expects\":{\"node\":2}," + clause(),
            "expects.node: unknown key; expected one of device, environment, files, nodes, "
            "ranks_per_node"},
        Bad{"\"expects\":{\"environment\":{\"forbidden\":[\"NCCL_ALGO\",\"HOME\"]}}," + clause(),
            "expects.environment.forbidden[1]: a result does not record \"HOME\" of every rank, so "
            "that nobody could tell whether it was set; forbid what is recorded: NCCL_*, UCX_*, "
            "CUDA_* and OMPI_MCA_*, but for secrets and the launcher's own"},
        Bad{"\"expects\":{\"environment\":{\"forbidden\":[]}}," + clause(),
            "expects.environment.forbidden: the list is empty; name the variables, or leave it "
            "out"},
        Bad{"\"expects\":{\"environment\":{\"forbid\":[\"NCCL_ALGO\"]}}," + clause(),
            "expects.environment.forbidden: the key is missing; add it"},
        Bad{"\"expects\":{\"files\":{\"tiny\":\"\"}}," + clause(),
            "expects.files.tiny: no run keeps a file of that name; write model-NAME.json, "
            "parallelism-NAME.json, routing-NAME.csv, or counts-DIGEST.csv"},
        Bad{"\"expects\":{\"files\":{\"model-tiny.json\":\"AB\"}}," + clause(),
            "expects.files.model-tiny.json: \"AB\" is no SHA-256; give the 64 digits that "
            "sha256sum prints"},
        Bad{"\"expects\":{\"files\":{}}," + clause(),
            "expects.files: no file is named; name files, or leave it out"},
        Bad{"\"expects\":{\"nodes\":0}," + clause(),
            "expects.nodes: 0 is out of range; it must be at least 1"},
        Bad{"\"clauses\":7", "clauses: 7 is not a list; write for example […]"},
        Bad{"\"name2\":7," + clause(),
            "name2: unknown key; expected one of clauses, confidence, description, expects, "
            "false_accept, false_reject, format, guard, name, schema_version"}));

std::string relative(const std::string& bound, const std::string& of_more = "") {
  return R"("clauses":[{"id":"x","of":{"benchmark":"all_reduce")" + of_more +
         R"(},"metric":"busbw","at_least":)" + bound + "}]";
}

TEST(ParseContract, RefusesRelativeBoundsThatCompareWhatDiffers) {
  EXPECT_THAT(refused(relative(R"({"times":0.5,"metric":"flops","of":{}})")),
              HasSubstr("clauses[0].at_least: busbw is in B/s and flops in FLOP/s; compare figures "
                        "of the same unit"));
  EXPECT_THAT(refused(relative(R"({"times":0.5,"metric":"busbw","of":{},"across":"min/median"})")),
              HasSubstr("min/median is a ratio, not a figure"));
  EXPECT_THAT(refused(relative(R"({"times":0.5,"metric":"busbw","of":{"pacing":"isolated"}})",
                               R"(,"pacing":"stream")")),
              HasSubstr("pacing stream is compared with pacing isolated"));
  EXPECT_THAT(refused(relative(R"({"times":0,"metric":"busbw","of":{}})")),
              HasSubstr("clauses[0].at_least.times: 0 is out of range"));
  EXPECT_THAT(refused(relative(R"({"times":1,"metric":"busbw","of":{},"guard":1})")),
              HasSubstr("clauses[0].at_least.guard: unknown key"));
}

TEST(ParseContract, RefusesAnIdThatStandsTwice) {
  const auto one = R"({"id":"a","of":{},"metric":"time","at_most":"1 s"})";
  EXPECT_EQ(refused(std::string("\"clauses\":[") + one + "," + one + "]"),
            "lease.json: clauses[1].id: \"a\" stands twice; give each clause an id of its own");
}

TEST(ParseContract, RefusesOtherDocuments) {
  EXPECT_THAT(refusal([] { parse_contract("{\"format\":\"assay.suite\"}", "x.json"); }),
              HasSubstr("x.json: format"));
  EXPECT_THAT(refusal([] { parse_contract("{\"format\":", "x.json"); }),
              HasSubstr("x.json: line 1, column 11"));
}

TEST(Selector, MatchesWhatItNamesAndSaysSo) {
  Case c{.id = "c", .benchmark = "all_reduce", .dims = {}, .layout = "pairs@7", .protocol = {}};
  c.dims["bytes"] = std::int64_t{1} << 20;
  const auto contract = parse(
      clause(R"("all_reduce"})",
             R"("all_reduce","bytes":{"min":"1MiB","max":"2MiB"},"layout":["world","pairs"]})"));
  const auto& of = contract.clauses[0].of;
  EXPECT_TRUE(matches(of, c));  // a permuted layout goes by its name
  EXPECT_EQ(describe(of), "benchmark=all_reduce, bytes=1 MiB … 2 MiB, layout=world|pairs");
  c.dims["bytes"] = (std::int64_t{2} << 20) + 1;
  EXPECT_FALSE(matches(of, c));
  c.dims.erase("bytes");
  EXPECT_FALSE(matches(of, c));
}

class ShippedContract : public testing::TestWithParam<std::string> {};

TEST_P(ShippedContract, IsValidAgainstItsSchemaAndParses) {
  const auto path = "configs/contracts/" + GetParam() + ".json";
  const auto text = test::contents(path);
  EXPECT_EQ(test::schema_errors(nlohmann::json::parse(text), "contract"), "");
  EXPECT_EQ(parse_contract(text, path).name, GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, ShippedContract,
                         testing::Values("quickstart", "node-cpu", "fabric-cpu", "training-tiny"));

TEST(ContractSchema, KnowsEveryMetricAndNoOther) {
  const auto schema = nlohmann::json::parse(test::contents("configs/schema/contract.schema.json"));
  std::vector<std::string> names;
  for (const auto& metric : metrics) names.emplace_back(metric.name);
  EXPECT_THAT(schema.at("definitions").at("metric").at("enum").get<std::vector<std::string>>(),
              testing::UnorderedElementsAreArray(names));
}

TEST(ContractSchema, RefusesWhatTheParserRefuses) {
  auto json = nlohmann::json::parse(test::contents("configs/contracts/quickstart.json"));
  json["clauses"][0]["at_most"] = "1 GB/s";
  EXPECT_NE(test::schema_errors(json, "contract"), "");
  json["clauses"][0].erase("at_most");
  EXPECT_EQ(test::schema_errors(json, "contract"), "");
  json["clauses"][0]["of"]["bytez"] = "8";
  EXPECT_NE(test::schema_errors(json, "contract"), "");
}

}  // namespace
}  // namespace assay::contract
