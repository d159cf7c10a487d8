// Attention as products of blocks of queries with the keys that they see, and softmax in between.
//
// A block sees all keys up to those of its last query: with b blocks, (b+1)/2b of all pairs are
// worked out where half of all count as FLOPs. The backward pass works the probabilities out again
// rather than keep them: five products where four count.
//
// Heads that have keys of their own are worked on together, as a batch, where nobody looks at what
// goes on beside; those that share keys one after the other, as gradients of these add up.
#include <algorithm>
#include <cmath>

#include "harness/bench/step_tiles.hpp"

namespace assay::bench {
namespace {

using device::GemmCall;
using device::Stored;

constexpr std::size_t most_blocks = 8, least_rows = 16;
/// Of heads that are worked on together: more than enough work for any GPU.
constexpr std::size_t most_score_bytes = std::size_t{256} << 20;

std::size_t blocks_of(const step::Attention& what) {
  return std::clamp<std::size_t>(what.queries / least_rows, 1, most_blocks);
}

/// Of one head of a batch, the others' lying `stride` elements apart.
struct Tensor {
  std::byte* data = nullptr;
  std::size_t stride = 0;
};

/// The `index`-th of tensors of so many elements that lie one behind the other; the first where
/// memory ends before. The batch has every `step`-th.
struct Tensors {
  Region region;
  std::size_t count = 0, width = 4;

  std::size_t bytes() const { return count * width; }
  Tensor nth(std::size_t index, std::size_t step) const {
    const bool fits = (index + 1) * bytes() <= region.bytes;
    return {region.data + (fits ? index * bytes() : 0), step * count};
  }
  bool has(std::size_t number) const { return number * bytes() <= region.bytes; }
};

Region behind(const Region& region, std::size_t bytes) {
  const auto skip = std::min(bytes, region.bytes);
  return {region.data + skip, region.bytes - skip};
}

}  // namespace

/// Heads of queries, and for each the head of keys and values that it shares with some that are
/// not among them.
struct StepTiles::Heads {
  device::GemmType type = device::GemmType::fp32;
  std::size_t width = 4;  ///< of an element
  std::size_t count = 1;
  Tensor q, k, v;
  Tensor out;  ///< or its gradient
  Tensor dq, dk, dv;
  bool first = true;  ///< of those that share keys and values

