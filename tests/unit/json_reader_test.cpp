#include "harness/plan/json_reader.hpp"

#include <gmock/gmock.h>

#include "tests/unit/refusal.hpp"

namespace assay::plan {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

TEST(ParseJson, NamesLineAndColumn) {
  EXPECT_EQ(parse_json(R"({"a": [1, 2]})", "f.json")["a"][1], 2);
  EXPECT_THAT(refusal([] { parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}", "f.json"); }),
              AllOf(StartsWith("f.json: line 3, column 7: "), HasSubstr("expected ':'")));
  EXPECT_THAT(refusal([] { parse_json("{\"a\": 1", "f.json"); }),
              AllOf(StartsWith("f.json: line 1, column 8: "), HasSubstr("truncated")));
  EXPECT_THAT(refusal([] { parse_json("", "f.json"); }), StartsWith("f.json: line 1, column 1: "));
  EXPECT_THAT(refusal([] { parse_json("{\"a\": 1} x", "f.json"); }), StartsWith("f.json: line 1"));
  EXPECT_THAT(refusal([] { parse_json("{\"a\": NaN}", "f.json"); }), StartsWith("f.json: line 1"));
  EXPECT_THAT(refusal([] { parse_json("{\"a\": 1e999}", "f.json"); }), StartsWith("f.json: "));
  EXPECT_THAT(refusal([] { parse_json("{\"\xff\": 1}", "f.json"); }), StartsWith("f.json: line 1"));
}

TEST(ParseJson, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(refusal([] { parse_json(R"({"x": {"a": 1, "b": {"a": 3}, "a": 2}})", "f.json"); }),
              HasSubstr("f.json: key \"a\" stands twice"));
  EXPECT_NO_THROW(parse_json(R"([{"a": 1}, {"a": {"a": 2}}])", "f.json"));
}

TEST(ObjectReader, ReadsEveryType) {
  const Json json{{"text", "x"},          {"count", 3},    {"number", 0.5},      {"flag", true},
                  {"guard", "2%"},        {"ratio", 0.02}, {"rate", "350 GB/s"}, {"size", "64KiB"},
                  {"object", {{"a", 1}}}, {"list", {1, 2}}};
  ObjectReader reader(json, {"f.json", ""});
  EXPECT_EQ(reader.text("text"), "x");
  EXPECT_EQ(reader.integer("count"), 3);
  EXPECT_EQ(reader.number("number"), 0.5);
  EXPECT_EQ(reader.number("count"), 3);
  EXPECT_TRUE(reader.flag("flag"));
  EXPECT_DOUBLE_EQ(reader.ratio("guard"), 0.02);
  EXPECT_DOUBLE_EQ(reader.ratio("ratio"), 0.02);
  EXPECT_DOUBLE_EQ(reader.quantity("rate", Unit::byte_per_second), 350e9);
  EXPECT_DOUBLE_EQ(reader.quantity("ratio", Unit::one), 0.02);
  EXPECT_EQ(reader.value("size").bytes(), 65536);
  EXPECT_EQ(reader.object("object").integer("a"), 1);
  EXPECT_EQ(reader.list("list")[1].integer(), 2);
  EXPECT_EQ(reader.value("count").list_or_one().size(), 1u);
  EXPECT_EQ(reader.optional_text("absent"), std::nullopt);
  EXPECT_EQ(reader.optional_integer("count"), 3);
  EXPECT_TRUE(reader.optional_list("absent").empty());
  EXPECT_NO_THROW(reader.finish());
}

TEST(ObjectReader, NamesTheUnknownKey) {
  const Json json{{"cases", {{{"bytes", "8"}, {"bytez", "8"}}}}};
  ObjectReader reader(json, {"quick.json", ""});
  auto entry = reader.list("cases").front().object();
  entry.text("bytes");
  entry.optional_text("layout");
  EXPECT_EQ(refusal([&] { entry.finish(); }),
            "quick.json: cases[0].bytez: unknown key; expected one of bytes, layout");
}

TEST(ObjectReader, RestCountsAsAskedFor) {
  const Json json{{"a", 1}, {"b", 2}};
  ObjectReader reader(json, {"f.json", "of"});
  reader.integer("a");
  const auto rest = reader.rest();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].key, "b");
  EXPECT_EQ(rest[0].value.place().text(), "f.json: of.b");
  EXPECT_NO_THROW(reader.finish());
}

