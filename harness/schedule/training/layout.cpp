#include "harness/schedule/training/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/core/error.hpp"

namespace assay::training {
namespace {

/// "1, 2, 4 or 8": the first ones, as far as it is worth looking.
std::string divisors(std::uint64_t number) {
  constexpr std::uint64_t furthest = 1 << 20;
  std::vector<std::uint64_t> found;
  for (std::uint64_t i = 1; i <= std::min(number, furthest) && found.size() < 12; ++i)
    if (number % i == 0) found.push_back(i);
  std::string text;
  for (std::size_t i = 0; i < found.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == found.size() ? " or " : ", ", found[i]);
  return text;
}

constexpr int most_ranks = 1 << 24;
constexpr double most_tokens = 1 << 28, most_columns = 1 << 24;
constexpr int most_passes = 1 << 16;
constexpr std::uint64_t most_places = 1 << 20, most_active = 64;

class Check {
 public:
  Check(const Model& model, const Layout& layout) : model_(model), layout_(layout) {}

  void all() const {
    sizes();
    limits();
    heads();
    experts();
    pipeline();
    batch();
  }

 private:
  [[noreturn]] void refuse(std::string what, std::string remedy) const {
    throw UsageError(
        {fmt::format("{} as {}", model_.name, layout_.name), std::move(what), std::move(remedy)});
  }

  /// `what` of the model must be a multiple of `parts`.
  void divides(std::string_view what, std::uint64_t count, std::string_view key, int parts) const {
    if (count % static_cast<std::uint64_t>(parts) == 0) return;
    refuse(fmt::format("{} {} cannot be divided by {} {}", count, what, key, parts),
           fmt::format("{} {} would fit", key, divisors(count)));
  }

  void sizes() const {
    for (const int size : {layout_.tp, layout_.cp, layout_.pp, layout_.vp, layout_.dp, layout_.ep})
      if (size < 1) refuse("a dimension has no ranks", "give each at least 1");
    if (layout_.micro_batch < 1 || layout_.global_batch < 1 || layout_.sequence < 1)
      refuse("nothing would be computed", "give batches and sequence of at least 1");
    if (layout_.sequence_parallel && layout_.tp == 1)
      refuse("sequence_parallel splits the sequence over tp, and tp is 1",
             "leave it out, or give tp at least 2");
  }

  /// Far beyond anything that is trained: within them, counts stay within 64 bits, and a schedule
  /// within memory.
  void limits() const {
    const auto real = [](auto number) { return static_cast<double>(number); };
    const auto ranks = real(layout_.tp) * layout_.cp * layout_.dp * layout_.pp;
    if (ranks > most_ranks)
      refuse(fmt::format("tp·cp·dp·pp is {:.0f} ranks", ranks),
             fmt::format("at most {} would fit", most_ranks));
    if (real(layout_.micro_batch) * real(layout_.sequence) > most_tokens)
      refuse("a micro-batch has more than 2^28 tokens", "give a smaller micro_batch or sequence");
    const auto& heads = model_.heads;
    const auto latent = heads.latent.value_or(Latent{});
    const auto dim = std::max(heads.dim, latent.nope_dim + latent.rope_dim + latent.v_dim);
    if (real(heads.count) * real(dim) > most_columns)
      refuse("all heads together have more than 2^24 columns", "give fewer or smaller heads");
    const auto experts = model_.experts.value_or(Experts{});
    if (real(experts.count) * layout_.ep > real(most_places) || experts.active > most_active)
      refuse("there are too many experts",
             fmt::format("at most {} per token, and {} of a layer times ep, would fit", most_active,
                         most_places));
    const auto passes =
        real(micro_batches(layout_)) * std::max(1.0, real(model_.layers) / real(layout_.pp));
    if (passes > most_passes)
      refuse(fmt::format("a rank would compute {:.0f} layers in a step, over all micro-batches",
                         passes),
             fmt::format("at most {} would fit: give a smaller global_batch", most_passes));
  }

  void heads() const {
    const auto& heads = model_.heads;
    divides("heads", heads.count, "tp", layout_.tp);
    divides("heads of keys and values", heads.kv, "tp", layout_.tp);
    divides("entries of the vocabulary", model_.vocab, "tp", layout_.tp);
    if (model_.ffn > 0) divides("columns of the feed-forward layer", model_.ffn, "tp", layout_.tp);
    if (heads.latent && (layout_.tp > 1 || layout_.cp > 1))
      refuse("latent attention is generated whole, and tp or cp split it",
             "tp 1 and cp 1 would fit; use ep, pp and dp");
    if (heads.window > 0 && layout_.cp > 1)
      refuse("attention with a window is not split over cp", "cp 1 would fit");
  }