  /// From a row of the first head on.
  std::byte* at(const Tensor& tensor, std::size_t row, std::size_t dim) const {
    return tensor.data + row * dim * width;
  }
};

/// Queries [begin, end) and the keys that they see.
struct StepTiles::Block {
  Block(const step::Attention& what, std::size_t index, std::size_t blocks)
      : begin(what.queries * index / blocks), end(what.queries * (index + 1) / blocks) {
    const auto key = [&what](std::size_t query) { return what.keys * query / what.queries; };
    last_key = std::max<std::size_t>(1, key(end));
    first_key = what.window > 0 && key(begin) > what.window ? key(begin) - what.window : 0;
  }
  std::size_t rows() const { return end - begin; }
  std::size_t keys() const { return last_key - first_key; }
  std::size_t scores() const { return rows() * keys(); }  ///< of a head
  std::size_t begin, end, first_key = 0, last_key = 1;
};

void StepTiles::compile(const step::Attention& what, const Operands& operands) {
  const auto type = type_of_product(operands.name, what.type, what.type);
  const auto width = size_of(what.type);
  const auto &reads = operands.reads, &writes = operands.writes;
  if (reads.empty() || writes.empty()) operands.too_small();
  const auto of_keys = what.batch * what.kv_heads, of_queries = what.batch * what.heads;
  const auto tensors = [&](const Region& region, std::size_t rows, std::size_t dim) {
    const Tensors made{region, rows * dim, width};
    if (!made.has(1)) operands.too_small();
    return made;
  };
  const auto q = tensors(reads.front(), what.queries, what.qk_dim);
  // Keys and values lie behind the queries, or apart.
  auto kv = behind(reads.front(), of_queries * q.bytes());
  for (std::size_t i = 1; i < reads.size(); ++i)
    if (reads[i].bytes == of_keys * what.keys * (what.qk_dim + what.v_dim) * width) kv = reads[i];
  const auto k = tensors(kv, what.keys, what.qk_dim);
  const auto v = tensors(behind(kv, of_keys * k.bytes()), what.keys, what.v_dim);
  const auto& target =
      *std::max_element(writes.begin(), writes.end(),
                        [](const auto& one, const auto& other) { return one.bytes < other.bytes; });
  const auto out = tensors(what.backward ? reads.back() : target, what.queries, what.v_dim);
  bool together =
      enqueues_ && q.has(of_queries) && k.has(of_keys) && v.has(of_keys) && out.has(of_queries);
  auto dq = q, dk = k, dv = v;
  if (what.backward) {
    const auto dkv = behind(target, of_queries * q.bytes());
    dq = tensors(target, what.queries, what.qk_dim);
    dk = tensors(dkv, what.keys, what.qk_dim);
    dv = tensors(behind(dkv, of_keys * k.bytes()), what.keys, what.v_dim);
    together = together && dq.has(of_queries) && dk.has(of_keys) && dv.has(of_keys);
  }
  const auto most_bytes = Block(what, blocks_of(what) - 1, blocks_of(what)).scores() * width;
  const auto most =
      together ? std::clamp<std::size_t>(most_score_bytes / most_bytes, 1, of_keys) : 1;
  const auto sharing = what.heads / what.kv_heads;
  for (std::size_t at = 0; at < of_keys; at += most)
    for (std::size_t i = at * sharing; i < (at + 1) * sharing; ++i)
      attend(what, {.type = type,
                    .width = width,
                    .count = std::min(most, of_keys - at),
                    .q = q.nth(i, sharing),
                    .k = k.nth(at, 1),
                    .v = v.nth(at, 1),
                    .out = out.nth(i, sharing),
                    .dq = dq.nth(i, sharing),
                    .dk = dk.nth(at, 1),
                    .dv = dv.nth(at, 1),
                    .first = i == at * sharing});
}

/// The last block first: it sees all keys, and begins the sums of their gradients.
void StepTiles::attend(const step::Attention& what, const Heads& heads) {
  const auto blocks = blocks_of(what);
  for (std::size_t i = blocks; i-- > 0;) {
    const Block block(what, i, blocks);
    const auto bytes = heads.count * block.scores() * heads.width;
    for (auto& scores : scores_[stream_])
      if (scores.bytes < bytes) scores = memory_.more(bytes);
    probabilities(what, heads, block);
    if (what.backward)
      gradients(what, heads, block, i + 1 < blocks || !heads.first);
    else
      multiply({.type = heads.type,
                .m = block.rows(),
                .n = what.v_dim,
                .k = block.keys(),
                .batch = heads.count,
                .strides = {block.scores(), heads.v.stride, heads.out.stride}},
               scores_[stream_][0].data, heads.at(heads.v, block.first_key, what.v_dim),
               heads.at(heads.out, block.begin, what.v_dim));
  }
}

void StepTiles::probabilities(const step::Attention& what, const Heads& heads, const Block& block) {
  multiply({.type = heads.type,
            .m = block.rows(),
            .n = block.keys(),
            .k = what.qk_dim,
            .b = Stored::by_columns,
            .batch = heads.count,
            .strides = {heads.q.stride, heads.k.stride, block.scores()}},
           heads.at(heads.q, block.begin, what.qk_dim),
           heads.at(heads.k, block.first_key, what.qk_dim), scores_[stream_][0].data);
  soften(Tile::What::softmax, what, {heads.count * block.rows(), block.keys()});
}

/// dV += Pᵀ·dO, dP = dO·Vᵀ, dS from P and dP, dQ = dS·K, dK += dSᵀ·Q.
void StepTiles::gradients(const step::Attention& what, const Heads& heads, const Block& block,
                          bool accumulate) {
  const auto rows = block.rows(), keys = block.keys(), scores = block.scores();
  const auto* p = scores_[stream_][0].data;
  auto* ds = scores_[stream_][1].data;
  const auto* out = heads.at(heads.out, block.begin, what.v_dim);
  const GemmCall of_keys{.type = heads.type,
                         .m = keys,
                         .k = rows,
                         .a = Stored::by_columns,
                         .accumulate = accumulate,
                         .batch = heads.count};
  auto dv = of_keys, dk = of_keys;
  dv.n = what.v_dim;
  dv.strides = {scores, heads.out.stride, heads.dv.stride};
  multiply(dv, p, out, heads.at(heads.dv, block.first_key, what.v_dim));
  multiply({.type = heads.type,
            .m = rows,
            .n = keys,
            .k = what.v_dim,
            .b = Stored::by_columns,
            .batch = heads.count,
            .strides = {heads.out.stride, heads.v.stride, scores}},
           out, heads.at(heads.v, block.first_key, what.v_dim), ds);
  soften(Tile::What::softmax_gradient, what, {heads.count * rows, keys});
  multiply({.type = heads.type,
            .m = rows,
            .n = what.qk_dim,
            .k = keys,
            .batch = heads.count,
            .strides = {scores, heads.k.stride, heads.dq.stride}},
           ds, heads.at(heads.k, block.first_key, what.qk_dim),
           heads.at(heads.dq, block.begin, what.qk_dim));
  dk.n = what.qk_dim;
  dk.strides = {scores, heads.q.stride, heads.dk.stride};
  multiply(dk, ds, heads.at(heads.q, block.begin, what.qk_dim),
           heads.at(heads.dk, block.first_key, what.qk_dim));
}

void StepTiles::soften(Tile::What kind, const step::Attention& what, const kernels::Rows& rows) {
  constexpr double elements_per_s = 3e8;  // rough, as all that says how often to look
  const bool backward = kind == Tile::What::softmax_gradient;
  push({.what = kind,
        .type = what.type,
        .rows = {rows.count, rows.width, 1 / std::sqrt(static_cast<double>(what.qk_dim))},
        .a = scores_[stream_][0].data,
        .c = scores_[stream_][backward ? 1 : 0].data},
       static_cast<double>(rows.count * rows.width) / elements_per_s);
}

}  // namespace assay::bench
