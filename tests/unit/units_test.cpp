#include "harness/core/units.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

void expect_quantity(std::string_view text, double value, Unit unit) {
  const auto quantity = parse_quantity(text);
  EXPECT_DOUBLE_EQ(quantity.value, value) << text;
  EXPECT_EQ(quantity.unit, unit) << text;
}

TEST(ParseQuantity, ReadsEveryUnit) {
  expect_quantity("350 GB/s", 350e9, Unit::byte_per_second);
  expect_quantity("2GiB/s", 2147483648.0, Unit::byte_per_second);
  expect_quantity("12.9 s", 12.9, Unit::second);
  expect_quantity("1GiB", 1073741824.0, Unit::byte);
  expect_quantity("100 MB", 1e8, Unit::byte);
  expect_quantity("7 B", 7, Unit::byte);
  expect_quantity("794 TFLOP/s", 794e12, Unit::flop_per_second);
  expect_quantity("1.5 ktokens/s", 1500, Unit::token_per_second);
  expect_quantity("700 W", 700, Unit::watt);
  expect_quantity("83 C", 83, Unit::celsius);
  expect_quantity("1.98 GHz", 1.98e9, Unit::hertz);
  expect_quantity(" 1e3 s ", 1000, Unit::second);
}

TEST(ParseQuantity, SmallTimesAreTheNearestDoubles) {
  EXPECT_EQ(parse_quantity("40 us").value, 40e-6);
  EXPECT_EQ(parse_quantity("3 ns").value, 3e-9);
  EXPECT_EQ(parse_quantity("0.1 ms").value, 0.0001);
  EXPECT_EQ(parse_quantity("7 µs").value, 7e-6);
}

TEST(ParseQuantity, RefusesWhatIsNoQuantity) {
  for (const auto* text : {"", " ", "fast", "-3 s", "nan s", "inf s", "1e999 s", "+3 s", "0x10 s"})
    EXPECT_THAT(refusal([&] { parse_quantity(text, "f: k"); }),
                AllOf(HasSubstr("f: k: "), HasSubstr(std::string("\"") + text + "\"")));
}

TEST(ParseQuantity, RefusesMissingAndUnknownUnits) {
  EXPECT_THAT(refusal([] { parse_quantity("350", "lease.json: clauses[0].at_least"); }),
              AllOf(HasSubstr("lease.json: clauses[0].at_least: \"350\" has no unit"),
                    HasSubstr("write for example")));
  for (const auto* text : {"350 Gb/s", "1 KB", "5 kib", "3 sec", "3 Gs", "1 KiFLOP/s", "2%", "3 mB",
                           "1 GB /s", "1 GB/s/s"})
    EXPECT_THAT(refusal([&] { parse_quantity(text); }), HasSubstr("unknown unit")) << text;
}

TEST(ParseQuantity, RefusesOverflow) {
  EXPECT_THAT(refusal([] { parse_quantity("1e308 EB"); }), HasSubstr("out of range"));
}

TEST(ParseBytes, ReadsWholeSizes) {
  EXPECT_EQ(parse_bytes("8"), 8);
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("64KiB"), 65536);
  EXPECT_EQ(parse_bytes("1.5 KiB"), 1536);
  EXPECT_EQ(parse_bytes("100 MB"), 100'000'000);
  EXPECT_EQ(parse_bytes("1e3"), 1000);
  EXPECT_EQ(parse_bytes("9007199254740993"), 9007199254740993);  // 2^53 + 1
}

