#include "harness/core/number_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::refusal;

constexpr NumberTableForm form{2, 3, "give three numbers per line", "give two lines"};

std::string refused(std::string_view csv) {
  return refusal([&] { parse_numbers(csv, "t.csv", form); });
}

TEST(NumberTable, HoldsWhatStandsThere) {
  const auto table = parse_numbers(
      "\xef\xbb\xbf"
      "1, 2,3\r\n0,5,6\n\n",
      "t.csv", form);
  EXPECT_EQ(table.columns, 3U);
  EXPECT_THAT(table.numbers, testing::ElementsAre(1, 2, 3, 0, 5, 6));
}

TEST(NumberTable, SaysWhatTooLongFilesShouldHold) {
  EXPECT_EQ(refused("1\n2\n3\n"), "t.csv: line 3: it has more than 2 lines; give two lines");
  EXPECT_EQ(refused("1,2,3,4"),
            "t.csv: line 1: it has more than 3 numbers; give three numbers per line");
}

TEST(NumberTable, RefusesWhatIsNoTable) {
  EXPECT_EQ(refused("\n"), "t.csv: holds no numbers; give three numbers per line");
  EXPECT_EQ(refused("1,-2"),
            "t.csv: line 1, column 2: '-2' is no whole number ≥ 0; give three numbers per line");
  EXPECT_EQ(refused("1,2\n3"),
            "t.csv: line 2: it has 1 number, and line 1 has 2; give three numbers per line");
  EXPECT_EQ(refused("1125899906842624"), "") << "2^50";
  EXPECT_EQ(refused("1125899906842625"),
            "t.csv: line 1, column 1: 1125899906842625 is above 2^50; divide all numbers by the "
            "same: only their ratios matter");
}

}  // namespace
}  // namespace assay
