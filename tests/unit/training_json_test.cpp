// Every model and layout that is shipped, and what the readers and check() refuse.
#include "harness/plan/training_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "harness/plan/json_reader.hpp"
#include "harness/schedule/step_order.hpp"
#include "harness/schedule/training/generate.hpp"
#include "harness/schedule/training/memory.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/training_files.hpp"

namespace assay::plan {
namespace {

using test::contents;
using test::model_of;
using test::names_in;
using test::refusal;
using test::schema_errors;
using testing::HasSubstr;
using testing::StartsWith;
using training::Layout;
using training::Model;

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }

TEST(ModelFiles, AreValidAndSayWhereTheirNumbersStand) {
  for (const auto& name : names_in("configs/models")) {
    const auto text = contents("configs/models/" + name + ".json");
    EXPECT_EQ(schema_errors(parse_json(text, name), "model"), "") << name;
    const auto model = test::model(name);
    EXPECT_EQ(model.name, name);
    EXPECT_NE(model.source, "");
  }
}

TEST(LayoutFiles, AreValidAndGoWithTheirModel) {
  for (const auto& name : names_in("configs/layouts")) {
    const auto text = contents("configs/layouts/" + name + ".json");
    EXPECT_EQ(schema_errors(parse_json(text, name), "training_layout"), "") << name;
    const auto layout = test::training_layout(name);
    EXPECT_EQ(layout.name, name);
    EXPECT_NO_THROW(check(test::model(model_of(name)), layout)) << name;
  }
}

/// With as many micro-batches as stages, so that it does not take long.
TEST(LayoutFiles, BecomeJobsWithoutAProblem) {
  for (const auto& name : names_in("configs/layouts")) {
    auto layout = test::training_layout(name);
    layout.global_batch = layout.micro_batch * whole(layout.dp) * whole(layout.pp);
    const auto job = generate(test::model(model_of(name)), layout);
    EXPECT_EQ(step::problem_of(job), "") << name;
    for (const auto& how : {job, step::serial(job)})
      EXPECT_EQ(step::problem_of(step::begun_in_turn(how)), "") << name;
    EXPECT_EQ(test::unused(job), "") << name;
  }
}

using Edit = std::function<void(nlohmann::json&)>;

std::string model_refusal(const Edit& edit, const std::string& base = "tiny-moe") {
  auto json = parse_json(contents("configs/models/" + base + ".json"), base);
  edit(json);
  return refusal([&] { parse_model(json.dump(), "m.json"); });
}
std::string layout_refusal(const Edit& edit) {
  auto json = parse_json(contents("configs/layouts/tiny-moe-ep4.json"), "tiny");
  edit(json);
  return refusal([&] { parse_training_layout(json.dump(), "l.json"); });
}

TEST(TrainingFiles, UnknownKeysAreNamedByTheirPath) {
  EXPECT_THAT(model_refusal([](auto& json) { json["layerz"] = 3; }),
              StartsWith("m.json: layerz: unknown key; expected one of "));
  EXPECT_THAT(model_refusal([](auto& json) { json["experts"]["k"] = 3; }),
              StartsWith("m.json: experts.k: unknown key"));
  EXPECT_THAT(model_refusal([](auto& json) { json["attention"]["dim"] = 3; }),
              StartsWith("m.json: attention.dim: unknown key"));
  EXPECT_THAT(
      model_refusal([](auto& json) { json["attention"]["latent"]["k"] = 3; }, "deepseek-v3"),
      StartsWith("m.json: attention.latent.k: unknown key"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["routing"]["sed"] = 3; }),
              StartsWith("l.json: routing.sed: unknown key"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["types"]["gem"] = "fp32"; }),
              StartsWith("l.json: types.gem: unknown key"));
}

