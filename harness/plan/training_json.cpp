#include "harness/plan/training_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/number_table.hpp"
#include "harness/plan/json_reader.hpp"

namespace assay::plan {
namespace {

using training::Layout;
using training::Model;

/// No dimension of a model or layout comes near; training::check() bounds their products.
constexpr std::int64_t largest = std::int64_t{1} << 24;

std::uint64_t count(const JsonValue& value, std::int64_t least = 1) {
  const auto number = value.integer_at_least(least);
  if (number > largest)
    value.refuse(fmt::format("{} is out of range", number),
                 fmt::format("it must be at most {}", largest));
  return static_cast<std::uint64_t>(number);
}

std::uint64_t count(ObjectReader& reader, std::string_view key) { return count(reader.value(key)); }

std::uint64_t count_or(ObjectReader& reader, std::string_view key, std::uint64_t fallback) {
  const auto value = reader.optional_value(key);
  return value ? count(*value) : fallback;
}

int size_or_one(ObjectReader& reader, std::string_view key) {
  return static_cast<int>(count_or(reader, key, 1));
}

training::Heads read_heads(ObjectReader reader) {
  training::Heads heads;
  heads.count = count(reader, "heads");
  heads.kv = count_or(reader, "kv_heads", heads.count);
  if (heads.count % heads.kv != 0)
    reader.value("kv_heads")
        .refuse(fmt::format("{} heads cannot share {}", heads.count, heads.kv), "give a divisor");
  if (auto latent = reader.optional_object("latent")) {
    heads.latent = training::Latent{count(*latent, "q_rank"), count(*latent, "kv_rank"),
                                    count(*latent, "nope_dim"), count(*latent, "rope_dim"),
                                    count(*latent, "v_dim")};
    latent->finish();
  } else {
    heads.dim = count(reader, "head_dim");
  }
  heads.window = count_or(reader, "window", 0);
  heads.window_every = count_or(reader, "window_every", 1);
  if (heads.window == 0 && heads.window_every > 1) reader.value("window");  // missing
  reader.finish();
  return heads;
}

training::Experts read_experts(ObjectReader reader, std::uint64_t layers) {
  training::Experts experts;
  experts.count = count(reader, "count");
  experts.active = count(reader, "active");
  experts.ffn = count(reader, "ffn");
  experts.shared_ffn = count_or(reader, "shared_ffn", 0);
  experts.dense_layers = count_or(reader, "dense_layers", 0);
  experts.groups = count_or(reader, "groups", 1);
  experts.group_limit = count_or(reader, "group_limit", experts.groups);
  if (experts.count % experts.groups != 0)
    reader.value("groups").refuse(
        fmt::format("{} experts cannot be divided into {} groups", experts.count, experts.groups),
        "give a divisor");
  if (experts.dense_layers > layers)
    reader.value("dense_layers")
        .refuse(fmt::format("{} layers of {}", experts.dense_layers, layers),
                "give at most as many as there are");
  if (experts.group_limit > experts.groups)
    reader.value("group_limit")
        .refuse(fmt::format("{} groups of {}", experts.group_limit, experts.groups),
                "give at most as many as there are");
  const auto reachable = experts.count / experts.groups * experts.group_limit;
  if (experts.active > std::min(experts.count, reachable))
    reader.value("active").refuse(fmt::format("a token cannot have {} experts of {}",
                                              experts.active, std::min(experts.count, reachable)),
                                  "give as many as its groups hold at most");
  reader.finish();
  return experts;
}

DataType read_type(ObjectReader& reader, std::string_view key, DataType fallback) {
  const auto value = reader.optional_value(key);
  if (!value) return fallback;
  const auto type =
      data_type_from(value->choice({"fp8_e4m3", "fp8_e5m2", "fp16", "bf16", "fp32", "fp64"}));
  return *type;
}

training::Types read_types(ObjectReader reader) {
  training::Types types;
  types.weights = read_type(reader, "weights", types.weights);
  types.activations = read_type(reader, "activations", types.activations);
  types.gradients = read_type(reader, "gradients", types.gradients);
  types.gemm = read_type(reader, "gemm", types.activations);
  reader.finish();
  return types;
}

template <typename Enum>
struct Named {
  std::string_view name;
  Enum value;
};

/// The first one where the key is missing.
template <typename Enum>
Enum read_enum(ObjectReader& reader, std::string_view key, const std::vector<Named<Enum>>& table) {
  const auto value = reader.optional_value(key);
  if (!value) return table.front().value;
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  const auto chosen = value->choice(names);
  return std::find_if(table.begin(), table.end(),
                      [&](const auto& entry) { return entry.name == chosen; })
      ->value;
}

training::Routing read_routing(ObjectReader reader) {
  using training::RoutingKind;
  training::Routing routing;
  routing.kind = read_enum<RoutingKind>(reader, "kind",
                                        {{"even", RoutingKind::even},
                                         {"balanced", RoutingKind::balanced},
                                         {"zipf", RoutingKind::zipf},
                                         {"dirichlet", RoutingKind::dirichlet},
                                         {"hot_rank", RoutingKind::hot_rank},
                                         {"trace", RoutingKind::trace}});
  if (routing.kind == RoutingKind::trace) {
    const auto file = reader.value("file");
    routing.trace_name = file.text();
    if (routing.trace_name.empty())
      file.refuse("the name is empty", "give the path of a file, from the layout's folder");
  }
  const bool drawn_by = routing.kind == RoutingKind::zipf ||
                        routing.kind == RoutingKind::dirichlet ||
                        routing.kind == RoutingKind::hot_rank;
  if (drawn_by) {
    const auto value = reader.value("parameter");
    routing.parameter = value.number();
    if (!(routing.parameter > 0) || routing.parameter > 1e6)
      value.refuse(fmt::format("{} is out of range", routing.parameter),
                   "give a number above 0 and at most 1000000");
  }
  routing.seed = count_or(reader, "seed", routing.seed);
  if (const auto value = reader.optional_value("locality")) {
    routing.locality = value->ratio();
    if (routing.locality > 10)
      value->refuse(fmt::format("{} is above 10", routing.locality),
                    "give a standard deviation of a logarithm");
  }
  reader.finish();
  return routing;
}

}  // namespace

Model parse_model(std::string_view text, std::string_view where) {
  const auto json = parse_json(text, where);
  ObjectReader reader(json, {std::string(where), {}});
  check_format(reader, "assay.model", "0.1.0");
  Model model;
  model.name = reader.text("name");
  model.source = reader.text("source");
  model.layers = count(reader, "layers");
  model.hidden = count(reader, "hidden");
  model.vocab = count(reader, "vocab");
  model.gated = reader.optional_flag("gated").value_or(true);
  model.tied = reader.optional_flag("tied").value_or(false);
  model.heads = read_heads(reader.object("attention"));
  if (auto experts = reader.optional_object("experts")) {
    model.experts = read_experts(*experts, model.layers);
    model.ffn = count_or(reader, "ffn", 0);
    if (model.ffn == 0 && model.experts->dense_layers > 0) reader.value("ffn");  // missing
  } else {
    model.ffn = count(reader, "ffn");
  }
  reader.finish();
  return model;
}

Layout parse_training_layout(std::string_view text, std::string_view where) {
  const auto json = parse_json(text, where);
  ObjectReader reader(json, {std::string(where), {}});
  check_format(reader, "assay.training_layout", "0.1.0");
  Layout layout;
  layout.name = reader.text("name");
  layout.source = reader.optional_text("source").value_or("");
  layout.tp = size_or_one(reader, "tp");
  layout.cp = size_or_one(reader, "cp");
  layout.pp = size_or_one(reader, "pp");
  layout.vp = size_or_one(reader, "vp");
  layout.dp = size_or_one(reader, "dp");
  layout.ep = size_or_one(reader, "ep");
  layout.sequence_parallel = reader.optional_flag("sequence_parallel").value_or(false);
  layout.zero1 = reader.optional_flag("zero1").value_or(false);
  using training::ContextWay, training::Recompute;
  layout.context = read_enum<ContextWay>(
      reader, "context", {{"ring", ContextWay::ring}, {"all_gather", ContextWay::all_gather}});
  layout.recompute = read_enum<Recompute>(
      reader, "recompute",
      {{"none", Recompute::none}, {"selective", Recompute::selective}, {"full", Recompute::full}});
  layout.micro_batch = count_or(reader, "micro_batch", 1);
  layout.global_batch = count(reader, "global_batch");
  layout.sequence = count(reader, "sequence");
  if (auto types = reader.optional_object("types")) layout.types = read_types(*types);
  for (const auto& value : reader.optional_list("layers")) layout.layers.push_back(count(value, 0));
  if (auto routing = reader.optional_object("routing")) layout.routing = read_routing(*routing);
  reader.finish();
  return layout;
}

std::vector<std::vector<double>> parse_routing_trace(std::string_view csv, std::string_view where) {
  const auto table = parse_numbers(
      csv, where,
      {4096, 4096,
       "give one line per layer, in it one whole number per expert, with commas between",
       "give at most a line per layer"});
  std::vector<std::vector<double>> lines;
  for (auto first = table.numbers.begin(); first != table.numbers.end();) {
    const auto last = first + static_cast<std::ptrdiff_t>(table.columns);
    lines.emplace_back(first, last);
    if (std::all_of(first, last, [](auto number) { return number == 0; }))
      throw UsageError({std::string(where), fmt::format("line {}: all numbers are 0", lines.size()),
                        "give one above 0: an expert that has tokens"});
    first = last;
  }
  return lines;
}

}  // namespace assay::plan
