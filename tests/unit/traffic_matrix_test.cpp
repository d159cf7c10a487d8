#include "harness/core/traffic_matrix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

std::string refused(std::string_view csv) {
  return test::refusal([&] { parse_traffic(csv, "moe.csv"); });
}

TEST(TrafficMatrix, IsReadHoweverItsLinesEnd) {
  const auto matrix = parse_traffic("0, 12,3\r\n4 ,0,0\n0,0,1125899906842624\n\n  \n", "moe.csv");
  EXPECT_EQ(matrix.ranks, 3);
  EXPECT_THAT(matrix.weights, ElementsAre(0, 12, 3, 4, 0, 0, 0, 0, std::uint64_t{1} << 50));
  EXPECT_THAT(parse_traffic("7", "moe.csv").weights, ElementsAre(7));
  EXPECT_THAT(parse_traffic("\xef\xbb\xbf"
                            "7",
                            "moe.csv")
                  .weights,
              ElementsAre(7));
}

TEST(TrafficMatrix, WhatIsNoNumberIsNamedByLineAndColumn) {
  for (const auto* wrong : {"-1", "x", "1.5", "", "1e3", "1 2"})
    EXPECT_EQ(refused("1,2\n3," + std::string(wrong) + "\n\n."),
              "moe.csv: line 2, column 2: '" + std::string(wrong) +
                  "' is no whole number ≥ 0; give one line per sender, in it one whole number per "
                  "receiver, with commas between them");
  EXPECT_THAT(refused("1,2\n\n3,4"), StartsWith("moe.csv: line 2, column 1: '' is no whole"));
  for (const auto* large : {"1125899906842625", "99999999999999999999"})
    EXPECT_EQ(refused(large), "moe.csv: line 1, column 1: " + std::string(large) +
                                  " is above 2^50; divide all numbers by the same: only their "
                                  "ratios matter");
}

TEST(TrafficMatrix, WhatIsNotSquareIsRefused) {
  EXPECT_THAT(refused(""), StartsWith("moe.csv: holds no numbers; give one line per sender"));
  EXPECT_THAT(refused(" \n"), StartsWith("moe.csv: holds no numbers"));
  EXPECT_THAT(refused("1,2\n3\n"),
              StartsWith("moe.csv: line 2: it has 1 number, and line 1 has 2"));
  EXPECT_EQ(refused("1,2\n3,4\n5,6\n"),
            "moe.csv: line 3: it is the last one, and there are 2 columns; a matrix has as many "
            "lines as columns, one of each per rank");
  EXPECT_THAT(refused("1,2\n"), StartsWith("moe.csv: line 1: it is the last one, and there are 2"));
  EXPECT_EQ(refused("0,0\n0,0\n"),
            "moe.csv: all numbers are 0: nothing would be sent; give one above 0");
}

TEST(TrafficMatrix, MoreThanARankCanHoldIsRefused) {
  std::string tall, wide;
  for (int i = 0; i <= most_matrix_ranks; ++i) {
    tall += "1\n";
    wide += "1,";
  }
  EXPECT_THAT(refused(tall), StartsWith("moe.csv: line 4097: it has more than 4096 lines; give"));
  EXPECT_THAT(refused(wide), StartsWith("moe.csv: line 1: it has more than 4096 numbers"));
}

TEST(TrafficMatrix, ACaseNamesItByItsContent) {
  const auto named = traffic_name("file:a#b/moe.csv#0123456789ab");
  EXPECT_EQ(named.path, "a#b/moe.csv");
  EXPECT_EQ(named.digest, "0123456789ab");
  EXPECT_EQ(format_traffic({"moe.csv", named.digest}), "file:moe.csv#0123456789ab");
  EXPECT_EQ(kept_traffic(named), "counts-0123456789ab.csv");
  for (const auto* plain : {"moe.csv", "moe#1.csv", "moe.csv#0123456789AB", "moe.csv#0123"}) {
    EXPECT_EQ(traffic_name("file:" + std::string(plain)).path, plain);
    EXPECT_EQ(traffic_name("file:" + std::string(plain)).digest, "");
  }
}

}  // namespace
}  // namespace assay
