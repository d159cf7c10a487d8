// A run that was cut short, and somebody who goes on with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/result/journal.hpp"
#include "harness/result/unfinished.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using result::journal_name;
using result::load_result;
using result::manifest_name;
using result::open_unfinished;
using result::result_name;
using result::RunWriter;
using result::sidecar_name;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Resumed : public ::testing::Test {
 protected:
  void SetUp() override {
    document.provenance = result::Provenance::measured;
    document.run.attempt = 1;
    for (const auto& c : document.cases) conduct.cases.push_back(c.spec);
    conduct.timeout_s = 30;
    conduct.contract = "{\"name\":\"größe\"}\n";
    conduct.warnings = {warn(WarningCode::unbound, "ranks 0-3", "n0")};
  }
  /// A run that was killed when `cases` were finished.
  void write(std::size_t cases) {
    RunWriter writer(folder, document, conduct);
    for (std::size_t i = 0; i < cases; ++i) writer.append(document.cases[i]);
  }
  static result::Attempt attempt_at(const result::Unfinished& run) {
    return {.attempt = run.document.run.attempt + 1,
            .id = "beef",
            .started = "2026-01-31T13:00:00Z",
            .command = "assay run --resume",
            .first_case = run.first_case(),
            .previous = run.previous,
            .topology = run.document.topology};
  }
  /// Measures what is missing, up to `cases` in all.
  void go_on(std::size_t cases) {
    auto run = open_unfinished(folder);
    const auto done = run.document.cases.size();
    const auto attempt = attempt_at(run);
    RunWriter writer(std::move(run), attempt);
    for (std::size_t i = done; i < cases; ++i) writer.append(document.cases[i]);
    if (cases == document.cases.size()) writer.finish(rich_ending());
  }
  void change(const char* name, const std::string& from, const std::string& to) {
    auto text = slurp(folder / name);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    spill(folder / name, text.replace(at, from.size(), to));
  }
  std::string refused() const {
    return refusal([&] { open_unfinished(folder); });
  }

  result::ResultDocument document = rich_document();
  result::Conduct conduct;
  TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "run";
};

TEST_F(Resumed, WhatWasRecordedIsReadAgain) {
  conduct.ranks_per_node = 2;
  conduct.rotation_bytes = 1 << 20;
  conduct.sync = "barrier";
  conduct.share_gpu = true;
  conduct.max_time_per_case_s = 7;
  write(1);
  const auto run = open_unfinished(folder);
  EXPECT_EQ(run.conduct.ranks_per_node, 2);
  EXPECT_EQ(run.conduct.rotation_bytes, 1U << 20);
  EXPECT_EQ(run.conduct.sync, "barrier");
  EXPECT_TRUE(run.conduct.share_gpu);
  EXPECT_EQ(run.conduct.max_time_per_case_s, 7);
  EXPECT_EQ(run.conduct.timeout_s, 30);
  EXPECT_EQ(run.conduct.contract, conduct.contract);
  EXPECT_EQ(run.conduct.warnings, conduct.warnings);
  const auto plan = planned(run.document, run.conduct);
  EXPECT_EQ(plan.seed, document.run.seed);
  EXPECT_EQ(result::sha256(plan::canonical(plan)), document.plan.sha256);
  EXPECT_EQ(run.first_case(), "c002");
  EXPECT_EQ(run.previous, "it was killed");
  const auto header = nlohmann::json::parse(run.header_line());
  EXPECT_NO_THROW(result::validate_schema(header, "journal", "header"));
}

/// Cut at every line, and in the middle of the last: what is measured later makes the run whole.
TEST_F(Resumed, AfterAnyCaseItBecomesTheRunThatItWouldHaveBeen) {
  const auto whole = temporary.path() / "whole";
  {
    RunWriter writer(whole, document, conduct);
    for (const auto& c : document.cases) writer.append(c);
    writer.finish(rich_ending());
  }
  const auto uncut = nlohmann::json::parse(slurp(whole / result_name));
  for (std::size_t cases = 0; cases <= document.cases.size(); ++cases) {
    write(cases);
    const auto begun = slurp(folder / journal_name);
    spill(folder / journal_name, begun + "{\"id\":\"c00");
    spill(folder / sidecar_name, slurp(folder / sidecar_name) + "more");
    go_on(document.cases.size());
    EXPECT_THAT(slurp(folder / journal_name), StartsWith(begun + "{\"attempt\":2,"));
    EXPECT_EQ(slurp(folder / sidecar_name), slurp(whole / sidecar_name));
    const auto read = load_result(folder).document;
    EXPECT_TRUE(read.run.complete);
    EXPECT_EQ(read.run.attempt, 2);
    ASSERT_EQ(read.resumed.size(), 1U);
    EXPECT_EQ(read.resumed[0].first_case,
              cases < 5 ? document.cases[cases].spec.id : std::string());
    EXPECT_EQ(read.resumed[0].topology.hosts.size(), 2U);
    const auto json = nlohmann::json::parse(slurp(folder / result_name));
    EXPECT_EQ(json.at("cases"), uncut.at("cases")) << cases;
    EXPECT_EQ(json.at("run").at("id"), uncut.at("run").at("id"));
    for (const auto& line : json.at("resumed"))
      EXPECT_NO_THROW(result::validate_schema(line, "journal", "line"));
    fs::remove_all(folder);
  }
}

