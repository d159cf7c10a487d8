#include "harness/schedule/training/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/core/error.hpp"

namespace assay::training {
namespace {

/// "1, 2, 4 or 8"
std::string listed(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == numbers.size() ? " or " : ", ", numbers[i]);
  return text;
}

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }
template <typename Number>
double real(Number number) {
  return static_cast<double>(number);
}

constexpr int most_ranks = 1 << 24;
constexpr double most_tokens = 1 << 28, most_columns = 1 << 24;
constexpr int most_passes = 1 << 16;
constexpr std::uint64_t most_places = 1 << 20, most_active = 64;
constexpr double most_weights = 1ULL << 44, most_routed = 1ULL << 60;

class Check {
 public:
  /// Whoever only asks whether a layout would fit needs no remedies.
  enum class Remedies { found, left_out };
  Check(const Model& model, const Layout& layout, Remedies remedies = Remedies::found)
      : model_(model), layout_(layout), remedies_(remedies) {}

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

  bool fits(const Layout& layout) const {
    try {
      Check(model_, layout, Remedies::left_out).all();
    } catch (const UsageError&) {
      return false;
    }
    return true;
  }

  /// "tp 1, 2 or 4 would fit": the first divisors of `number`, of which change() makes layouts that
  /// fit; where something else is wrong as well, of all divisors.
  template <typename Change>
  std::string offer(std::string_view key, std::uint64_t number, Change change) const {
    if (remedies_ == Remedies::left_out) return {};
    constexpr std::uint64_t furthest = 1 << 16;
    std::vector<int> divisors, fitting;
    for (std::uint64_t i = 1; i <= std::min(number, furthest) && fitting.size() < 12; ++i) {
      if (number % i != 0) continue;
      auto changed = layout_;
      change(changed, static_cast<int>(i));
      if (fits(changed)) fitting.push_back(static_cast<int>(i));
      if (divisors.size() < 12) divisors.push_back(static_cast<int>(i));
    }
    return fmt::format("{} {} would fit", key, listed(fitting.empty() ? divisors : fitting));
  }
  std::string offer(std::string_view key, std::uint64_t number, int Layout::*size) const {
    return offer(key, number, [size](Layout& layout, int value) { layout.*size = value; });
  }

  /// The next multiple of `step`; the one before where only that fits.
  std::string offer_multiple(std::string_view key, std::uint64_t Layout::*size,
                             std::uint64_t step) const {
    if (remedies_ == Remedies::left_out) return {};
    const auto above = (layout_.*size / step + 1) * step, below = above - step;
    auto larger = layout_, smaller = layout_;
    larger.*size = above;
    smaller.*size = below;
    const bool down = below > 0 && !fits(larger) && fits(smaller);
    return fmt::format("{} {} would fit", key, down ? below : above);
  }

