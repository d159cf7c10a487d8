#include "harness/core/inputs.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Inputs, AreWhatDimensionsName) {
  Case c;
  c.dims = {{"model", std::string("tiny")},
            {"parallelism", std::string("tiny-dp2")},
            {"counts", std::string("file:moe.csv#0123456789ab")},
            {"type", std::string("fp32")}};
  std::string labels, kept;
  for (const auto& input : inputs_of(c)) {
    labels += input.label() + " ";
    kept += kept_input(input) + " ";
  }
  EXPECT_EQ(labels, "counts=file:moe.csv#0123456789ab model=tiny parallelism=tiny-dp2 ");
  EXPECT_EQ(kept_input({"routing", "moe"}), "routing-moe.csv");
  EXPECT_EQ(kept, "counts-0123456789ab.csv model-tiny.json parallelism-tiny-dp2.json ");
  // Documents may say anything.
  c.dims = {{"model", std::int64_t{7}}, {"counts", std::string("uniform")}};
  EXPECT_TRUE(inputs_of(c).empty());
}

TEST(Inputs, AreKeptUnderNamesOfTheirOwn) {
  for (const auto* file :
       {"model-tiny.json", "parallelism-a-1.json", "routing-a.csv", "counts-0123456789ab.csv"})
    EXPECT_TRUE(is_kept_input(file)) << file;
  for (const auto* file : {"tiny", "model-.json", "model-../x.json", "counts-012.csv",
                           "counts-0123456789AB.csv", "run.jsonl", "model-tiny.csv", ""})
    EXPECT_FALSE(is_kept_input(file)) << file;
}

TEST(Inputs, HaveNamesThatAreFiles) {
  for (const auto* name : {"tiny", "llama-3.1-405b", "A_1", "json"})
    EXPECT_TRUE(is_plain_name(name));
  for (const auto& name :
       {std::string(), std::string("../x"), std::string("a/b"), std::string(".x"),
        std::string("a b"), std::string("caf\xc3\xa9"), std::string("a\n"), std::string("-x"),
        std::string("model.json"), std::string(65, 'a')})
    EXPECT_FALSE(is_plain_name(name)) << name;
}

}  // namespace
}  // namespace assay