  void experts() const {
    if (!model_.experts) {
      if (layout_.ep > 1) refuse("the model has no experts to split over ep", "ep 1 would fit");
      return;
    }
    const auto& experts = *model_.experts;
    divides("experts", experts.count, "ep", layout_.ep);
    const auto stage = layout_.tp * layout_.cp * layout_.dp;
    divides("ranks of a pipeline stage (tp·cp·dp)", static_cast<std::uint64_t>(stage), "ep",
            layout_.ep);
    divides("columns of the shared experts", experts.shared_ffn, "tp", layout_.tp);
    const auto& routing = layout_.routing;
    if (routing.kind == RoutingKind::trace &&
        (routing.trace.empty() || routing.trace.front().size() != experts.count))
      refuse(fmt::format("the trace {} is of {} experts", routing.trace_name,
                         routing.trace.empty() ? 0 : routing.trace.front().size()),
             fmt::format("a line of {} numbers per layer would fit", experts.count));
    if (layout_.tp > 1 && !layout_.sequence_parallel)
      refuse("experts under tp would see every token tp times", "set sequence_parallel");
  }

  void pipeline() const {
    if (layout_.vp > 1 && layout_.pp == 1)
      refuse("vp interleaves pipeline stages, and pp is 1", "vp 1 would fit");
    const auto chunks = static_cast<std::size_t>(layout_.pp) * static_cast<std::size_t>(layout_.vp);
    const auto layers = chunk_layers(model_, layout_);
    if (layers.empty())
      refuse(fmt::format("{} layers cannot be divided by pp·vp = {}", model_.layers, chunks),
             fmt::format("pp·vp {}, or with embedding and loss as a layer each {}, would fit; or "
                         "give the layers of every chunk",
                         divisors(model_.layers), divisors(model_.layers + 2)));
    const auto sum = std::accumulate(layers.begin(), layers.end(), std::uint64_t{0});
    if (layers.size() != chunks || sum != model_.layers)
      refuse(fmt::format("layers names {} layers in {} chunks", sum, layers.size()),
             fmt::format("{} layers in pp·vp = {} chunks would fit", model_.layers, chunks));
  }

  void batch() const {
    const auto positions = layout_.cp > 1 ? 2 * layout_.cp : 1;  // halves balance causal attention
    if (layout_.sequence % static_cast<std::uint64_t>(positions) != 0)
      refuse(fmt::format("sequence {} cannot be divided by 2·cp = {}", layout_.sequence, positions),
             fmt::format("sequence {} would fit",
                         std::lcm(layout_.sequence, static_cast<std::uint64_t>(positions))));
    if (layout_.sequence_parallel)
      divides("positions of a rank", layout_.sequence / static_cast<std::uint64_t>(layout_.cp),
              "tp", layout_.tp);
    const auto at_once = layout_.micro_batch * static_cast<std::uint64_t>(layout_.dp);
    if (layout_.global_batch % at_once != 0)
      refuse(
          fmt::format("global_batch {} cannot be divided by micro_batch·dp = {}",
                      layout_.global_batch, at_once),
          fmt::format("global_batch {} would fit", (layout_.global_batch / at_once + 1) * at_once));
    const auto pp = static_cast<std::uint64_t>(layout_.pp);
    if (layout_.vp > 1 && micro_batches(layout_) % pp != 0)
      refuse(fmt::format("{} micro-batches cannot be interleaved over pp {}",
                         micro_batches(layout_), pp),
             fmt::format("global_batch {} would fit",
                         (micro_batches(layout_) / pp + 1) * pp * at_once));
  }

  const Model& model_;
  const Layout& layout_;
};

}  // namespace

std::vector<std::uint64_t> chunk_layers(const Model& model, const Layout& layout) {
  if (!layout.layers.empty()) return layout.layers;
  const auto chunks = static_cast<std::uint64_t>(layout.pp) * static_cast<std::uint64_t>(layout.vp);
  if (model.layers % chunks == 0) return std::vector<std::uint64_t>(chunks, model.layers / chunks);
  if ((model.layers + 2) % chunks != 0 || model.layers + 2 == chunks) return {};
  std::vector<std::uint64_t> layers(chunks, (model.layers + 2) / chunks);
  --layers.front();
  --layers.back();
  return layers;
}

void check(const Model& model, const Layout& layout) { Check(model, layout).all(); }

Layout scaled(Layout layout, int ranks) {
  const int replica = layout.tp * layout.cp * layout.pp;
  if (ranks < replica || ranks % replica != 0)
    throw UsageError({layout.name,
                      fmt::format("{} ranks cannot be divided by tp·cp·pp = {}", ranks, replica),
                      fmt::format("{} ranks would fit", (ranks / replica + 1) * replica)});
  const auto per_replica = layout.global_batch / static_cast<std::uint64_t>(layout.dp);
  layout.dp = ranks / replica;
  layout.global_batch = per_replica * static_cast<std::uint64_t>(layout.dp);
  return layout;
}

}  // namespace assay::training