TEST(ObjectReader, RefusesWrongTypes) {
  const Json json{{"v", nullptr}};
  ObjectReader reader(json, {"f.json", ""});
  EXPECT_THAT(refusal([&] { reader.text("v"); }), StartsWith("f.json: v: null is not text"));
  EXPECT_THAT(refusal([&] { reader.optional_text("v"); }), HasSubstr("null is not text"));
  EXPECT_THAT(refusal([&] { reader.integer("v"); }), HasSubstr("not a whole number"));
  EXPECT_THAT(refusal([&] { reader.flag("v"); }), HasSubstr("not true or false"));
  EXPECT_THAT(refusal([&] { reader.list("v"); }), HasSubstr("not a list"));
  EXPECT_THAT(refusal([&] { reader.object("v"); }), HasSubstr("f.json: v: null is not an object"));
  EXPECT_THAT(refusal([&] { reader.ratio("v"); }), HasSubstr("not a ratio"));
  EXPECT_THAT(refusal([&] { reader.value("v").bytes(); }), HasSubstr("not a size"));
  EXPECT_THAT(refusal([&] { reader.text("w"); }), StartsWith("f.json: w: the key is missing"));
  EXPECT_THAT(refusal([] {
                ObjectReader(Json(3), {"f.json", ""});
              }),
              StartsWith("f.json: 3 is not an object"));
}

std::string integer_refusal(const Json& json) {
  return refusal([&] { JsonValue(json, {"f", "k"}).integer(); });
}

TEST(JsonValue, IntegersAreWholeNumbers) {
  EXPECT_EQ(JsonValue(Json(-3), {"f", "k"}).integer(), -3);
  EXPECT_THAT(integer_refusal(3.0), HasSubstr("3.0 is not a whole number"));
  EXPECT_THAT(integer_refusal("3"), HasSubstr("\"3\" is not a whole number"));
  EXPECT_THAT(integer_refusal(true), HasSubstr("true is not a whole number"));
  EXPECT_THAT(integer_refusal(std::uint64_t{1} << 63), HasSubstr("9223372036854775808"));
  const Json zero(0);
  EXPECT_THAT(refusal([&] {
                JsonValue(zero, {"f", "k"}).integer_at_least(1);
              }),
              HasSubstr("f: k: 0 is out of range; it must be at least 1"));
}

std::string quantity_refusal(const Json& json, Unit unit) {
  return refusal([&] { JsonValue(json, {"f", "k"}).quantity(unit); });
}

TEST(JsonValue, QuantitiesHaveTheRightUnit) {
  EXPECT_THAT(
      quantity_refusal("12 s", Unit::byte_per_second),
      AllOf(HasSubstr("f: k: \"12 s\" is in s where B/s belongs"), HasSubstr("\"10 B/s\"")));
  EXPECT_THAT(quantity_refusal(12, Unit::second), HasSubstr("12 is not a quantity with its unit"));
  EXPECT_THAT(quantity_refusal("12", Unit::second), HasSubstr("f: k: \"12\" has no unit"));
  EXPECT_THAT(quantity_refusal(-0.5, Unit::one), HasSubstr("-0.5 is negative"));
}

TEST(JsonValue, ShowsNoMoreThanALineOfAnEditedFile) {
  const auto text = integer_refusal(std::string(10'000, 'x'));
  EXPECT_LT(text.size(), 200u);
}

TEST(CheckFormat, RefusesOtherDocumentsAndVersions) {
  const auto tried = [](const char* format, const char* version) {
    return refusal([&] {
      const Json json{{"format", format}, {"schema_version", version}};
      ObjectReader reader(json, {"f.json", ""});
      check_format(reader, "assay.suite", "0.1.0");
    });
  };
  EXPECT_EQ(tried("assay.suite", "0.1.0"), "");
  EXPECT_EQ(tried("assay.suite", "0.1.7"), "");
  EXPECT_THAT(tried("assay.contract", "0.1.0"), HasSubstr("f.json: format: \"assay.contract\""));
  for (const auto* version : {"0.2.0", "1.0.0", "0.10.0", ""})
    EXPECT_THAT(tried("assay.suite", version), HasSubstr("expected 0.1.x")) << version;
}

}  // namespace
}  // namespace assay::plan