  /// `count` of `what` must be a multiple of tp, and so must all else that is split over it.
  void divides_tp(std::string_view what, std::uint64_t count) const {
    if (count % whole(layout_.tp) == 0) return;
    const auto shared = model_.experts ? model_.experts->shared_ffn : 0;
    auto all = std::gcd(std::gcd(model_.heads.count, model_.heads.kv), model_.vocab);
    all = std::gcd(std::gcd(all, model_.ffn), shared);
    refuse(fmt::format("{} {} cannot be divided by tp {}", count, what, layout_.tp),
           offer("tp", all, &Layout::tp));
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

  /// Far beyond anything that is trained: within them, and the bounds of products(), counts of a
  /// rank stay within 64 bits, and a schedule within memory.
  void limits() const {
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
        real(micro_batches(layout_)) * real(units_of(model_, layout_)) / real(layout_.pp);
    if (passes > most_passes)
      refuse(fmt::format("a rank would compute {:.0f} layers in a step, over all micro-batches",
                         passes),
             fmt::format("at most {} would fit: give a smaller global_batch", most_passes));
    products(real(heads.count) * real(dim));
  }

  /// Weights of a layer, and what tokens on their way to experts are made of.
  void products(double columns) const {
    const auto experts = model_.experts.value_or(Experts{});
    const auto widest =
        std::max({columns, real(model_.ffn), real(model_.vocab),
                  real(experts.count) * real(experts.ffn), real(experts.shared_ffn)});
    if (real(model_.hidden) * widest > most_weights)
      refuse("a matrix has more than 2^44 weights", "give a smaller hidden, ffn or vocab");
    const auto rows = real(layout_.micro_batch) * real(layout_.sequence) * real(experts.active);
    if (rows * layout_.ep * std::max(real(model_.hidden), 2 * real(experts.ffn)) > most_routed)
      refuse("experts would exchange more than 2^60 elements at once",
             "give a smaller micro_batch, sequence or ep");
  }

  void heads() const {
    const auto& heads = model_.heads;
    divides_tp("heads", heads.count);
    divides_tp("heads of keys and values", heads.kv);
    divides_tp("entries of the vocabulary", model_.vocab);
    divides_tp("columns of the feed-forward layer", model_.ffn);
    if (heads.latent && (layout_.tp > 1 || layout_.cp > 1))
      refuse("latent attention is generated whole, and tp or cp split it",
             layout_.sequence_parallel
                 ? "tp 1 and cp 1 without sequence_parallel would fit; use ep, pp and dp"
                 : "tp 1 and cp 1 would fit; use ep, pp and dp");
    if (heads.window > 0 && layout_.cp > 1)
      refuse("attention with a window is not split over cp", "cp 1 would fit");
  }

  void experts() const {
    if (!model_.experts) {
      if (layout_.ep > 1) refuse("the model has no experts to split over ep", "ep 1 would fit");
      if (!is_even(layout_.routing))
        refuse("the model has no experts to route tokens to", "leave routing out");
      return;
    }
    const auto& experts = *model_.experts;
    const auto stage = whole(layout_.tp * layout_.cp * layout_.dp), ep = whole(layout_.ep);
    const auto offer_ep = [&] { return offer("ep", std::gcd(experts.count, stage), &Layout::ep); };
    if (experts.count % ep != 0)
      refuse(fmt::format("{} experts cannot be divided by ep {}", experts.count, ep), offer_ep());
    if (stage % ep != 0)
      refuse(fmt::format("{} ranks of a pipeline stage (tp·cp·dp) cannot be divided by ep {}",
                         stage, ep),
             offer_ep());
    divides_tp("columns of the shared experts", experts.shared_ffn);
    const auto& routing = layout_.routing;
    if (routing.kind == RoutingKind::trace &&
        (routing.trace.empty() || routing.trace.front().size() != experts.count))
      refuse(fmt::format("the trace {} is of {} experts", routing.trace_name,
                         routing.trace.empty() ? 0 : routing.trace.front().size()),
             fmt::format("a line of {} numbers per layer would fit", experts.count));
    if (layout_.tp > 1 && !layout_.sequence_parallel)
      refuse("experts under tp would see every token tp times",
             fmt::format("set sequence_parallel, with a sequence that can be divided by cp·tp = {}",
                         layout_.cp * layout_.tp));
  }

  void pipeline() const {
    if (layout_.vp > 1 && layout_.pp == 1)
      refuse("vp interleaves pipeline stages, and pp is 1", "vp 1 would fit");
    const auto chunks = static_cast<std::size_t>(layout_.pp) * static_cast<std::size_t>(layout_.vp);
    const auto layers = chunk_layers(model_, layout_);
    if (layers.empty())
      refuse(fmt::format("{} layers cannot be divided by pp·vp = {}", model_.layers, chunks),
             offer_chunks() + "; or give the layers of every chunk");
    const auto sum = std::accumulate(layers.begin(), layers.end(), std::uint64_t{0});
    if (layers.size() != chunks || sum != model_.layers)
      refuse(fmt::format("layers names {} layers in {} chunks", sum, layers.size()),
             fmt::format("{} layers in pp·vp = {} chunks would fit", model_.layers, chunks));
  }

  /// Of as many stages as there are, if any way to cut them goes; else other numbers of stages.
  std::string offer_chunks() const {
    for (const auto layers : {model_.layers + 2, model_.layers})
      if (layers % whole(layout_.pp) == 0 && layers / whole(layout_.pp) > 1)
        return offer("vp", layers / whole(layout_.pp), &Layout::vp);
    return offer("with vp 1, pp", model_.layers, [](Layout& layout, int value) {
      layout.vp = 1;
      layout.pp = value;
    });
  }

  void batch() const {
    const auto cp = whole(layout_.cp);
    const auto halves = cp > 1 ? 2 * cp : 1;  // halves balance causal attention
    const auto parts = layout_.sequence_parallel ? cp * whole(layout_.tp) : 1;
    const auto indivisible = [&](std::string_view by, std::uint64_t number) {
      refuse(fmt::format("sequence {} cannot be divided by {} = {}", layout_.sequence, by, number),
             offer_multiple("sequence", &Layout::sequence, std::lcm(halves, parts)));
    };
    if (layout_.sequence % halves != 0) indivisible("2·cp", halves);
    if (layout_.sequence % parts != 0) indivisible("cp·tp", parts);
    const auto pp = whole(layout_.pp), at_once = layout_.micro_batch * whole(layout_.dp);
    const auto offer_batch = [&] {
      return offer_multiple("global_batch", &Layout::global_batch,
                            at_once * (layout_.vp > 1 ? pp : 1));
    };
    if (layout_.global_batch % at_once != 0)
      refuse(fmt::format("global_batch {} cannot be divided by micro_batch·dp = {}",
                         layout_.global_batch, at_once),
             offer_batch());
    if (layout_.vp > 1 && micro_batches(layout_) % pp != 0)
      refuse(fmt::format("{} micro-batches cannot be interleaved over pp {}",
                         micro_batches(layout_), pp),
             offer_batch());
  }

  const Model& model_;
  const Layout& layout_;
  Remedies remedies_;
};

}  // namespace

std::uint64_t units_of(const Model& model, const Layout& layout) {
  return std::max(model.layers, whole(layout.pp) * whole(layout.vp));
}

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
  const auto refuse = [&](std::string what, std::string remedy) {
    throw UsageError({layout.name, std::move(what), std::move(remedy)});
  };
  if (std::min({layout.tp, layout.cp, layout.pp, layout.dp}) < 1)
    refuse("a dimension has no ranks", "give each at least 1");
  const auto product = real(layout.tp) * layout.cp * layout.pp;
  if (product > most_ranks || ranks > most_ranks)
    refuse(fmt::format("{:.0f} ranks are too many", std::max(product, real(ranks))),
           fmt::format("at most {} would fit", most_ranks));
  const int replica = layout.tp * layout.cp * layout.pp;
  if (ranks < replica || ranks % replica != 0)
    refuse(fmt::format("{} ranks cannot be divided by tp·cp·pp = {}", ranks, replica),
           fmt::format("{} ranks would fit", (std::max(ranks, 0) / replica + 1) * replica));
  const auto dp = whole(layout.dp);
  if (layout.global_batch % dp != 0)
    refuse(fmt::format("global_batch {} cannot be divided by dp {}", layout.global_batch, dp),
           fmt::format("global_batch {} would fit", (layout.global_batch / dp + 1) * dp));
  layout.global_batch /= dp;
  layout.dp = ranks / replica;
  layout.global_batch *= whole(layout.dp);
  return layout;
}

}  // namespace assay::training
