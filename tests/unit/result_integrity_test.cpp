// Whatever is changed after a run is named: the file, the case, and what differs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

#include "harness/plan/plan.hpp"
#include "harness/result/codec.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using result::load_result;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Changed : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    original = std::make_unique<TemporaryFolder>();
    write_rich(original->path() / "run");
  }
  static void TearDownTestSuite() { original.reset(); }
  void SetUp() override { restore(); }
  void restore() const {
    fs::remove_all(folder);
    fs::copy(original->path() / "run", folder);
  }
  std::string refused() const {
    return refusal([&] { load_result(folder); });
  }
  /// What is said of result.json after `change`, without journal and manifest.
  std::string refused_after(const std::function<void(json&)>& change) const {
    restore();
    edit_result(folder, change);
    return refused();
  }
  /// Replaces the first `from` in a file of the run.
  void replace(const char* name, const std::string& from, const std::string& to) const {
    auto text = slurp(folder / name);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    spill(folder / name, text.replace(at, from.size(), to));
  }
  void flip_byte(const char* name, std::size_t at) const {
    auto text = slurp(folder / name);
    text.at(at) = static_cast<char>(text[at] ^ 1);
    spill(folder / name, text);
  }
  void cut(const char* name, std::size_t size) const { fs::resize_file(folder / name, size); }

  static inline std::unique_ptr<TemporaryFolder> original;
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
};

// The first case's samples are the first 372 bytes of the sidecar, the third case's the rest.
constexpr std::size_t in_first = 100, in_third = 500, sidecar_bytes = 372 + 804;

TEST_F(Changed, NothingIsNothingToRefuse) { EXPECT_EQ(refused(), ""); }

TEST_F(Changed, ASampleOfTheFirstCase) {
  flip_byte(result::sidecar_name, in_first);
  EXPECT_THAT(refused(), AllOf(HasSubstr("samples.f32"),
                               HasSubstr("the samples of case c001 do not match their SHA-256"),
                               HasSubstr("the file was changed after the run")));
}

TEST_F(Changed, ASampleOfAnotherCase) {
  flip_byte(result::sidecar_name, in_third);
  EXPECT_THAT(refused(), HasSubstr("the samples of case c003 do not match their SHA-256"));
}

TEST_F(Changed, EveryByteOfTheSidecar) {
  ASSERT_EQ(fs::file_size(folder / result::sidecar_name), sidecar_bytes);
  for (std::size_t at = 0; at < sidecar_bytes; at += 37) {
    flip_byte(result::sidecar_name, at);
    EXPECT_THAT(refused(), HasSubstr("do not match their SHA-256")) << at;
    flip_byte(result::sidecar_name, at);
  }
}

TEST_F(Changed, TheSidecarIsCut) {
  cut(result::sidecar_name, sidecar_bytes - 4);
  EXPECT_THAT(refused(), AllOf(HasSubstr("samples.f32"), HasSubstr("case c003 end at byte 1176"),
                               HasSubstr("truncated")));
}

TEST_F(Changed, TheSidecarIsLonger) {
  spill(folder / result::sidecar_name, slurp(folder / result::sidecar_name) + "abcd");
  EXPECT_THAT(refused(),
              AllOf(HasSubstr("samples.f32"), HasSubstr("has 1180 bytes, the result says 1176")));
}

TEST_F(Changed, TheSidecarIsGone) {
  fs::remove(folder / result::sidecar_name);
  EXPECT_THAT(refused(), AllOf(HasSubstr("samples.f32"), HasSubstr("no such file")));
}

TEST_F(Changed, ACaseIsDropped) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"].erase(1); }),
              HasSubstr("case c002 is missing: 4 of 5 listed, the run says it was complete"));
}

TEST_F(Changed, ACaseIsDroppedFromACutShortRun) {
  EXPECT_THAT(refused_after([](json& d) {
                d["run"]["complete"] = false;
                d["cases"].erase(0);
              }),
              HasSubstr("the samples of case c003 are said to begin at byte 372, but those of the "
                        "cases before it end at byte 0"));
}