TEST_F(Resumed, AgainAndAgain) {
  write(1);
  go_on(2);
  go_on(2);
  go_on(4);
  const auto cut = load_result(folder).document;
  EXPECT_FALSE(cut.run.complete);
  EXPECT_EQ(cut.run.attempt, 4);
  go_on(5);
  const auto read = load_result(folder).document;
  EXPECT_TRUE(read.run.complete);
  EXPECT_EQ(read.run.attempt, 5);
  std::vector<std::string> first;
  for (const auto& attempt : read.resumed) first.push_back(attempt.first_case);
  EXPECT_THAT(first, ElementsAre("c002", "c003", "c003", "c005"));
}

TEST_F(Resumed, AfterAnEndingThatSaidWhy) {
  {
    RunWriter writer(folder, document, conduct);
    writer.append(document.cases[0]);
    writer.finish({.complete = false, .reason = "rank 1 is gone", .ended = "now"});
  }
  EXPECT_TRUE(fs::exists(folder / result_name));
  go_on(3);  // killed again: what an earlier attempt wrote of itself is no longer there
  EXPECT_FALSE(fs::exists(folder / result_name));
  EXPECT_FALSE(fs::exists(folder / manifest_name));
  EXPECT_THAT(load_result(folder).document.run.reason, HasSubstr("no footer"));
  go_on(5);
  const auto read = load_result(folder).document;
  EXPECT_TRUE(read.run.complete);
  EXPECT_EQ(read.run.reason, "");
  EXPECT_EQ(read.resumed[0].previous, "rank 1 is gone");
}

TEST_F(Resumed, WhereOnlyFilesAreMissingTheyAreWritten) {
  for (const char* missing : {result_name, manifest_name}) {
    {
      RunWriter writer(folder, document, conduct);
      for (const auto& c : document.cases) writer.append(c);
      writer.finish(rich_ending());
    }
    fs::remove(folder / manifest_name);
    fs::remove(folder / missing);
    auto run = open_unfinished(folder);
    EXPECT_EQ(run.first_case(), "");
    EXPECT_EQ(run.previous, "it was killed while it wrote its files");
    const auto attempt = attempt_at(run);
    RunWriter(std::move(run), attempt).finish(rich_ending());
    EXPECT_TRUE(load_result(folder).document.run.complete);
    EXPECT_TRUE(fs::exists(folder / manifest_name));
    fs::remove_all(folder);
  }
}

TEST_F(Resumed, OneAtATime) {
  RunWriter writer(folder, document, conduct);
  EXPECT_EQ(refused(), folder.string() +
                           ": another process is writing this run; wait until it "
                           "has ended, or end it first");
  const auto other = temporary.path() / "other";
  RunWriter(other, document, conduct).append(document.cases[0]);
  auto run = open_unfinished(other);
  EXPECT_THAT(refusal([&] { open_unfinished(other); }), HasSubstr("another process is writing"));
  const auto attempt = attempt_at(run);
  RunWriter next(std::move(run), attempt);
  EXPECT_THAT(refusal([&] { open_unfinished(other); }), HasSubstr("another process is writing"));
}

TEST_F(Resumed, ACompleteRunIsLeftAlone) {
  write_rich(folder);
  const auto before = slurp(folder / journal_name);
  EXPECT_EQ(refused(), folder.string() +
                           ": the run is complete: nothing is left to measure; see its verdict "
                           "with: assay judge " +
                           folder.string());
  EXPECT_EQ(slurp(folder / journal_name), before);
}

TEST_F(Resumed, WhatIsNoJournalIsNamed) {
  EXPECT_EQ(refused(), folder.string() + ": holds no run.jsonl; give the folder of a run");
  fs::create_directory(folder);
  spill(folder / journal_name, "{\"format\":\"assay");
  EXPECT_THAT(refused(),
              HasSubstr("run.jsonl: holds no complete header line; the run ended befor"));
}

