// What a call reads and writes, against what the catalogue says of each collective.
#include "harness/comm/footprint.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {
namespace {

using comm::Form;

class Uneven final : public PairCounts {
 public:
  std::uint64_t operator()(int from, int to) const override {
    return static_cast<std::uint64_t>(3 * from + to);
  }
};

bool holds(const comm::Stretch& stretch, std::uint64_t first, std::uint64_t count) {
  return count == 0 || (stretch.first <= first && first + count <= stretch.end());
}

void expect_alike(const CollectiveSpec& spec, const OracleCall& call, int rank) {
  const auto form = call.in_place ? Form::in_place : Form::apart;
  const auto [in, out] = footprint({.collective = spec.collective,
                                    .count = call.count,
                                    .root = call.root,
                                    .counts = call.counts},
                                   rank, call.ranks, form);
  SCOPED_TRACE(fmt::format("{} rank {} of {}, root {}{}", name(spec.collective), rank, call.ranks,
                           call.root, call.in_place ? ", in place" : ""));
  const bool moves = call.in_place && spec.in_place_input != nullptr;
  EXPECT_EQ(in.count, spec.send_elements(call, rank));
  EXPECT_EQ(in.first, moves && in.count > 0 ? spec.in_place_input(call, rank) : 0);
  std::uint64_t defined = 0;
  for (int i = 0; i < spec.pieces(call, rank); ++i) {
    const auto piece = spec.expected(call, rank, i);
    EXPECT_TRUE(holds(out, piece.at, piece.count) ||
                (call.in_place && holds(in, piece.at, piece.count)));
    defined += piece.count;
  }
  EXPECT_LE(out.count, defined) << "nothing is brought back that nobody wrote";
}

TEST(Footprint, IsWhatTheCatalogueSays) {
  const Uneven counts;
  int seen = 0;
  for (const auto* spec : collective_specs())
    for (const int ranks : {1, 2, 5})
      for (int root = 0; spec->in_libraries && root < (spec->rooted ? ranks : 1); ++root)
        for (const bool in_place : {false, true})
          for (int rank = 0; rank < ranks; ++rank) {
            if (in_place && !spec->has_in_place) continue;
            ++seen;
            expect_alike(
                *spec,
                {.ranks = ranks, .count = 7, .root = root, .in_place = in_place, .counts = &counts},
                rank);
          }
  EXPECT_GT(seen, 200);
}

}  // namespace
}  // namespace assay::benchmarks
