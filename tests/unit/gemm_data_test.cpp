// Matrices whose product is known: it is what multiplying gives, exactly, in every type.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "tests/unit/gemm_check.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::benchmarks {
namespace {

using device::GemmCall;
using device::GemmType;

class EveryGemmType : public testing::TestWithParam<device::GemmTypeInfo> {
 protected:
  GemmCall call(std::size_t k) const { return {.type = GetParam().type, .m = 5, .n = 33, .k = k}; }
};
INSTANTIATE_TEST_SUITE_P(All, EveryGemmType, testing::ValuesIn(device::gemm_types),
                         [](const auto& type) { return std::string(type.param.name); });

constexpr std::size_t odd_and_even[] = {1, 2, 3, 31, 63, 64, 65, 127, 130, 1000, 1001};

TEST_P(EveryGemmType, TheProductIsWhatIsExpected) {
  for (const auto k : odd_and_even) {
    const GemmData data(call(k), 7);
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 33; ++j) {
        double sum = 0;
        for (std::size_t l = 0; l < k; ++l) sum += data.a(i, l) * data.b(l, j);
        EXPECT_EQ(sum, data.expected(i, j)) << k << ": " << i << ", " << j;
      }
  }
}

TEST_P(EveryGemmType, EverySumOfConsecutiveRowsIsExact) {
  const double most = GetParam().type == GemmType::fp64       ? 0x1p53
                      : GetParam().type == GemmType::fp8_e4m3 ? 0x1p14
                                                              : 0x1p24;
  for (const auto k : {1001u, 4096u}) {
    const GemmData data(call(k), 7);
    for (std::size_t j = 0; j < 33; ++j) {
      double sum = 0, least = 0, largest = 0, most_a = 0, most_b = 0;
      for (std::size_t l = 0; l < k; ++l) {
        sum += data.a(2, l) * data.b(l, j);
        most_a = std::max(most_a, std::abs(data.a(2, l)));
        most_b = std::max(most_b, std::abs(data.b(l, j)));
        least = std::min(least, sum);
        largest = std::max(largest, sum);
      }
      EXPECT_LE(largest - least, most);
      EXPECT_LE(2 * 32 * most_a * most_b + 2 * most_a, most) << "however signs fall";
      EXPECT_GT(largest - least, 1000 * std::log2(most) / 24) << "the sums move";
    }
  }
}

TEST_P(EveryGemmType, EveryElementIsHeldByItsTypeAndUsesItsBits) {
  const auto host = device::make_host_device();
  for (const auto stored : {device::Stored::by_rows, device::Stored::by_columns}) {
    auto how = call(130);
    how.a = how.b = stored;
    const GemmData data(how, 3);
    const auto width = size_of(GetParam().in);
    const auto a = host->allocate(5 * 130 * width), b = host->allocate(130 * 33 * width);
    data.write_a(*host, a.data());
    data.write_b(*host, b.data());
    const bool rows = stored == device::Stored::by_rows;
    std::set<double> values;
    for (std::size_t l = 0; l < 130; ++l) {
      for (std::size_t i = 0; i < 5; ++i) {
        const auto at = rows ? i * 130 + l : l * 5 + i;
        EXPECT_EQ(element_value(GetParam().in, a.data() + at * width), data.a(i, l));
        EXPECT_NE(data.a(i, l), 0);
        values.insert(std::abs(data.a(i, l)));
      }
      for (std::size_t j = 0; j < 33; ++j) {
        const auto at = rows ? l * 33 + j : j * 130 + l;
        EXPECT_EQ(element_value(GetParam().in, b.data() + at * width), data.b(l, j));
      }
    }
    EXPECT_GE(values.size(), GetParam().type == GemmType::fp8_e4m3 ? 15u : 100u);
  }
}

TEST_P(EveryGemmType, AnotherSeedIsAnotherProduct) {
  const GemmData one(call(64), 1), other(call(64), 2);
  int same = 0;
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 33; ++j) same += one.expected(i, j) == other.expected(i, j) ? 1 : 0;
  EXPECT_LT(same, 40) << "of 165; fp8 has 30 values";
}

TEST_P(EveryGemmType, TheHostMultipliesABatchOneAfterTheOther) {
  if (!GetParam().on_host) return;
  const auto host = device::make_host_device();
  for (const bool accumulate : {false, true})
    for (const std::size_t gap : {0u, 7u}) {
      auto how = call(70);
      how.accumulate = accumulate;
      how.batch = 3;
      how.strides = test::strides_with_gap(how, gap);
      EXPECT_EQ(test::wrong_product(*host, how), "") << gap;
    }
}

TEST_P(EveryGemmType, TheHostMultipliesWhatItsLibraryHas) {
  const auto host = device::make_host_device();
  for (const auto a : {device::Stored::by_rows, device::Stored::by_columns})
    for (const auto b : {device::Stored::by_rows, device::Stored::by_columns}) {
      auto how = call(70);
      how.a = a;
      how.b = b;
      if (GetParam().on_host)
        for (const bool accumulate : {false, true}) {
          how.accumulate = accumulate;
          EXPECT_EQ(test::wrong_product(*host, how), "");
        }
      else
        EXPECT_EQ(test::failure([&] { host->gemm(how); }),
                  "host memory: OpenBLAS has no product of " + std::string(GetParam().name) +
                      " matrices; multiply fp32 or fp64, or on a GPU");
    }
}

}  // namespace
}  // namespace assay::benchmarks