TEST(TrainingFiles, WrongValuesAreRefused) {
  EXPECT_THAT(model_refusal([](auto& json) { json["layers"] = 0; }),
              StartsWith("m.json: layers: 0 is out of range"));
  EXPECT_THAT(model_refusal([](auto& json) { json["hidden"] = 1 << 25; }),
              StartsWith("m.json: hidden: 33554432 is out of range"));
  EXPECT_THAT(model_refusal([](auto& json) { json["experts"]["active"] = 9; }),
              StartsWith("m.json: experts.active: a token cannot have 9 experts of 8"));
  EXPECT_THAT(model_refusal([](auto& json) { json["experts"]["groups"] = 3; }),
              StartsWith("m.json: experts.groups: 8 experts cannot be divided into 3 groups"));
  EXPECT_EQ(model_refusal([](auto& json) { json["experts"]["dense_layers"] = 1; }),
            "m.json: ffn: the key is missing; add it");
  EXPECT_EQ(model_refusal([](auto& json) { json.erase("ffn"); }, "tiny"),
            "m.json: ffn: the key is missing; add it");
  EXPECT_THAT(model_refusal([](auto& json) { json["format"] = "assay.suite"; }),
              HasSubstr("assay.model"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["types"]["weights"] = "int8"; }),
              StartsWith("l.json: types.weights: \"int8\" is unknown"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["routing"]["parameter"] = 0; }),
              StartsWith("l.json: routing.parameter: 0 is out of range"));
  EXPECT_EQ(layout_refusal([](auto& json) { json["routing"].erase("parameter"); }),
            "l.json: routing.parameter: the key is missing; add it");
  EXPECT_THAT(layout_refusal([](auto& json) { json["recompute"] = "some"; }),
              StartsWith("l.json: recompute: \"some\" is unknown; expected one of none"));
}

TEST(TrainingFiles, WhatContradictsItselfIsRefused) {
  EXPECT_EQ(model_refusal([](auto& json) { json["attention"]["kv_heads"] = 3; }),
            "m.json: attention.kv_heads: 4 heads cannot share 3; give a divisor");
  EXPECT_EQ(model_refusal([](auto& json) { json["attention"]["window_every"] = 2; }),
            "m.json: attention.window: the key is missing; add it");
  EXPECT_THAT(model_refusal([](auto& json) {
                json["ffn"] = 64;
                json["experts"]["dense_layers"] = 5;
              }),
              StartsWith("m.json: experts.dense_layers: 5 layers of 4"));
  EXPECT_THAT(model_refusal([](auto& json) { json["experts"]["group_limit"] = 2; }),
              StartsWith("m.json: experts.group_limit: 2 groups of 1"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["routing"]["locality"] = 11; }),
              StartsWith("l.json: routing.locality: 11 is above 10"));
}

/// What no step uses, and what only a program can give.
TEST(TrainingFiles, KeysWithoutEffectAreRefused) {
  EXPECT_THAT(layout_refusal([](auto& json) { json["routing"]["persistence"] = 0.5; }),
              StartsWith("l.json: routing.persistence: unknown key"));
  EXPECT_THAT(layout_refusal([](auto& json) { json["routing"]["kind"] = "odd"; }),
              StartsWith("l.json: routing.kind: \"odd\" is unknown; expected one of even"));
}

/// What check() says to a layout that goes with its model but for one thing.
std::string misfit(const std::string& model, const std::function<void(Layout&)>& edit,
                   const std::string& layout = "llama-3.1-405b-tp8-pp8-cp2-vp8") {
  auto edited = test::training_layout(layout);
  edit(edited);
  edited.name = "l";
  return refusal([&] { generate(test::model(model), edited); });
}

