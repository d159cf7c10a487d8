// What is written is what is read: every part, every digit, and the same bytes again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "benchmarks/micro/generate_document.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/journal.hpp"
#include "harness/result/samples_codec.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using result::journal_name;
using result::load_result;
using result::manifest_name;
using result::result_name;
using result::sidecar_name;
using ::testing::HasSubstr;

class Written : public ::testing::Test {
 protected:
  void SetUp() override { write_rich(folder); }
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
};

TEST_F(Written, HeaderComesBack) {
  const auto wrote = rich_document();
  const auto read = load_result(folder).document;
  EXPECT_EQ(read.provenance, wrote.provenance);
  EXPECT_EQ(read.run.id, "00ff");
  EXPECT_EQ(read.run.attempt, 2);
  EXPECT_EQ(read.run.started, wrote.run.started);
  EXPECT_EQ(read.run.ended, rich_ending().ended);
  EXPECT_TRUE(read.run.complete);
  EXPECT_EQ(read.run.command, wrote.run.command);
  EXPECT_EQ(read.run.seed, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read.run.tool, wrote.run.tool);
  EXPECT_EQ(read.run.environment, wrote.run.environment);
  EXPECT_EQ(read.run.noop_s, 1.25e-7);
  EXPECT_EQ(read.run.clock.sync, rich_ending().clock);
  EXPECT_EQ(read.run.clock.source, "CLOCK_MONOTONIC");
  EXPECT_EQ(read.run.clock.reason, "hosts differ");
  EXPECT_EQ(read.run.clock.resolution_s, 1e-9);
  EXPECT_EQ(read.plan.suite, "rich");
  EXPECT_EQ(read.plan.cases, 5U);
  EXPECT_EQ(read.plan.estimated_s, 12.5);
  EXPECT_EQ(read.layouts, wrote.layouts);
  EXPECT_EQ(read.warnings, rich_ending().warnings);
}

TEST_F(Written, TopologyComesBack) {
  const auto read = load_result(folder).document.topology;
  EXPECT_TRUE(read.stated);
  ASSERT_EQ(read.hosts.size(), 2U);
  EXPECT_EQ(read.hosts[1].name, "n1");
  EXPECT_EQ(read.hosts[0].partition, "lease");
  EXPECT_EQ(read.hosts[1].fingerprint, 1U);
  ASSERT_EQ(read.hosts[1].bindings.size(), 2U);
  EXPECT_EQ(read.hosts[1].bindings[1].cpus, "8-15");
  EXPECT_EQ(read.fingerprints, rich_document().topology.fingerprints);
  EXPECT_EQ(read.devices, rich_document().topology.devices);
  EXPECT_EQ(read.topology().ranks(), 4);
}

TEST_F(Written, CasesComeBack) {
  const auto wrote = rich_document().cases;
  const auto read = load_result(folder).document.cases;
  ASSERT_EQ(read.size(), wrote.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    SCOPED_TRACE(wrote[i].spec.id);
    EXPECT_EQ(plan::to_json(read[i].spec), plan::to_json(wrote[i].spec));
    EXPECT_EQ(read[i].status, wrote[i].status);
    EXPECT_EQ(read[i].reason, wrote[i].reason);
    EXPECT_EQ(read[i].path, wrote[i].path);
    EXPECT_EQ(read[i].reduction, wrote[i].reduction);
    EXPECT_EQ(read[i].work, wrote[i].work);
    EXPECT_EQ(read[i].notes, wrote[i].notes);
    EXPECT_EQ(read[i].absent, wrote[i].absent);
    EXPECT_EQ(read[i].elapsed_s, wrote[i].elapsed_s);
    EXPECT_EQ(read[i].samples.block_length, wrote[i].samples.block_length);
    EXPECT_EQ(read[i].verify.done, wrote[i].verify.done);
    EXPECT_EQ(read[i].verify.reason, wrote[i].verify.reason);
    EXPECT_EQ(read[i].verify.before.wrong, wrote[i].verify.before.wrong);
    EXPECT_EQ(read[i].verify.before.first, wrote[i].verify.before.first);
    EXPECT_EQ(read[i].verify.after.checked, wrote[i].verify.after.checked);
    EXPECT_EQ(read[i].verify.after.method, wrote[i].verify.after.method);
  }
}