TEST_F(Resumed, AJournalOfAnotherVersionIsRefused) {
  write(1);
  change(journal_name, "\"schema_version\":\"0.1.6\"", "\"schema_version\":\"0.1.0\"");
  EXPECT_THAT(refused(), AllOf(HasSubstr("run.jsonl: line 1: schema_version: version \"0.1.0\" "
                                         "cannot be resumed by this program, which writes 0.1.6"),
                               HasSubstr("resume it with the assay that began it")));
  change(journal_name, "\"schema_version\":\"0.1.0\"", "\"schema_version\":\"2.0.0\"");
  EXPECT_THAT(refused(), HasSubstr("version \"2.0.0\" cannot be read by this program"));
}

TEST_F(Resumed, AJournalThatDoesNotSayHowIterationsStartIsGoneOnWith) {
  write(1);
  change(journal_name, "\"schema_version\":\"0.1.6\"", "\"schema_version\":\"0.1.1\"");
  change(journal_name, "\"sync\":\"auto\",", "\"memory_bytes_per_rank\":2.5,");
  EXPECT_EQ(open_unfinished(folder).conduct.sync, "auto");
  go_on(5);
  EXPECT_TRUE(load_result(folder).document.run.complete);
}

TEST_F(Resumed, WhatWasChangedIsNamed) {
  const auto refused_after = [&](auto touch) {
    fs::remove_all(folder);
    write(2);
    touch();
    return refused();
  };
  EXPECT_THAT(refused_after([&] { change(journal_name, "{\"id\":\"c002\"", "{\"id:\"c002\""); }),
              HasSubstr("run.jsonl: line 3: line 1, column"));
  EXPECT_THAT(refused_after([&] { change(journal_name, "\"id\":\"c004\"", "\"id\":\"c044\""); }),
              HasSubstr("line 1: plan.sha256 is not that of the cases planned"));
  EXPECT_THAT(refused_after([&] { spill(folder / sidecar_name, "short"); }),
              AllOf(HasSubstr("samples.f32"), HasSubstr("c001")));
  EXPECT_THAT(refused_after([&] { spill(folder / result::contract_name, "{}"); }),
              HasSubstr("contract.json: is not the contract that the run was begun with"));
  EXPECT_THAT(refused_after([&] {
                auto text = slurp(folder / journal_name);
                const auto last = text.rfind("\"optional\":");
                spill(folder / journal_name, text.replace(last, 15, "\"optional\":false"));
              }),
              HasSubstr("case c002 stands where the plan has another"));
}

/// The file that says who sends how much to whom is what the first case calls it.
TEST_F(Resumed, AMatrixThatIsAnotherIsNamed) {
  const std::string csv = "1,2\n3,4\n";
  const auto counts = format_traffic({"moe.csv", result::sha256(csv).substr(0, traffic_digits)});
  document.cases[0].spec.dims["counts"] = conduct.cases[0].dims["counts"] = counts;
  document.plan.sha256 = result::sha256(plan::canonical({.suite = "rich",
                                                         .seed = document.run.seed,
                                                         .cases = conduct.cases,
                                                         .layouts = document.layouts}));
  const auto begin = [&](std::map<std::string, std::string> matrices) {
    fs::remove_all(folder);
    conduct.inputs = {{"counts", std::move(matrices)}};
    write(1);
  };
  begin({{counts, csv}});
  auto run = open_unfinished(folder);
  EXPECT_EQ(run.conduct.inputs.at("counts").at(counts), csv);
  EXPECT_EQ(planned(run.document, run.conduct).cases[0].traffic->weights[3], 4U);
  EXPECT_NO_THROW(result::validate_schema(nlohmann::json::parse(run.header_line()), "journal", ""));
  const auto lacking = "line 1: it does not hold what counts=";
  begin({});
  EXPECT_THAT(refused(), HasSubstr(lacking + counts + " names"));
  begin({{counts, "1,2\n3,5\n"}});
  EXPECT_THAT(refused(), HasSubstr(lacking + counts + " names"));
  begin({{counts, csv}, {"x", "7"}});
  EXPECT_THAT(refused(), HasSubstr(std::string(lacking) + "x names"));
  begin({{counts, csv}});
  spill(folder / kept_traffic(traffic_name(counts)), "7");
  EXPECT_THAT(refused(), HasSubstr(".csv: is not the file that the run was begun with"));
}