TEST(ParseBytes, RefusesFractionsOverflowAndOtherUnits) {
  EXPECT_THAT(refusal([] { parse_bytes("0.3 KiB", "-b"); }),
              HasSubstr("-b: \"0.3 KiB\" is not a whole number of bytes"));
  EXPECT_THAT(refusal([] { parse_bytes("9223372036854775808"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([] { parse_bytes("8388608 TiB"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([] { parse_bytes("8 s"); }), HasSubstr("'s' where a unit of bytes"));
  EXPECT_THAT(refusal([] { parse_bytes("1G"); }), HasSubstr("'G'"));
  EXPECT_THAT(refusal([] { parse_bytes("-8"); }), HasSubstr("not a size"));
  EXPECT_THAT(refusal([] { parse_bytes(""); }), HasSubstr("not a size"));
}

TEST(ParseBytesOption, SpeaksNcclTests) {
  EXPECT_EQ(parse_bytes_option("1G"), 1073741824);
  EXPECT_EQ(parse_bytes_option("2k"), 2048);
  EXPECT_EQ(parse_bytes_option("3M"), 3145728);
  EXPECT_EQ(parse_bytes_option("1T"), 1099511627776);
  EXPECT_EQ(parse_bytes_option("100 MB"), 100'000'000);
  EXPECT_EQ(parse_bytes_option("8"), 8);
  EXPECT_THAT(refusal([] { parse_bytes_option("1X", "-e"); }), HasSubstr("-e: \"1X\""));
}

TEST(ParseRatio, ReadsPercentAndPlainNumbers) {
  EXPECT_DOUBLE_EQ(parse_ratio("2%"), 0.02);
  EXPECT_DOUBLE_EQ(parse_ratio("0.02"), 0.02);
  EXPECT_DOUBLE_EQ(parse_ratio("12.5 %"), 0.125);
  EXPECT_THAT(refusal([] { parse_ratio("2 s", "guard"); }), HasSubstr("guard: \"2 s\""));
  EXPECT_THAT(refusal([] { parse_ratio("-2%"); }), HasSubstr("not a ratio"));
}

TEST(Symbols, AreInverse) {
  for (const auto unit :
       {Unit::one, Unit::byte, Unit::second, Unit::byte_per_second, Unit::flop_per_second,
        Unit::token_per_second, Unit::watt, Unit::celsius, Unit::hertz})
    EXPECT_EQ(unit_of_symbol(symbol(unit)), unit);
  EXPECT_THAT(refusal([] { unit_of_symbol("GB"); }), HasSubstr("'GB' is no base unit"));
}

TEST(FormatQuantity, HasFourDigitsAndAPrefix) {
  EXPECT_EQ(format_quantity(371.2e9, Unit::byte_per_second), "371.2 GB/s");
  EXPECT_EQ(format_quantity(12.9, Unit::second), "12.90 s");
  EXPECT_EQ(format_quantity(41.2e-6, Unit::second), "41.20 us");
  EXPECT_EQ(format_quantity(0.983, Unit::one), "0.9830");
  EXPECT_EQ(format_quantity(1, Unit::byte), "1.000 B");
  EXPECT_EQ(format_quantity(5e-10, Unit::second), "0.5000 ns");
  EXPECT_EQ(format_quantity(123456, Unit::second), "123456 s");
  EXPECT_EQ(format_quantity(1e18, Unit::flop_per_second), "1.000 EFLOP/s");
}

TEST(FormatQuantity, RoundsIntoTheNextPrefix) {
  EXPECT_EQ(format_quantity(999.96e3, Unit::byte_per_second), "1.000 MB/s");
  EXPECT_EQ(format_quantity(999.94e3, Unit::byte_per_second), "999.9 kB/s");
  EXPECT_EQ(format_quantity(9.9996, Unit::second), "10.00 s");
  EXPECT_EQ(format_quantity(99.996, Unit::second), "100.0 s");
  EXPECT_EQ(format_quantity(9.9994, Unit::second), "9.999 s");
}

TEST(FormatQuantity, TakesAnyNumber) {
  EXPECT_EQ(format_quantity(0, Unit::second), "0 s");
  EXPECT_EQ(format_quantity(0, Unit::one), "0");
  EXPECT_EQ(format_quantity(-2.5e-3, Unit::second), "-2.500 ms");
  EXPECT_EQ(format_quantity(std::nan(""), Unit::second), "nan s");
  EXPECT_THAT(format_quantity(5e-324, Unit::byte_per_second), testing::EndsWith("4941 B/s"));
  EXPECT_EQ(format_quantity(std::numeric_limits<double>::infinity(), Unit::byte), "inf B");
}

TEST(FormatBytes, UsesThePowerOfTwoThatDivides) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(8), "8 B");
  EXPECT_EQ(format_bytes(1536), "1536 B");
  EXPECT_EQ(format_bytes(65536), "64 KiB");
  EXPECT_EQ(format_bytes(1536 * 1024), "1536 KiB");
  EXPECT_EQ(format_bytes(1073741824), "1 GiB");
  EXPECT_EQ(format_bytes(std::int64_t{1} << 50), "1024 TiB");
}

}  // namespace
}  // namespace assay
