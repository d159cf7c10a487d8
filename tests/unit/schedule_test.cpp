// Each kind of defect is seen, in schedules that are right but for it.
#include "harness/schedule/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/schedule/order.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay::schedule {
namespace {

using testing::HasSubstr;

constexpr Region input{Place::send, 0, 4}, output{Place::recv, 0, 4}, own{Place::scratch, 0, 4};

struct Ranks {
  std::vector<Schedule> schedules;
  std::string problem() const {
    return problem_of(schedules, std::vector<Extent>(schedules.size(), {4, 4}));
  }
};

/// Two ranks exchange and add.
Ranks exchange() {
  Ranks ranks;
  for (const int peer : {1, 0})
    ranks.schedules.push_back({{{Send{peer, input}, {}},
                                {Receive{peer, own}, {}},
                                {Copy{input, output}, {}},
                                {Reduce{own, output}, {1, 2}}},
                               4});
  return ranks;
}

TEST(ProblemOf, FindsNothingInARightSchedule) { EXPECT_EQ(exchange().problem(), ""); }

TEST(ProblemOf, FindsAnUnmatchedSend) {
  auto ranks = exchange();
  ranks.schedules[0].operations.push_back({Send{1, input}, {}});
  EXPECT_EQ(ranks.problem(), "from rank 0 to rank 1: 2 sends, 1 receives");
}

TEST(ProblemOf, FindsMessagesOfUnequalSize) {
  auto ranks = exchange();
  ranks.schedules[1].operations[0].action = Send{0, {Place::send, 0, 3}};
  EXPECT_EQ(ranks.problem(), "from rank 1 to rank 0: message 0 has 3 elements, 4 are expected");
}

TEST(ProblemOf, FindsADeadlockOfSynchronousSends) {
  auto ranks = exchange();
  for (auto& schedule : ranks.schedules) schedule.operations[1].after = {0};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 1: waits for ever");
  EXPECT_FALSE(tests::orders_end(ranks.schedules, order));
}

TEST(ProblemOf, FindsRaces) {
  auto read_early = exchange();
  read_early.schedules[1].operations[3].after = {2};
  EXPECT_EQ(read_early.problem(), "rank 1, operation 3: races with operation 1");
  auto written_twice = exchange();
  written_twice.schedules[0].operations.push_back({Copy{input, output}, {2}});
  EXPECT_EQ(written_twice.problem(), "rank 0, operation 4: races with operation 3");
  written_twice.schedules[0].operations.back().after = {3};
  EXPECT_EQ(written_twice.problem(), "");
}

TEST(ProblemOf, FindsAccessOutOfBounds) {
  for (const auto place : {Place::send, Place::recv, Place::scratch}) {
    auto ranks = exchange();
    ranks.schedules[0].operations.push_back({Copy{{place, 2, 3}, {Place::scratch, 4, 3}}, {3}});
    ranks.schedules[0].scratch = place == Place::scratch ? 4 : 7;
    EXPECT_EQ(ranks.problem(), "rank 0, operation 4: out of bounds");
  }
  auto wrapping = exchange();
  wrapping.schedules[0].operations[2].action = Copy{{Place::send, ~std::uint64_t{0}, 4}, output};
  EXPECT_THAT(wrapping.problem(), HasSubstr("out of bounds"));
}

TEST(ProblemOf, FindsWritesOfTheInput) {
  auto ranks = exchange();
  ranks.schedules[1].operations.push_back({Copy{output, input}, {0, 3}});
  EXPECT_EQ(ranks.problem(), "rank 1, operation 4: writes the input");
}

TEST(ProblemOf, FindsWrongPeers) {
  auto ranks = exchange();
  ranks.schedules[0].operations[0].action = Send{0, input};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 0: a message to itself");
  ranks.schedules[0].operations[0].action = Send{2, input};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 0: no such peer");
}

TEST(ProblemOf, FindsImpossibleOperations) {
  auto ranks = exchange();
  ranks.schedules[0].operations[2].after = {2};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 2: depends on a later operation");
  ranks = exchange();
  ranks.schedules[0].operations[2].action = Copy{{Place::send, 0, 3}, output};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 2: unequal counts");
  ranks.schedules[0].operations[2].action = Copy{{Place::recv, 1, 3}, {Place::recv, 0, 3}};
  EXPECT_EQ(ranks.problem(), "rank 0, operation 2: source and destination overlap");
}

Step begin(std::size_t operation) { return {Step::What::begin, operation}; }
Step finish(std::size_t operation) { return {Step::What::finish, operation}; }

TEST(ProblemOf, FindsRoundsThatDiffer) {
  auto ranks = exchange();
  ranks.schedules[1].operations[0].round = 1;
  EXPECT_EQ(ranks.problem(), "rank 0, operation 1: received in round 0, sent in round 1");
}

/// 0 sends, 1 answers.
Ranks answer() {
  return {{{{{Send{1, input}, {}}, {Receive{1, output}, {0}, 1}}, 0},
           {{{Receive{0, output}, {}}, {Send{0, output}, {0}, 1}}, 0}}};
}

TEST(ProblemOf, FindsRoundsThatDoNotFollowOneAnother) {
  auto ranks = answer();
  EXPECT_EQ(ranks.problem(), "");
  EXPECT_TRUE(tests::orders_end(ranks.schedules, order_in_rounds));
  ranks.schedules[0].operations[1].round = ranks.schedules[1].operations[1].round = 0;
  EXPECT_EQ(ranks.problem(), "rank 0, operation 1: waits for a message of its own round");
  // What stands between two messages hands their rounds on.
  ranks.schedules[1].operations = {
      {Receive{0, output}, {}}, {Copy{output, own}, {0}}, {Send{0, own}, {1}, 1}};
  ranks.schedules[1].scratch = 4;
  ranks.schedules[0].operations[1].round = 1;
  EXPECT_EQ(ranks.problem(), "");
  ranks.schedules[0].operations[1].round = ranks.schedules[1].operations[2].round = 0;
  ranks.schedules[0].operations[1].after = {};
  EXPECT_EQ(ranks.problem(), "rank 1, operation 2: waits for a message of its own round");
}

TEST(Order, BeginsReceivesThenSendsThenLocalWork) {
  EXPECT_EQ(order(exchange().schedules[0]),
            (std::vector{begin(1), begin(0), begin(2), finish(1), begin(3), finish(0)}));
}

TEST(Order, InRoundsWaitsForAllThatHasBegun) {
  EXPECT_EQ(order_in_rounds(exchange().schedules[0]),
            (std::vector{begin(2), begin(0), begin(1), finish(0), finish(1), begin(3)}));
  EXPECT_EQ(order_in_rounds(answer().schedules[0]),
            (std::vector{begin(0), finish(0), begin(1), finish(1)}));
}

TEST(Order, BeginsATransferAsSoonAsWhatItNeedsIsThere) {
  // 0 and 1 arrive; 2 sends 0 on and 3 adds 1: the second must not hold the first up.
  const Region low{Place::recv, 0, 2}, high{Place::recv, 2, 2};
  const Schedule schedule{{{Receive{1, low}, {}},
                           {Receive{1, high}, {}},
                           {Reduce{{Place::send, 2, 2}, high}, {1}},
                           {Send{2, high}, {2}},
                           {Send{3, low}, {0}},
                           {Send{3, high}, {2}}},
                          0};
  EXPECT_EQ(order(schedule),
            (std::vector{begin(0), begin(1), finish(1), begin(2), begin(3), finish(0), begin(4),
                         begin(5), finish(3), finish(4), finish(5)}));
}

}  // namespace
}  // namespace assay::schedule