TEST_F(Changed, TheLastCaseWithSamplesIsDroppedFromACutShortRun) {
  EXPECT_THAT(refused_after([](json& d) {
                d["run"]["complete"] = false;
                d["cases"].erase(2);
              }),
              HasSubstr("the cases listed hold 372: a case was dropped"));
}

TEST_F(Changed, ACaseStandsTwice) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][3] = d["cases"][4]; }),
              HasSubstr("case c005 stands twice"));
}

TEST_F(Changed, MoreCasesThanPlanned) {
  EXPECT_THAT(refused_after([](json& d) { d["plan"]["cases"] = 4; }),
              HasSubstr("5 cases are listed, the plan has 4"));
}

TEST_F(Changed, CasesAreSwapped) {
  EXPECT_THAT(refused_after([](json& d) { std::swap(d["cases"][0], d["cases"][2]); }),
              HasSubstr("case c003 are said to begin at byte 372"));
}

TEST_F(Changed, ALayoutIsLargerThanTheRun) {
  EXPECT_THAT(refused_after([](json& d) {
                d["layouts"]["world"] = {{"kind", "circle"}, {"size", 4096}};
              }),
              HasSubstr("layouts.world.size: 4096 is more than the 4 ranks of the run"));
}

TEST_F(Changed, LayoutsHaveMoreGroupsThanMemory) {
  EXPECT_THAT(refused_after([](json& d) {
                d["topology"]["hosts"][0]["ranks"] = "0-4095";
                d["topology"]["hosts"].erase(1);
                for (const char* name : {"pairs", "pairs@1"})
                  d["layouts"][name] = {{"kind", "circle"}, {"size", 4096}};
              }),
              HasSubstr("the layouts have too many groups"));
}

TEST_F(Changed, ASeriesStandsTwice) {
  EXPECT_THAT(refused_after([](json& d) {
                auto& series = d["cases"][1]["samples"]["inline"];
                series.push_back(series[0]);
              }),
              HasSubstr("cases[1].samples: series t_max stands twice"));
}

TEST_F(Changed, EmptySeriesWithoutEnd) {
  EXPECT_THAT(
      refused_after([](json& d) {
        auto& series = d["cases"][0]["samples"]["series"];
        for (int i = 0; i < 2000; ++i)
          series.push_back(
              {{"name", std::to_string(i)}, {"unit", "s"}, {"axis", "iteration"}, {"counts", 0}});
      }),
      HasSubstr("cases[0].samples.series: 2004 series of 1 groups, but 93 values"));
}

TEST_F(Changed, AFigure) {
  for (const char* key : {"p50", "min", "p1", "p99", "max", "best_p50", "median_p50", "mean"})
    EXPECT_THAT(refused_after([&](json& d) {
                  auto& figure = d["cases"][0]["figures"]["busbw"][key];
                  figure = figure.get<double>() * (1 + 1e-6);
                }),
                AllOf(HasSubstr("cases[0].figures.busbw." + std::string(key)), HasSubstr("c001"),
                      HasSubstr("its samples give")));
}

TEST_F(Changed, AnInterval) {
  EXPECT_THAT(refused_after([](json& d) {
                auto& bounds = d["cases"][0]["figures"]["time"]["p50_interval"];
                bounds[0] = bounds[1];
              }),
              HasSubstr("cases[0].figures.time.p50_interval: case c001 says"));
}

TEST_F(Changed, AnIntervalThatIsDenied) {
  EXPECT_THAT(
      refused_after([](json& d) { d["cases"][0]["figures"]["time"]["p50_interval"] = nullptr; }),
      HasSubstr("cases[0].figures.time.p50_interval: case c001 says null"));
}

TEST_F(Changed, AFigureIsRemoved) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][0]["figures"].erase("busbw"); }),
              HasSubstr("case c001 lacks the figure busbw that its samples give"));
}

