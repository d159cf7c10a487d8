// Softmax and its gradient against their definition, in every type that has them: on the host, and
// by teams of threads that share a row as those of a GPU do.
#include "kernels/softmax.hpp"

#include <gmock/gmock.h>

#include <barrier>
#include <thread>

#include "tests/unit/softmax_check.hpp"

namespace assay::kernels {
namespace {

using test::SoftmaxCheck;

class EverySoftmax : public testing::TestWithParam<DataType> {
 protected:
  /// Of rows wherever they begin, and however long they are.
  template <class Run>
  void expect_right(const Run& run) const {
    for (const std::size_t width : {1u, 2u, 7u, 8u, 33u, 250u, 256u})
      for (const std::size_t offset : {0u, 1u}) {
        SoftmaxCheck check(GetParam(), {.count = 3, .width = width, .scale = 0.25});
        auto rows = check.rows(offset), gradient = check.gradient(offset);
        run(check, rows.data() + offset * size_of(GetParam()),
            gradient.data() + offset * size_of(GetParam()));
        EXPECT_EQ(check.wrong(rows, gradient, offset), "") << width << ' ' << offset;
      }
  }
};
INSTANTIATE_TEST_SUITE_P(All, EverySoftmax, testing::ValuesIn(test::softmax_types),
                         [](const auto& type) { return std::string(name(type.param)); });

TEST_P(EverySoftmax, IsRightOnTheHost) {
  expect_right([](const SoftmaxCheck& check, std::byte* rows, std::byte* gradient) {
    softmax(rows, check.shape(), check.type());
    softmax_gradient(rows, gradient, check.shape(), check.type());
  });
}

/// Threads that meet, as those of a block.
struct Together {
  static constexpr std::size_t size = 3;
  struct Meeting {
    std::barrier<> barrier{size};
    std::array<double, size> values{};
  };
  struct Member {
    Place place;
    Meeting* meeting;
    template <class Op, class Value>
    Value all(Value value) const {
      meeting->values[place.thread] = static_cast<double>(value);
      meeting->barrier.arrive_and_wait();
      auto result = static_cast<Value>(meeting->values[0]);
      for (std::size_t i = 1; i < size; ++i)
        result = Op::apply(result, static_cast<Value>(meeting->values[i]));
      meeting->barrier.arrive_and_wait();
      return result;
    }
  };
  template <class Body>
  void run_rows(const Body& body, const Rows& rows) const {
    Meeting meeting;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < size; ++i)
      threads.emplace_back([&, i] {
        for (std::size_t row = 0; row < rows.count; ++row) body(Member{{i, size}, &meeting}, row);
      });
  }
};

TEST_P(EverySoftmax, IsRightWhereThreadsShareARow) {
  expect_right([](const SoftmaxCheck& check, std::byte* rows, std::byte* gradient) {
    const Together team;
    softmax_with(team, rows, check.shape(), check.type());
    softmax_gradient_with(team, rows, gradient, check.shape(), check.type());
  });
}

TEST_P(EverySoftmax, DoesNotOverflow) {
  SoftmaxCheck check(GetParam(), {.count = 2, .width = 40, .scale = 1}, 10000);
  auto rows = check.rows(0), gradient = check.gradient(0);
  softmax(rows.data(), check.shape(), check.type());
  softmax_gradient(rows.data(), gradient.data(), check.shape(), check.type());
  EXPECT_EQ(check.wrong(rows, gradient, 0), "");
}

TEST(Softmax, OfNothingIsNothing) {
  float value = 5;
  softmax(&value, {.count = 3, .width = 0}, DataType::fp32);
  softmax(&value, {.count = 0, .width = 3}, DataType::fp32);
  softmax_gradient(&value, &value, {.count = 3, .width = 0}, DataType::fp32);
  EXPECT_EQ(value, 5);
}

}  // namespace
}  // namespace assay::kernels