TEST_F(Written, SamplesComeBackBitForBit) {
  const auto wrote = rich_document().cases;
  const auto read = load_result(folder).document.cases;
  for (std::size_t i = 0; i < wrote.size(); ++i) {
    ASSERT_EQ(read[i].samples.series.size(), wrote[i].samples.series.size()) << i;
    for (std::size_t s = 0; s < wrote[i].samples.series.size(); ++s) {
      const auto& a = read[i].samples.series[s];
      const auto& b = wrote[i].samples.series[s];
      EXPECT_EQ(a.name, b.name);
      EXPECT_EQ(a.unit, b.unit);
      EXPECT_EQ(a.axis, b.axis);
      EXPECT_EQ(a.group, b.group);
      EXPECT_EQ(a.values, b.values);
    }
  }
  ASSERT_EQ(read[0].samples.flags.size(), 1U);
  EXPECT_EQ(read[0].samples.flags[0].evidence, "d* = 31 of 44");
}

TEST_F(Written, WhatWasReadIsWrittenAsTheSameBytes) {
  const auto read = load_result(folder).document;
  const auto again = temporary.path() / "again";
  result::RunWriter writer(again, read);
  for (const auto& c : read.cases) writer.append(c);
  writer.finish({read.run.complete, read.run.reason, read.run.ended, read.warnings, read.run.noop_s,
                 read.run.clock.sync});
  for (const char* name : {result_name, journal_name, sidecar_name, manifest_name})
    EXPECT_EQ(slurp(again / name), slurp(folder / name)) << name;
}

TEST_F(Written, TheJournalAloneGivesTheSameResult) {
  const auto text = slurp(folder / journal_name);
  const auto lines = result::split_journal(text, "run.jsonl");
  const auto files = load_result(folder).document.files;
  EXPECT_EQ(result::assemble_result(lines, files, "run.jsonl"), slurp(folder / result_name));
  fs::remove(folder / result_name);
  fs::remove(folder / manifest_name);
  const auto read = load_result(folder);
  EXPECT_TRUE(read.document.run.complete);
  EXPECT_EQ(read.document.cases.size(), 5U);
  EXPECT_EQ(read.sha256, result::sha256(text));
}

TEST_F(Written, TheDigestIsThatOfTheFile) {
  EXPECT_EQ(load_result(folder).sha256, result::sha256(slurp(folder / result_name)));
  EXPECT_EQ(load_result(folder / result_name).sha256, load_result(folder).sha256);
}

TEST_F(Written, TheManifestIsWhatSha256sumChecks) {
  const auto check = "cd " + folder.string() + " && sha256sum --strict --quiet -c SHA256SUMS";
  EXPECT_EQ(std::system(check.c_str()), 0);
  spill(folder / sidecar_name, "x");
  EXPECT_NE(std::system((check + " 2>/dev/null >&2").c_str()), 0);
}

TEST_F(Written, EveryDocumentMeetsItsSchema) {
  const auto parsed = nlohmann::json::parse(slurp(folder / result_name));
  EXPECT_NO_THROW(result::validate_schema(parsed, "result", "result.json"));
  std::istringstream lines(slurp(folder / journal_name));
  for (std::string line; std::getline(lines, line);)
    EXPECT_NO_THROW(result::validate_schema(nlohmann::json::parse(line), "journal", "run.jsonl"));
}

/// Run with ASSAY_UPDATE_GOLDEN=1 after a change of the format, and look at the difference.
TEST_F(Written, IsAsTheGoldenFiles) {
  const fs::path golden = "tests/golden/result";
  const bool update = std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr;
  for (const char* name : {result_name, journal_name, sidecar_name, manifest_name}) {
    if (update) fs::copy_file(folder / name, golden / name, fs::copy_options::overwrite_existing);
    EXPECT_EQ(slurp(folder / name), slurp(golden / name)) << name;
  }
  EXPECT_NO_THROW(load_result(golden));
}

TEST(GeneratedDocument, IsReadWithNothingToRefuse) {
  const TemporaryFolder temporary;
  write_document({.hosts = 2, .ranks_per_host = 3, .cases = 20}, temporary.path() / "run");
  const auto read = load_result(temporary.path() / "run").document;
  EXPECT_EQ(read.cases.size(), 20U);
  EXPECT_EQ(read.layouts.at("each").group_count(), 6U);
}