TEST_F(Changed, AFigureIsDeniedAsAbsent) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][0]["absent"]["busbw"] = "broken"; }),
              HasSubstr("case c001 states busbw as absent, its samples give it"));
}

TEST_F(Changed, AFigureIsInvented) {
  EXPECT_THAT(refused_after([](json& d) {
                auto& figures = d["cases"][1]["figures"];
                figures["flops"] = figures["time"];
              }),
              HasSubstr("cases[1].figures.flops: case c002 has a figure that its samples do not"));
}

TEST_F(Changed, TheWorkBehindARate) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][0]["work"][0]["amount"]["bus_bytes"] = 2e8; }),
              HasSubstr("cases[0].figures.busbw"));
}

TEST_F(Changed, TheNumberOfIterations) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][2]["n"] = 99; }),
              HasSubstr("cases[2].n: case c003 says 99 iterations, its samples hold 100"));
}

TEST_F(Changed, ADimension) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][0]["dims"]["bytes"] = 1024; }),
              HasSubstr("plan.sha256 is not that of the cases, layouts and inputs listed"));
}

TEST_F(Changed, ADimensionWithTheJournalStillThere) {
  replace(result::result_name, "\"bytes\":67108864,\"in_place\"",
          "\"bytes\":67108865,\"in_place\"");
  EXPECT_THAT(refused(), HasSubstr("case c001 is not as run.jsonl holds it"));
}

TEST_F(Changed, ALayout) {
  EXPECT_THAT(refused_after([](json& d) {
                d["layouts"]["node"] = {"0-1", "3-3"};
              }),
              HasSubstr("plan.sha256"));
}

TEST_F(Changed, TheWorldInTheHeader) {
  replace(result::result_name, "4 ranks on 2 cores", "4 ranks on 4 cores");
  EXPECT_THAT(refused(), HasSubstr("\"warnings\" is not as run.jsonl holds it"));
}

TEST_F(Changed, TheJournal) {
  replace(result::journal_name, "n0, n1", "n0, n2");
  EXPECT_THAT(refused(), HasSubstr("run/run.jsonl: case c001 is not as result.json holds it"));
}

TEST_F(Changed, ACaseIsDroppedFromTheJournal) {
  auto text = slurp(folder / result::journal_name);
  const auto line = text.find('\n', text.find("\"id\":\"c002\"")) + 1;
  const auto start = text.rfind('\n', line - 2) + 1;
  spill(folder / result::journal_name, text.erase(start, line - start));
  EXPECT_THAT(refused(), HasSubstr("run/run.jsonl: case c002 is not as result.json holds it"));
}

TEST_F(Changed, TheDigestOfTheJournal) {
  const auto digest = result::sha256(slurp(folder / result::journal_name));
  replace(result::result_name, digest, std::string(64, '0'));
  EXPECT_THAT(refused(), HasSubstr("run/run.jsonl: does not match the SHA-256 in result.json"));
}

TEST_F(Changed, TheJournalIsCut) {
  cut(result::journal_name, slurp(folder / result::journal_name).size() - 10);
  EXPECT_THAT(refused(), HasSubstr("run/run.jsonl: is truncated: its last line has no end"));
}

TEST_F(Changed, TheJournalIsGone) {
  fs::remove(folder / result::journal_name);
  EXPECT_THAT(refused(), AllOf(HasSubstr("run.jsonl"), HasSubstr("no such file")));
}

TEST_F(Changed, OnlyWhiteSpace) {
  spill(folder / result::result_name, slurp(folder / result::result_name) + "\n");
  EXPECT_THAT(refused(), AllOf(HasSubstr("result.json"), HasSubstr("does not match SHA256SUMS")));
}