TEST(Misfits, SayWhatWouldFit) {
  const std::string big = "llama-3.1-405b";
  EXPECT_EQ(misfit(big, [](Layout& l) { l.tp = 3; }),
            "llama-3.1-405b as l: 128 heads cannot be divided by tp 3; tp 2, 4 or 8 would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.tp = 16; }),
            "llama-3.1-405b as l: 8 heads of keys and values cannot be divided by tp 16; tp 2, 4 "
            "or 8 would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.vp = 5; }),
            "llama-3.1-405b as l: 126 layers cannot be divided by pp·vp = 40; vp 1, 2, 4 or 8 "
            "would fit; or give the layers of every chunk");
  EXPECT_EQ(misfit(big,
                   [](Layout& l) {
                     l.layers = {100, 20};
                   }),
            "llama-3.1-405b as l: layers names 120 layers in 2 chunks; 126 layers in pp·vp = 64 "
            "chunks would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.global_batch = 500; }),
            "llama-3.1-405b as l: global_batch 500 cannot be divided by micro_batch·dp = 8; "
            "global_batch 512 would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.global_batch = 8 * 12; }),
            "llama-3.1-405b as l: 12 micro-batches cannot be interleaved over pp 8; global_batch "
            "128 would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.sequence = 8190; }),
            "llama-3.1-405b as l: sequence 8190 cannot be divided by 2·cp = 4; sequence 8192 "
            "would fit");
  EXPECT_EQ(misfit(big, [](Layout& l) { l.ep = 2; }),
            "llama-3.1-405b as l: the model has no experts to split over ep; ep 1 would fit");
  EXPECT_EQ(misfit(
                "mixtral-8x7b", [](Layout& l) { l.ep = 16; }, "mixtral-8x7b-ep8"),
            "mixtral-8x7b as l: 8 experts cannot be divided by ep 16; ep 1, 2, 4 or 8 would fit");
  EXPECT_EQ(misfit(
                "mixtral-8x7b", [](Layout& l) { l.dp = 4; }, "mixtral-8x7b-ep8"),
            "mixtral-8x7b as l: 4 ranks of a pipeline stage (tp·cp·dp) cannot be divided by ep 8; "
            "ep 1, 2 or 4 would fit");
  EXPECT_THAT(misfit(
                  "mixtral-8x7b", [](Layout& l) { l.tp = 2; }, "mixtral-8x7b-ep8"),
              HasSubstr("set sequence_parallel"));
  EXPECT_THAT(misfit(
                  "gpt-oss-120b", [](Layout& l) { l.cp = 2; }, "gpt-oss-120b-pp4-ep8"),
              HasSubstr("attention with a window is not split over cp; cp 1 would fit"));
  EXPECT_THAT(misfit(
                  "deepseek-v3", [](Layout& l) { l.tp = 2; }, "deepseek-v3-pp16-ep64"),
              HasSubstr("tp 1 and cp 1 would fit"));
}

struct Remedy {
  std::string key;
  std::vector<int> values;
};

/// Of "…; tp 2, 4 or 8 would fit".
Remedy remedy_of(const std::string& sentence) {
  std::smatch found;
  const std::regex form("; (?:with vp 1, )?([a-z_]+) ([0-9, or]+) would fit");
  if (!std::regex_search(sentence, found, form)) return {};
  Remedy remedy{found[1], {}};
  const std::string list = found[2];
  const std::regex number("[0-9]+");
  for (std::sregex_iterator i(list.begin(), list.end(), number), end; i != end; ++i)
    remedy.values.push_back(std::stoi(i->str()));
  return remedy;
}

Layout remedied(Layout layout, const std::string& sentence, const std::string& key, int value) {
  const std::map<std::string, int Layout::*> sizes{{"tp", &Layout::tp},
                                                   {"ep", &Layout::ep},
                                                   {"cp", &Layout::cp},
                                                   {"pp", &Layout::pp},
                                                   {"vp", &Layout::vp}};
  if (sentence.find("with vp 1, ") != std::string::npos) layout.vp = 1;
  if (const auto found = sizes.find(key); found != sizes.end()) layout.*found->second = value;
  if (key == "global_batch") layout.global_batch = static_cast<std::uint64_t>(value);
  if (key == "sequence") layout.sequence = static_cast<std::uint64_t>(value);
  return layout;
}