/// Models and parallelisms are called by a name, which is part of a file's.
TEST_F(Resumed, AModelThatIsMissingOrAnotherIsNamed) {
  const auto begin = [&](const std::string& name, InputTexts inputs) {
    fs::remove_all(folder);
    document.cases[0].spec.dims["model"] = conduct.cases[0].dims["model"] = name;
    document.plan.sha256 = result::sha256(plan::canonical({.suite = "rich",
                                                           .seed = document.run.seed,
                                                           .cases = conduct.cases,
                                                           .layouts = document.layouts}));
    conduct.inputs = std::move(inputs);
    write(1);
  };
  const auto text = test::contents("configs/models/tiny.json");
  begin("tiny", {{"model", {{"tiny", text}}}});
  auto run = open_unfinished(folder);
  EXPECT_EQ(run.conduct.inputs.at("model").at("tiny"), text);
  begin("tiny", {});
  EXPECT_THAT(refused(), HasSubstr("line 1: it does not hold what model=tiny names"));
  begin("../x", {{"model", {{"../x", text}}}});
  EXPECT_THAT(refused(), HasSubstr("line 1: it does not hold what model=../x names"));
  begin("tiny", {{"model", {{"tiny", text}}}});
  spill(folder / "model-tiny.json", "{}");
  EXPECT_THAT(refused(), HasSubstr("model-tiny.json: is not the file that the run was begun with"));
}

/// The plan says by a digest what each file held: changing both file and journal is no way.
TEST_F(Resumed, AModelIsTheOneThatWasPlanned) {
  const InputTexts inputs{{"model", {{"tiny", test::contents("configs/models/tiny.json")}}}};
  document.cases[0].spec.dims["model"] = conduct.cases[0].dims["model"] = std::string("tiny");
  document.plan.inputs = result::digests_of(inputs);
  const plan::Plan plan{.suite = "rich",
                        .seed = document.run.seed,
                        .cases = conduct.cases,
                        .layouts = document.layouts};
  document.plan.sha256 = result::sha256(plan::canonical(plan, document.plan.inputs));
  EXPECT_NE(plan::canonical(plan), plan::canonical(plan, document.plan.inputs));
  const auto begin = [&](InputTexts held) {
    fs::remove_all(folder);
    conduct.inputs = std::move(held);
    write(1);
  };
  begin(inputs);
  EXPECT_EQ(open_unfinished(folder).document.plan.inputs, document.plan.inputs);
  EXPECT_NO_THROW(result::validate_schema(
      nlohmann::json::parse(open_unfinished(folder).header_line()), "journal", ""));
  auto another = inputs;
  another["model"]["tiny"] += "\n";
  begin(another);
  EXPECT_THAT(refused(), HasSubstr("line 1: it does not hold what model=tiny names"));
  document.plan.inputs["model-tiny.json"] = result::digests_of(another)["model-tiny.json"];
  begin(another);
  EXPECT_THAT(refused(), HasSubstr("line 1: plan.sha256 is not that of the cases planned"));
}

TEST_F(Resumed, AJournalOfBeforeHoldsMatricesElsewhere) {
  write(2);
  change(journal_name, "\"schema_version\":\"0.1.6\"", "\"schema_version\":\"0.1.4\"");
  change(journal_name, "\"sync\":\"auto\",", "\"sync\":\"auto\",\"traffic\":{},");
  EXPECT_TRUE(open_unfinished(folder).conduct.inputs.at("counts").empty());
}

TEST_F(Resumed, AttemptsAreNumberedAndBeginWhereTheySay) {
  write(2);
  go_on(4);
  change(journal_name, "{\"attempt\":2,", "{\"attempt\":3,");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("resumed[0]: attempt 3 stands where attempt 2 belongs"));
  change(journal_name, "{\"attempt\":3,", "{\"attempt\":2,");
  change(journal_name, "\"first_case\":\"c003\"", "\"first_case\":\"c004\"");
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("line 4: the attempt did not begin with the case that follows it"));
  change(journal_name, "\"first_case\":\"c004\"", "\"first_case\":4");
  EXPECT_NE(refusal([&] { load_result(folder); }), "");
}

TEST_F(Resumed, ALineOfAnAttemptCannotBringCasesAlong) {
  write(2);
  std::ofstream(folder / journal_name, std::ios::app) << "{\"attempt\":2}],\"cases\":[{}\n";
  EXPECT_THAT(refusal([&] { load_result(folder); }),
              HasSubstr("run.jsonl: line 4: line 1, column"));
}

}  // namespace
}  // namespace assay::test
