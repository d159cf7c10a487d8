// Attention as products of blocks of queries with the keys that they see, and softmax in between.
//
// A block sees all keys up to those of its last query: with b blocks, (b+1)/2b of all pairs are
// worked out where half of all count as FLOPs. The backward pass works the probabilities out again
// rather than keep them: five products where four count.
//
// Where work is only enqueued, heads are worked on together, as batches: those that share no keys,
// or those that share them, whichever makes fewer launches. Gradients of keys add up over heads
// that share them, one after the other.
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

/// So many tensors of `count` elements that lie one behind the other; where memory is too small for
/// all they overlap.
struct Tensors {
  Region region;
  std::size_t number = 1, count = 0, width = 4;

  std::size_t bytes() const { return number * count * width; }
  std::size_t stride() const {
    constexpr std::size_t aligned = 32;  // elements
    if (region.bytes >= bytes()) return count;
    return (region.bytes / width - count) / (number - 1) / aligned * aligned;
  }
  /// The batch has every `step`-th.
  Tensor nth(std::size_t index, std::size_t step) const {
    return {region.data + index * stride() * width, step * stride()};
  }
};

Region behind(const Region& region, std::size_t bytes) {
  const auto skip = std::min(bytes, region.bytes);
  return {region.data + skip, region.bytes - skip};
}

}  // namespace

/// Heads of queries, and the heads of keys and values that they see: all another one, or all the
/// same.
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
  const auto &reads = operands.reads, &writes = operands.writes;
  if (reads.empty() || writes.empty()) operands.too_small();
  const auto of_keys = what.batch * what.kv_heads, of_queries = what.batch * what.heads;
  const auto tensors = [&](const Region& region, std::size_t number, std::size_t count) {
    const auto width = size_of(what.type);
    if (region.bytes < count * width) operands.too_small();
    return Tensors{region, number, count, width};
  };
  const auto q = tensors(reads.front(), of_queries, what.queries * what.qk_dim);
  const auto k_count = what.keys * what.qk_dim, v_count = what.keys * what.v_dim;
  // Keys and values lie behind the queries, or apart.
  auto kv = behind(reads.front(), q.bytes());
  for (std::size_t i = 1; i < reads.size(); ++i)
    if (reads[i].bytes == of_keys * (k_count + v_count) * q.width) kv = reads[i];
  const auto k = tensors(kv, of_keys, k_count);
  const auto v = tensors(behind(kv, k.bytes()), of_keys, v_count);
  auto target =
      *std::max_element(writes.begin(), writes.end(),
                        [](const auto& one, const auto& other) { return one.bytes < other.bytes; });
  const auto out_count = what.queries * what.v_dim;
  // What heads write at the same time must not overlap.
  const auto written =
      what.backward ? q.bytes() + k.bytes() + v.bytes() : of_queries * out_count * q.width;
  if (enqueues_ && target.bytes < written) target = grown(scratch_[stream_].result, written);
  const auto out = tensors(what.backward ? reads.back() : target, of_queries, out_count);
  auto dq = q, dk = k, dv = v;
  if (what.backward) {
    const auto dkv = behind(target, q.bytes());
    dq = tensors(target, of_queries, q.count);
    dk = tensors(dkv, of_keys, k_count);
    dv = tensors(behind(dkv, k.bytes()), of_keys, v_count);
  }
  const auto sharing = what.heads / what.kv_heads;
  const auto attend_to = [&](std::size_t first, std::size_t count, std::size_t step) {
    const auto of = first / sharing, step_of = step / sharing;
    attend(what, {.type = type,
                  .width = q.width,
                  .count = count,
                  .q = q.nth(first, step),
                  .k = k.nth(of, step_of),
                  .v = v.nth(of, step_of),
                  .out = out.nth(first, step),
                  .dq = dq.nth(first, step),
                  .dk = dk.nth(of, step_of),
                  .dv = dv.nth(of, step_of),
                  .first = first % sharing == 0});
  };
  const auto score_bytes =
      Block(what, blocks_of(what) - 1, blocks_of(what)).rows() * what.keys * q.width;
  const auto most = enqueues_ ? std::max<std::size_t>(1, most_score_bytes / score_bytes) : 1;
  if (most > 1 && sharing > of_keys) {
    for (std::size_t i = 0; i < of_keys; ++i)
      for (std::size_t member = 0; member < sharing; member += most)
        attend_to(i * sharing + member, std::min(most, sharing - member), 1);
    return;
  }
  for (std::size_t i = 0; i < of_keys; i += most)
    for (std::size_t member = 0; member < sharing; ++member)
      attend_to(i * sharing + member, std::min(most, of_keys - i), sharing);
}

/// The last block first: it sees all keys, and begins the sums of their gradients.
void StepTiles::attend(const step::Attention& what, const Heads& heads) {
  const auto blocks = blocks_of(what);
  for (std::size_t i = blocks; i-- > 0;) {
    const Block block(what, i, blocks);
    const auto bytes = heads.count * block.scores() * heads.width;
    grown(scratch_[stream_].scores, bytes);
    if (what.backward) grown(scratch_[stream_].gradients, bytes);
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
               scratch_[stream_].scores.data, heads.at(heads.v, block.first_key, what.v_dim),
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
           heads.at(heads.k, block.first_key, what.qk_dim), scratch_[stream_].scores.data);
  soften(Tile::What::softmax, what, {heads.count * block.rows(), block.keys()});
}

/// dV += Pᵀ·dO, dP = dO·Vᵀ, dS from P and dP, dQ = dS·K, dK += dSᵀ·Q.
void StepTiles::gradients(const step::Attention& what, const Heads& heads, const Block& block,
                          bool accumulate) {
  const auto rows = block.rows(), keys = block.keys(), scores = block.scores();
  const auto* p = scratch_[stream_].scores.data;
  auto* ds = scratch_[stream_].gradients.data;
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
        .a = scratch_[stream_].scores.data,
        .c = backward ? scratch_[stream_].gradients.data : scratch_[stream_].scores.data},
       static_cast<double>(rows.count * rows.width) / elements_per_s);
}

}  // namespace assay::bench
