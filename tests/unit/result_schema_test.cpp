// Schemas are compiled in, and what they refuse is said in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/json_reader.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/embedded_schemas.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json rich_json() {
  const TemporaryFolder temporary;
  write_rich(temporary.path() / "run");
  return json::parse(slurp(temporary.path() / "run" / result::result_name));
}

std::string refused(const json& document, const char* schema = "result") {
  return refusal([&] { result::validate_schema(document, schema, "f.json"); });
}

TEST(EmbeddedSchemas, AreTheCommittedFiles) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("configs/schema"))
    files += entry.path().string().ends_with(".schema.json") ? 1 : 0;
  EXPECT_EQ(result::embedded_schemas().size(), files);
  for (const auto& row : result::embedded_schemas())
    EXPECT_EQ(row.text, slurp("configs/schema/" + std::string(row.name) + ".schema.json"));
}

TEST(ValidateSchema, NamesTheFirstViolation) {
  auto d = rich_json();
  EXPECT_EQ(refused(d), "");
  const std::string see = "; see configs/schema/result.schema.json";
  d["cases"][1]["dims"]["bytes"] = 1.5;
  EXPECT_EQ(refused(d), "f.json: cases[1].dims.bytes: 1.5 is of the wrong type" + see);
  d = rich_json();
  d["topology"]["hosts"][1]["colour"] = "red";
  EXPECT_EQ(refused(d), "f.json: topology.hosts[1].colour: unknown key" + see);
  d = rich_json();
  d["cases"][0].erase("verify");
  EXPECT_EQ(refused(d), "f.json: cases[0].verify: the key is missing" + see);
  d = rich_json();
  d["cases"][0]["status"] = "fine";
  EXPECT_EQ(refused(d), "f.json: cases[0].status: \"fine\" is not among the values allowed" + see);
  d = rich_json();
  d["plan"]["sha256"] = "abc";
  EXPECT_EQ(refused(d), "f.json: plan.sha256: \"abc\" does not have the form required" + see);
  d = rich_json();
  d["cases"][0]["samples"]["inline"] = json::array();
  EXPECT_THAT(refused(d), HasSubstr("cases[0].samples."));
  EXPECT_EQ(refused(json::array()), "f.json: [] is of the wrong type" + see);
}

TEST(ValidateSchema, StandsTextOfAnyLength) {
  auto d = rich_json();
  std::string ranks = "0";
  for (int rank = 2; rank < 200'000; rank += 2) ranks += "," + std::to_string(rank);
  d["topology"]["hosts"][0]["ranks"] = ranks;
  EXPECT_EQ(refused(d), "");
  d["topology"]["hosts"][0]["ranks"] = "x," + ranks;
  EXPECT_THAT(refused(d), HasSubstr("topology.hosts[0].ranks: \"x,0,2,4"));
  d["topology"]["hosts"][0]["ranks"] = std::string(1'000'000, '0');
  EXPECT_EQ(refused(d), "");
}

TEST(ValidateSchema, NumbersAreNotBooleansNorText) {
  for (const char* text : {"true", "\"1\"", "null"}) {
    auto d = rich_json();
    d["cases"][0]["elapsed_s"] = json::parse(text);
    EXPECT_THAT(refused(d), HasSubstr("cases[0].elapsed_s")) << text;
  }
  auto d = rich_json();
  d["run"]["complete"] = 1;
  EXPECT_THAT(refused(d), HasSubstr("run.complete: 1 is of the wrong type"));
}

TEST(ValidateSchema, JournalLinesAreToldApart) {
  EXPECT_THAT(refused(json{{"footer", true}}, "journal"), HasSubstr("the key is missing"));
  EXPECT_THAT(refused(json{{"id", "c001"}}, "journal"), HasSubstr("the key is missing"));
  EXPECT_THAT(refused(json{{"format", "assay.result"}}, "journal"), HasSubstr("f.json"));
}

TEST(ValidateSchema, AnUnknownSchemaIsADefect) {
  EXPECT_THROW(result::validate_schema(json::object(), "nothing", "f.json"), InternalError);
}

TEST(ParseJson, RefusesDepthAndDuplicates) {
  const auto refused_text = [](const std::string& text) {
    return refusal([&] { plan::parse_json(text, "f.json"); });
  };
  EXPECT_EQ(refused_text(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_EQ(refused_text(R"({"a":"[[\"[[\\"})"), "");
  EXPECT_THAT(refused_text(std::string(65, '[')), HasSubstr("more than 64 levels deep"));
  EXPECT_THAT(refused_text(R"({"a":1,"a":2})"), HasSubstr("stands twice"));
  EXPECT_THAT(refused_text("{\n\"a\": oops}"), HasSubstr("line 2, column"));
}

}  // namespace
}  // namespace assay::test