Samples one_series(std::vector<float> values) {
  return {.series = {{"t_max", "s", Axis::iteration, 0, std::move(values)}}, .flags = {}};
}

TEST(InlineSamples, EveryFloatComesBackBitForBit) {
  std::uint32_t bits = 1;
  for (int round = 0; round < 2000; ++round) {
    std::vector<float> values;
    for (int i = 0; i < 64; ++i) {
      bits = bits * 1664525U + 1013904223U;
      const auto value = std::bit_cast<float>(bits);
      values.push_back(std::isfinite(value) ? value : 0.0F);
    }
    const auto json = result::encode_samples(one_series(values), 1, 0).json.dump();
    const auto parsed = nlohmann::json::parse(json);
    result::SidecarSource none("no-such-file");
    const auto read = result::decode_samples({parsed, {"x", {}}}, none, 1, "c001");
    ASSERT_EQ(std::memcmp(read.series[0].values.data(), values.data(), 64 * sizeof(float)), 0);
  }
}

TEST(InlineSamples, AreShortForPeople) {
  const auto json = result::encode_samples(one_series({1.1e-6F, 0.1F, 2.0F}), 1, 0).json;
  EXPECT_EQ(json["inline"][0]["values"].dump(), "[[1.1e-06,0.1,2.0]]");
}

TEST(InlineSamples, ValuesThatAreNotFiniteAreNull) {
  const auto inf = std::numeric_limits<float>::infinity();
  const auto json = result::encode_samples(one_series({1, inf, NAN}), 1, 0).json;
  EXPECT_EQ(json["inline"][0]["values"].dump(), "[[1.0,null,null]]");
  const auto parsed = nlohmann::json::parse(json.dump());
  result::SidecarSource none("no-such-file");
  const auto read = result::decode_samples({parsed, {"x", {}}}, none, 1, "c001");
  EXPECT_TRUE(std::isnan(read.series[0].values[1]));
}

TEST(Samples, SixtyFourAreInlineAndMoreAreNot) {
  EXPECT_TRUE(result::encode_samples(one_series(std::vector<float>(64, 1)), 1, 0).block.empty());
  const auto more = result::encode_samples(one_series(std::vector<float>(65, 1)), 1, 40);
  EXPECT_EQ(more.block.size(), 65U);
  EXPECT_EQ(more.json["offset"], 40);
  EXPECT_EQ(more.json["bytes"], 260);
  EXPECT_EQ(more.json["series"][0]["counts"], 65);
}

TEST(Samples, GroupsWithoutValuesAreKeptAsEmptySeries) {
  Samples samples = one_series({1, 2});
  samples.series[0].group = 1;
  const auto parsed = nlohmann::json::parse(result::encode_samples(samples, 3, 0).json.dump());
  result::SidecarSource none("no-such-file");
  const auto read = result::decode_samples({parsed, {"x", {}}}, none, 3, "c001");
  ASSERT_EQ(read.series.size(), 3U);
  EXPECT_TRUE(read.series[0].values.empty());
  EXPECT_EQ(read.series[1].values, (std::vector<float>{1, 2}));
}

TEST(Samples, ContradictionsAreDefects) {
  auto twice = one_series({1});
  twice.series.push_back(twice.series[0]);
  EXPECT_THROW(result::encode_samples(twice, 1, 0), InternalError);
  auto units = one_series({1});
  units.series.push_back({"t_max", "B", Axis::iteration, 1, {1}});
  EXPECT_THROW(result::encode_samples(units, 2, 0), InternalError);
  EXPECT_THROW(result::encode_samples(one_series({1}), 0, 0), InternalError);
}

TEST(Sha256, OfKnownTexts) {
  EXPECT_EQ(result::sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  result::Sha256 digest;
  digest.add("ab");
  const auto copy = digest;
  digest.add("c");
  EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(copy.hex(), result::sha256("ab"));
}

TEST(UtcTimestamp, IsIso8601) {
  EXPECT_EQ(result::utc_timestamp(std::chrono::system_clock::from_time_t(1769860800)),
            "2026-01-31T12:00:00Z");
}

}  // namespace
}  // namespace assay::test
