// Attention as products of blocks of queries with the keys that they see, and softmax in between.
//
// A block sees all keys up to those of its last query: with b blocks, (b+1)/2b of all pairs are
// worked out where half of all count as FLOPs. The backward pass works the probabilities out again
// rather than keep them: five products where four count.
#include <algorithm>
#include <cmath>

#include "harness/bench/step_tiles.hpp"

namespace assay::bench {
namespace {

using device::Stored;

constexpr std::size_t most_blocks = 8, least_rows = 16;

/// The `index`-th of tensors that lie one behind the other; the first where memory ends before.
std::byte* nth(const Region& region, std::size_t index, std::size_t bytes) {
  return region.data + ((index + 1) * bytes <= region.bytes ? index * bytes : 0);
}

Region behind(const Region& region, std::size_t bytes) {
  const auto skip = std::min(bytes, region.bytes);
  return {region.data + skip, region.bytes - skip};
}

}  // namespace

/// Of one sequence: a head of queries and the head of keys and values that it shares.
struct StepTiles::Head {
  device::GemmType type = device::GemmType::fp32;
  std::size_t width = 4;  ///< of an element
  std::byte *q = nullptr, *k = nullptr, *v = nullptr;
  std::byte* out = nullptr;  ///< or its gradient
  std::byte *dq = nullptr, *dk = nullptr, *dv = nullptr;
  bool first = true;  ///< of those that share keys and values
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
  std::size_t begin, end, first_key = 0, last_key = 1;
};

void StepTiles::compile(const step::Attention& what, const Operands& operands) {
  const auto type = type_of_product(operands.name, what.type, what.type);
  const auto width = size_of(what.type);
  const auto q_bytes = what.queries * what.qk_dim * width,
             k_bytes = what.keys * what.qk_dim * width, v_bytes = what.keys * what.v_dim * width,
             out_bytes = what.queries * what.v_dim * width;
  const auto &reads = operands.reads, &writes = operands.writes;
  if (reads.empty() || writes.empty()) operands.too_small();
  const auto queries = what.batch * what.heads * q_bytes;
  const auto all_keys = what.batch * what.kv_heads * k_bytes;
  // Keys and values lie behind the queries, or apart.
  auto kv = behind(reads.front(), queries);
  for (std::size_t i = 1; i < reads.size(); ++i)
    if (reads[i].bytes == what.batch * what.kv_heads * (k_bytes + v_bytes)) kv = reads[i];
  const auto v = behind(kv, all_keys);
  const auto& target =
      *std::max_element(writes.begin(), writes.end(),
                        [](const auto& one, const auto& other) { return one.bytes < other.bytes; });
  const auto& out = what.backward ? reads.back() : target;
  const auto dkv = behind(target, queries), dv = behind(dkv, all_keys);
  for (const auto& [region, bytes] :
       {std::tuple{reads.front(), q_bytes}, {kv, k_bytes}, {v, v_bytes}, {out, out_bytes}})
    if (region.bytes < bytes) operands.too_small();
  if (what.backward && (target.bytes < q_bytes || dkv.bytes < k_bytes || dv.bytes < v_bytes))
    operands.too_small();
  const auto sharing = what.heads / what.kv_heads;
  for (std::size_t i = 0; i < what.batch * what.heads; ++i) {
    Head head{type,
              width,
              nth(reads.front(), i, q_bytes),
              nth(kv, i / sharing, k_bytes),
              nth(v, i / sharing, v_bytes),
              nth(out, i, out_bytes)};
    if (what.backward) {
      head.dq = nth(target, i, q_bytes);
      head.dk = nth(dkv, i / sharing, k_bytes);
      head.dv = nth(dv, i / sharing, v_bytes);
      head.first = i % sharing == 0;
    }
    attend(what, head);
  }
}

/// The last block first: it sees all keys, and begins the sums of their gradients.
void StepTiles::attend(const step::Attention& what, const Head& head) {
  const auto blocks = std::clamp<std::size_t>(what.queries / least_rows, 1, most_blocks);
  for (std::size_t i = blocks; i-- > 0;) {
    const Block block(what, i, blocks);
    const auto bytes = block.rows() * block.keys() * head.width;
    for (auto& scores : scores_)
      if (scores.bytes < bytes) scores = memory_.more(bytes);
    probabilities(what, head, block);
    if (!what.backward) {
      multiply({.type = head.type, .m = block.rows(), .n = what.v_dim, .k = block.keys()},
               scores_[0].data, head.v + block.first_key * what.v_dim * head.width,
               head.out + block.begin * what.v_dim * head.width);
      continue;
    }
    gradients(what, head, block, i + 1 < blocks || !head.first);
  }
}

void StepTiles::probabilities(const step::Attention& what, const Head& head, const Block& block) {
  multiply({.type = head.type,
            .m = block.rows(),
            .n = block.keys(),
            .k = what.qk_dim,
            .b = Stored::by_columns},
           head.q + block.begin * what.qk_dim * head.width,
           head.k + block.first_key * what.qk_dim * head.width, scores_[0].data);
  soften(Tile::What::softmax, what, block);
}

/// dV += Pᵀ·dO, dP = dO·Vᵀ, dS from P and dP, dQ = dS·K, dK += dSᵀ·Q.
void StepTiles::gradients(const step::Attention& what, const Head& head, const Block& block,
                          bool accumulate) {
  const auto rows = block.rows(), keys = block.keys();
  const auto at = [&](std::byte* data, std::size_t row, std::size_t dim) {
    return data + row * dim * head.width;
  };
  const auto* out = at(head.out, block.begin, what.v_dim);
  multiply({.type = head.type,
            .m = keys,
            .n = what.v_dim,
            .k = rows,
            .a = Stored::by_columns,
            .accumulate = accumulate},
           scores_[0].data, out, at(head.dv, block.first_key, what.v_dim));
  multiply({.type = head.type, .m = rows, .n = keys, .k = what.v_dim, .b = Stored::by_columns}, out,
           at(head.v, block.first_key, what.v_dim), scores_[1].data);
  soften(Tile::What::softmax_gradient, what, block);
  multiply({.type = head.type, .m = rows, .n = what.qk_dim, .k = keys}, scores_[1].data,
           at(head.k, block.first_key, what.qk_dim), at(head.dq, block.begin, what.qk_dim));
  multiply({.type = head.type,
            .m = keys,
            .n = what.qk_dim,
            .k = rows,
            .a = Stored::by_columns,
            .accumulate = accumulate},
           scores_[1].data, at(head.q, block.begin, what.qk_dim),
           at(head.dk, block.first_key, what.qk_dim));
}

void StepTiles::soften(Tile::What kind, const step::Attention& what, const Block& block) {
  constexpr double elements_per_s = 3e8;  // rough, as all that says how often to look
  const bool backward = kind == Tile::What::softmax_gradient;
  push({.what = kind,
        .type = what.type,
        .rows = {block.rows(), block.keys(), 1 / std::sqrt(static_cast<double>(what.qk_dim))},
        .a = scores_[0].data,
        .c = scores_[backward ? 1 : 0].data},
       static_cast<double>(block.rows() * block.keys()) / elements_per_s);
}

}  // namespace assay::bench