/// Each value that a refusal offers, taken at its word.
TEST(Misfits, AreMendedByWhatTheyOffer) {
  const auto try_all = [](const std::string& name, const char* key, auto change) {
    for (int value = 1; value <= 40; ++value) {
      auto layout = test::training_layout(name);
      change(layout, value);
      const auto model = test::model(model_of(name));
      const auto sentence = refusal([&] { check(model, layout); });
      if (sentence.empty()) continue;
      const auto remedy = remedy_of(sentence);
      if (remedy.values.empty()) {
        EXPECT_THAT(sentence,
                    testing::AnyOf(HasSubstr("sequence_parallel"), HasSubstr("vp 1 would fit"),
                                   HasSubstr("tp 1 and cp 1"), HasSubstr("chunks would fit")))
            << key;
      }
      for (const auto offered : remedy.values)
        EXPECT_EQ(refusal([&] { check(model, remedied(layout, sentence, remedy.key, offered)); }),
                  "")
            << sentence << " — with " << remedy.key << ' ' << offered;
    }
  };
  for (const auto& name : names_in("configs/layouts")) {
    try_all(name, "tp", [](Layout& l, int value) { l.tp = value; });
    try_all(name, "ep", [](Layout& l, int value) { l.ep = value; });
    try_all(name, "vp", [](Layout& l, int value) { l.vp = value; });
    try_all(name, "pp", [](Layout& l, int value) {
      l.pp = value;
      l.layers.clear();
    });
    try_all(name, "batch", [](Layout& l, int value) { l.global_batch += whole(value); });
    try_all(name, "sequence", [](Layout& l, int value) { l.sequence -= whole(value); });
  }
}

TEST(Memory, SaysWhatWouldFit) {
  const auto model = test::model("llama-3.1-8b");
  auto layout = test::training_layout("llama-3.1-8b-cp2");
  const auto account = step::account_of(generate(model, layout));
  EXPECT_EQ(refusal([&] { check_memory(model, layout, account, 90e9); }), "");
  EXPECT_THAT(refusal([&] { check_memory(model, layout, account, 70e9); }),
              testing::MatchesRegex(
                  "llama-3.1-8b as llama-3.1-8b-cp2: rank 0 needs 80.12 GB \\(weights 16.06 GB, .*"
                  "activations .* GB\\), and 70.00 GB are there; recompute full would fit with "
                  "6[0-9].* GB"));
  EXPECT_THAT(refusal([&] { check_memory(model, layout, account, 40e9); }),
              HasSubstr("40.00 GB are there; recompute full, tp 2, "
                        "sequence_parallel and dp 2 would fit with "));
  EXPECT_THAT(refusal([&] { check_memory(model, layout, account, 1e9); }),
              HasSubstr("1.000 GB are there; give more ranks, or a model with fewer layers"));
}

TEST(Misfits, OfRoutingTraces) {
  const auto traced = [](std::vector<std::vector<double>> trace) {
    return misfit(
        "tiny-moe",
        [&](Layout& l) {
          l.routing = {training::RoutingKind::trace};
          l.routing.trace = trace;
          l.routing.trace_name = "t.csv";
        },
        "tiny-moe-ep4");
  };
  EXPECT_EQ(traced({{1, 2, 3, 4, 5, 6, 7, 8}}), "");
  EXPECT_EQ(traced({{1, 2}}),
            "tiny-moe as l: the trace t.csv is of 2 experts; a line of 8 numbers per layer would "
            "fit");
  EXPECT_THAT(traced({}), HasSubstr("is of 0 experts"));
}

