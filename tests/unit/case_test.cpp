#include "harness/core/case.hpp"

#include <gmock/gmock.h>

#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

Case all_reduce() {
  return {.id = "c001",
          .benchmark = "all_reduce",
          .dims = {{"backend", "mpi"},
                   {"memory", "host"},
                   {"type", "fp32"},
                   {"op", "sum"},
                   {"bytes", std::int64_t{64} << 20},
                   {"in_place", false}},
          .layout = "world",
          .protocol = {.pacing = Pacing::stream}};
}

TEST(Label, ReadsLikeASentence) {
  auto c = all_reduce();
  EXPECT_EQ(label(c), "all_reduce 64 MiB fp32 sum world stream");
  c.dims["in_place"] = true;
  c.dims["backend"] = "nccl";
  c.dims["placement"] = std::int64_t{7};
  c.layout = "world@7";
  c.protocol.cache = Cache::warm;
  EXPECT_EQ(label(c), "all_reduce 64 MiB fp32 sum nccl in-place world stream warm placement 7");
}

TEST(Label, PlainBuffersGoWithoutSaying) {
  auto c = all_reduce();
  c.dims["buffers"] = "plain";
  EXPECT_EQ(label(c), "all_reduce 64 MiB fp32 sum world stream");
  c.dims["buffers"] = "symmetric";
  EXPECT_EQ(label(c), "all_reduce 64 MiB fp32 sum symmetric world stream");
}

TEST(Label, WritesAShapeAsOneWord) {
  Case c{.benchmark = "gemm", .layout = "each"};
  c.dims = {
      {"type", "fp64"}, {"m", std::int64_t{1}}, {"n", std::int64_t{2}}, {"k", std::int64_t{3}}};
  EXPECT_EQ(label(c), "gemm 1x2x3 fp64 each isolated");
}

TEST(Attribute, FindsWhatAContractSelectsOn) {
  auto c = all_reduce();
  c.layout = "node@3";
  EXPECT_EQ(attribute(c, "benchmark"), DimValue("all_reduce"));
  EXPECT_EQ(attribute(c, "layout"), DimValue("node"));
  EXPECT_EQ(attribute(c, "pacing"), DimValue("stream"));
  EXPECT_EQ(attribute(c, "cache"), DimValue("cold"));
  EXPECT_EQ(attribute(c, "bytes"), DimValue(std::int64_t{64} << 20));
  EXPECT_EQ(attribute(c, "in_place"), DimValue(false));
  EXPECT_EQ(attribute(c, "m"), std::nullopt);
  EXPECT_EQ(attribute(c, "colour"), std::nullopt);
}

TEST(Attribute, BuffersOfACollectiveArePlainUnlessNamed) {
  auto c = all_reduce();
  EXPECT_EQ(attribute({.benchmark = "copy"}, "buffers"), std::nullopt);
  EXPECT_EQ(attribute(c, "buffers"), DimValue("plain"));
  c.dims["buffers"] = "registered";
  EXPECT_EQ(attribute(c, "buffers"), DimValue("registered"));
}

TEST(Attribute, PlacementAndRepetitionAreZeroUnlessNamed) {
  auto c = all_reduce();
  EXPECT_EQ(attribute(c, "placement"), DimValue(std::int64_t{0}));
  c.dims["repetition"] = std::int64_t{2};
  EXPECT_EQ(attribute(c, "repetition"), DimValue(std::int64_t{2}));
}

TEST(Names, AreInverse) {
  for (const auto pacing : {Pacing::isolated, Pacing::stream})
    EXPECT_EQ(pacing_from(name(pacing)), pacing);
  for (const auto cache : {Cache::cold, Cache::warm}) EXPECT_EQ(cache_from(name(cache)), cache);
  for (const auto kind :
       {StopKind::blocks, StopKind::iterations, StopKind::time, StopKind::precision})
    EXPECT_EQ(stop_kind_from(name(kind)), kind);
  EXPECT_EQ(pacing_from("fast"), std::nullopt);
}

DimValue parsed(std::string_view dim, std::string_view text) {
  return parse_dim(*find_dim(dim), text, "--" + std::string(dim));
}

TEST(Dims, ParseByKind) {
  EXPECT_EQ(parsed("bytes", "64KiB"), DimValue(std::int64_t{65536}));
  EXPECT_EQ(parsed("m", "512"), DimValue(std::int64_t{512}));
  EXPECT_EQ(parsed("in_place", "true"), DimValue(true));
  EXPECT_EQ(parsed("in_place", "0"), DimValue(false));
  EXPECT_EQ(parsed("backend", "mpi"), DimValue("mpi"));
  EXPECT_EQ(parsed("type", "half"), DimValue("fp16")) << "stored by its own name";
  EXPECT_EQ(parsed("op", "avg"), DimValue("avg"));
}

TEST(Dims, RefuseWhatIsNone) {
  EXPECT_THAT(refusal([] { parsed("m", "5x"); }), HasSubstr("--m: '5x' is not a whole number"));
  EXPECT_THAT(refusal([] { parsed("m", "-5"); }), HasSubstr("'-5'"));
  EXPECT_THAT(refusal([] { parsed("m", ""); }), HasSubstr("''"));
  EXPECT_THAT(refusal([] { parsed("in_place", "yes"); }), HasSubstr("neither true nor false"));
  EXPECT_THAT(refusal([] { parsed("type", "fp8"); }),
              AllOf(HasSubstr("--type: 'fp8' is no element type"), HasSubstr("fp16, bf16")));
  EXPECT_THAT(refusal([] { parsed("op", "xor"); }), HasSubstr("sum, prod, min, max, avg"));
}

TEST(Dims, FormatForPeople) {
  EXPECT_EQ(format_dim(std::int64_t{65536}, DimKind::bytes), "64 KiB");
  EXPECT_EQ(format_dim(std::int64_t{65536}, DimKind::integer), "65536");
  EXPECT_EQ(format_dim(true, DimKind::flag), "true");
  EXPECT_EQ(format_dim("fp32", DimKind::text), "fp32");
}

TEST(Dims, AreTyped) {
  const auto c = all_reduce();
  EXPECT_EQ(text_dim(c.dims, "type"), "fp32");
  EXPECT_EQ(integer_dim(c.dims, "bytes"), 64 << 20);
  EXPECT_FALSE(flag_dim(c.dims, "in_place"));
  EXPECT_THROW(text_dim(c.dims, "bytes"), InternalError);
  EXPECT_THROW(integer_dim(c.dims, "m"), InternalError);
}

}  // namespace
}  // namespace assay