TEST_F(Changed, TheManifest) {
  const auto manifest = slurp(folder / result::manifest_name);
  flip_byte(result::manifest_name, 0);
  EXPECT_THAT(refused(), HasSubstr("does not match SHA256SUMS"));
  spill(folder / result::manifest_name, manifest.substr(manifest.find('\n') + 1));
  EXPECT_THAT(refused(), HasSubstr("does not list result.json"));
  const auto second = manifest.find('\n') + 1;
  spill(folder / result::manifest_name, manifest);
  flip_byte(result::manifest_name, second);
  EXPECT_THAT(refused(),
              HasSubstr("run/SHA256SUMS: its digest of run.jsonl is not that of the file"));
  spill(folder / result::manifest_name, manifest.substr(0, manifest.size() - 10));
  EXPECT_THAT(refused(), HasSubstr("run/SHA256SUMS: is truncated"));
  spill(folder / result::manifest_name,
        manifest.substr(0, manifest.rfind('\n', manifest.size() - 2) + 1));
  EXPECT_THAT(refused(), HasSubstr("run/SHA256SUMS: does not list samples.f32"));
  spill(folder / result::manifest_name, "nonsense\n");
  EXPECT_THAT(refused(), HasSubstr("is no line of sha256sum"));
  spill(folder / result::manifest_name, manifest.substr(0, 64) + "  ../../etc/passwd\n");
  EXPECT_THAT(refused(), HasSubstr("is no file of the run's folder"));
}

TEST_F(Changed, ResultIsCutAnywhere) {
  const auto text = slurp(folder / result::result_name);
  for (std::size_t size = 0; size + 2 < text.size(); size += 97) {
    spill(folder / result::result_name, text.substr(0, size));
    EXPECT_THAT(refused(), AllOf(HasSubstr("result.json"), HasSubstr("line "),
                                 HasSubstr("truncated or no valid JSON")))
        << size;
  }
}

TEST_F(Changed, UnknownKeys) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][2]["bytez"] = 1; }),
              HasSubstr("result.json: cases[2].bytez: unknown key"));
}

TEST_F(Changed, WrongTypes) {
  EXPECT_THAT(refused_after([](json& d) { d["cases"][2]["elapsed_s"] = "1 s"; }),
              HasSubstr("cases[2].elapsed_s: \"1 s\" is of the wrong type"));
}

TEST_F(Changed, MissingKeys) {
  EXPECT_THAT(refused_after([](json& d) { d["run"].erase("seed"); }),
              HasSubstr("run.seed: the key is missing"));
}

TEST_F(Changed, AnotherVersion) {
  EXPECT_THAT(refused_after([](json& d) { d["schema_version"] = "1.0.0"; }),
              HasSubstr("schema_version: version \"1.0.0\" cannot be read by this program"));
}

TEST_F(Changed, AnotherDocument) {
  EXPECT_THAT(refused_after([](json& d) { d["format"] = "assay.contract"; }),
              HasSubstr("format: \"assay.contract\" is unknown"));
}