TEST(Misfits, OfSizesBeyondReason) {
  EXPECT_THAT(misfit(
                  "tiny", [](Layout& l) { l.dp = l.cp = l.pp = 1 << 24; }, "tiny-dp2"),
              HasSubstr("4722366482869645213696 ranks; at most 16777216 would fit"));
  EXPECT_THAT(misfit(
                  "tiny", [](Layout& l) { l.sequence = 1 << 29; }, "tiny-dp2"),
              HasSubstr("more than 2^28 tokens"));
  EXPECT_THAT(misfit(
                  "tiny", [](Layout& l) { l.global_batch = 1 << 16; }, "tiny-dp2"),
              HasSubstr("a rank would compute 131072 layers in a step"));
  EXPECT_THAT(misfit(
                  "tiny",
                  [](Layout& l) {
                    l.pp = 1 << 20;
                    l.layers.assign(1 << 20, 0);
                    l.layers.front() = 4;
                  },
                  "tiny-dp2"),
              HasSubstr("the schedules of all ranks compute 4194304 layers; at most 262144"));
  EXPECT_THAT(
      misfit(
          "tiny", [](Layout& l) { l.routing.kind = training::RoutingKind::zipf; }, "tiny-dp2"),
      HasSubstr("the model has no experts to route tokens to; leave routing out"));
  auto model = test::model("tiny-moe");
  auto layout = test::training_layout("tiny-moe-ep4");
  model.hidden = 1 << 24;
  model.experts->ffn = 1 << 20;
  EXPECT_THAT(refusal([&] { check(model, layout); }), HasSubstr("more than 2^44 weights"));
  model.hidden = 64;
  model.experts->count = model.experts->active = 64;
  layout.ep = layout.dp = 64;
  layout.sequence = 1 << 28;
  model.experts->ffn = 1 << 23;
  EXPECT_THAT(refusal([&] { check(model, layout); }), HasSubstr("more than 2^60 elements"));
  EXPECT_THAT(misfit(
                  "deepseek-v3",
                  [](Layout& l) {
                    l.routing = {training::RoutingKind::dirichlet, 14};
                  },
                  "deepseek-v3-pp16-ep64"),
              HasSubstr("the schedules of all ranks compute 468480 layers; at most 262144 would "
                        "fit: give a smaller global_batch or ep, or routing even"));
}

TEST(RoutingTrace, IsReadLineByLine) {
  EXPECT_THAT(parse_routing_trace("1,2\n0, 7\n", "t.csv"),
              testing::ElementsAre(testing::ElementsAre(1, 2), testing::ElementsAre(0, 7)));
  const auto refused = [](const char* csv) {
    return refusal([&] { parse_routing_trace(csv, "t.csv"); });
  };
  EXPECT_EQ(refused("1,2\n0,0\n"),
            "t.csv: line 2: all numbers are 0; give one above 0: an expert that has tokens");
  EXPECT_THAT(refused("1,x"), StartsWith("t.csv: line 1, column 2: 'x' is no whole number"));
  std::string numbers, lines;
  for (int i = 0; i < 4097; ++i) {
    numbers += "1,";
    lines += "1\n";
  }
  EXPECT_THAT(refused(numbers.c_str()), HasSubstr("line 1: it has more than 4096 numbers; give "
                                                  "one line per layer"));
  EXPECT_THAT(refused(lines.c_str()),
              HasSubstr("line 4097: it has more than 4096 lines; give at most a line per layer"));
  EXPECT_THAT(refused("1,2\n3"), StartsWith("t.csv: line 2: it has 1 number, and line 1 has 2"));
}

TEST(Scaled, KeepsMicroBatchesPerReplica) {
  const auto layout = test::training_layout("llama-3.1-405b-tp8-pp8-cp2-vp8");
  const auto large = training::scaled(layout, 16384);
  EXPECT_EQ(large.dp, 128);
  EXPECT_EQ(large.global_batch, 8192U);
  EXPECT_EQ(ranks_of(large), 16384);
  EXPECT_EQ(refusal([&] { training::scaled(layout, 1000); }),
            "llama-3.1-405b-tp8-pp8-cp2-vp8: 1000 ranks cannot be divided by tp·cp·pp = 128; 1024 "
            "ranks would fit");
  auto odd = layout;
  odd.global_batch = 500;
  EXPECT_THAT(refusal([&] { training::scaled(odd, 1024); }),
              HasSubstr("global_batch 500 cannot be divided by dp 8; global_batch 504 would fit"));
  EXPECT_THAT(refusal([&] { training::scaled(layout, -5); }), HasSubstr("128 ranks would fit"));
  odd.tp = odd.cp = odd.pp = 1 << 24;
  EXPECT_THAT(refusal([&] { training::scaled(odd, 1024); }), HasSubstr("at most 16777216"));
  odd.cp = 0;
  EXPECT_THAT(refusal([&] { training::scaled(odd, 1024); }), HasSubstr("give each at least 1"));
}

}  // namespace
}  // namespace assay::plan