/// Offsets, sizes and counts that must not be believed before they are compared with the file.
TEST_F(Changed, HostileNumbers) {
  using Edit = std::function<void(json&)>;
  const auto samples = [](const char* key, json value) -> Edit {
    return [=](json& d) { d["cases"][0]["samples"][key] = value; };
  };
  const auto max = std::numeric_limits<std::int64_t>::max();
  const std::vector<Edit> edits{
      samples("offset", -4),
      samples("offset", max),
      samples("bytes", max),
      samples("bytes", max - 3),
      samples("bytes", std::numeric_limits<std::uint64_t>::max()),
      samples("bytes", 1e300),
      samples("groups", max),
      samples("groups", 0),
      samples("series", json::array()),
      samples("block_length", -1),
      samples("file", "../../../etc/passwd"),
      samples("file", "/etc/passwd"),
      [=](json& d) { d["cases"][0]["samples"]["series"][0]["counts"] = max; },
      [=](json& d) {
        d["cases"][0]["samples"]["series"][0]["counts"] = {1, 2};
      },
      [=](json& d) { d["cases"][1]["samples"]["inline"][0]["values"] = {{1.0}}; },
      [=](json& d) { d["cases"][1]["samples"]["inline"][0]["values"][0][0] = 1e300; },
      [=](json& d) { d["plan"]["cases"] = max; },
      [=](json& d) { d["topology"]["hosts"][0]["ranks"] = "0-2000000000"; },
      [=](json& d) { d["topology"]["hosts"][0]["ranks"] = "0-9999999,0-9999999"; },
      [=](json& d) { d["topology"]["hosts"][0]["ranks"] = "7-8"; },
      [=](json& d) { d["topology"]["hosts"][0]["ranks"] = "0-2"; },
      [=](json& d) { d["topology"]["hosts"][0]["fingerprint"] = 7; },
      [=](json& d) { d["topology"]["hosts"] = json::array(); },
      [=](json& d) { d["layouts"]["world"] = {"0-4"}; },
      [=](json& d) {
        d["layouts"]["world"] = {{"kind", "circle"}, {"size", max}};
      },
      [=](json& d) { d["layouts"].erase("world"); },
      [=](json& d) { d["cases"][0]["flags"][0]["group"] = max; },
      [=](json& d) { d["cases"][0]["work"].push_back(d["cases"][0]["work"][0]); },
      [=](json& d) { d["cases"][2]["verify"]["before"]["first"]["rank"] = max; },
      [=](json& d) { d["run"]["attempt"] = max; },
  };
  for (std::size_t i = 0; i < edits.size(); ++i) {
    EXPECT_THAT(refused_after(edits[i]), HasSubstr("run/")) << "edit " << i;
  }
}

TEST_F(Changed, TextThatIsNoDocument) {
  const std::vector<std::string> texts{"",
                                       "null",
                                       "[]",
                                       "{}",
                                       "{\"format\":\"assay.result\"}",
                                       "\xff\xfe",
                                       "{\"a\":1,\"a\":2}",
                                       "1e999",
                                       std::string(1 << 20, '['),
                                       std::string(100, '[') + std::string(100, ']'),
                                       "{\"format\":\"\xc3\x28\"}"};
  fs::remove(folder / result::manifest_name);
  for (const auto& text : texts) {
    spill(folder / result::result_name, text);
    EXPECT_THAT(refused(), HasSubstr("result.json")) << text.substr(0, 40);
  }
}

/// A file that says who sends how much to whom is called by its content.
TEST(KeptTraffic, IsWhatTheCaseNames) {
  const std::string csv = "1,2\n3,4\n";
  const auto digest = result::sha256(csv).substr(0, traffic_digits);
  TemporaryFolder temporary;
  auto document = rich_document();
  document.cases.resize(1);
  const auto refused = [&](const std::string& counts, const std::string& kept) {
    const auto folder = temporary.path() / (counts.substr(5) + kept);
    document.cases[0].spec.dims["counts"] = counts;
    result::RunWriter writer(folder, document);
    writer.append(document.cases[0]);
    writer.keep(kept, csv);
    writer.finish({.complete = false, .reason = "interrupted", .ended = "now"});
    return refusal([&] { load_result(folder); });
  };
  const auto counts = format_traffic({"moe.csv", digest}), kept = "counts-" + digest + ".csv";
  EXPECT_EQ(refused(counts, kept), "");
  const std::string other = "0123456789ab";
  for (const auto& [named, file] : {std::array{counts, "counts-" + other + ".csv"},
                                    std::array{format_traffic({"moe.csv", other}), kept},
                                    std::array{"file:moe.csv#" + other, "counts-" + other + ".csv"},
                                    std::array{std::string("file:moe.csv"), kept}})
    EXPECT_THAT(refused(named, file),
                HasSubstr("case c001 names counts=" + named + ", and no file listed is that"));
}

/// A model is called by its name, and what it was is one of the files.
TEST(KeptModel, IsAmongTheFiles) {
  TemporaryFolder temporary;
  auto document = rich_document();
  document.cases.resize(1);
  document.cases[0].spec.dims["model"] = std::string("tiny");
  const auto refused = [&](const std::string& kept) {
    const auto folder = temporary.path() / (kept + std::to_string(document.plan.inputs.size()));
    result::RunWriter writer(folder, document);
    writer.append(document.cases[0]);
    writer.keep(kept, "{}");
    writer.finish({.complete = false, .reason = "interrupted", .ended = "now"});
    return refusal([&] { load_result(folder); });
  };
  EXPECT_EQ(refused("model-tiny.json"), "");
  EXPECT_THAT(refused("model-tony.json"),
              HasSubstr("case c001 names model=tiny, and no file listed is that"));
  document.plan.inputs = {{"model-tiny.json", std::string(64, 'a')}};
  EXPECT_THAT(refused("model-tiny.json"),
              HasSubstr("no file listed is the model-tiny.json of plan.inputs"));
}

/// The contract that a run was judged against is one of its files.
class KeptContract : public ::testing::Test {
 protected:
  void SetUp() override {
    result::RunWriter writer(folder, rich_document());
    writer.keep(result::contract_name, text);
    writer.finish({.complete = false, .reason = "interrupted", .ended = "now"});
  }
  std::string refused() const {
    return refusal([&] { load_result(folder); });
  }
  std::string refused_with_another() const {
    return refusal([&] { load_result(folder, result::KeptContract::unused); });
  }

  const std::string text = "{\"name\":\"lease\"}";
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
  const fs::path contract = folder / result::contract_name;
};

TEST_F(KeptContract, IsListedWithTheOtherFiles) {
  EXPECT_EQ(slurp(contract), text);
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(load_result(folder).document.files.back().path, "contract.json");
  EXPECT_THAT(slurp(folder / result::manifest_name),
              HasSubstr(result::sha256(text) + "  contract.json\n"));
}

TEST_F(KeptContract, IsNamedWhenItWasChanged) {
  spill(contract, "{\"name\":\"leese\"}");
  EXPECT_THAT(refused(), AllOf(HasSubstr("run/contract.json: does not match the SHA-256"),
                               HasSubstr("or name one with --contract")));
  EXPECT_EQ(refused_with_another(), "");
  spill(contract, text + " ");
  EXPECT_THAT(refused(), HasSubstr("run/contract.json: has 17 bytes, the result says 16"));
}

TEST_F(KeptContract, IsNamedWhenItIsGone) {
  fs::remove(contract);
  EXPECT_THAT(refused(), HasSubstr("run/contract.json: is missing; restore the contract that the "
                                   "run was judged against, or name one with --contract"));
  EXPECT_EQ(refused_with_another(), "");
}

TEST_F(KeptContract, IsCheckedByTheManifestToo) {
  const auto path = folder / result::manifest_name;
  const auto manifest = slurp(path);
  spill(path, manifest.substr(0, manifest.rfind('\n', manifest.size() - 2) + 1));
  EXPECT_THAT(refused(), HasSubstr("run/SHA256SUMS: does not list contract.json"));
  EXPECT_EQ(refused_with_another(), "");
  // Of a run that was killed there is no result to list it.
  spill(path, manifest);
  spill(contract, "{}");
  EXPECT_THAT(refusal([&] { load_result(folder / result::journal_name); }),
              HasSubstr("run/contract.json: does not match SHA256SUMS"));
}

TEST(NotARun, IsSaidSo) {
  const TemporaryFolder temporary;
  const auto& folder = temporary.path();
  EXPECT_THAT(refusal([&] { load_result(folder / "none"); }), HasSubstr("no such file"));
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("holds neither result.json nor run.jsonl; give the folder of a run"));
  fs::create_directory(folder / "result.json");
  EXPECT_THAT(refusal([&] { load_result(folder); }), HasSubstr("is a directory"));
  EXPECT_THAT(refusal([&] { load_result("/dev/null"); }), HasSubstr("/dev/null: cannot be read"));
}

}  // namespace
}  // namespace assay::test
