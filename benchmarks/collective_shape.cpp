#include "benchmarks/collective_shape.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "harness/bench/benchmark.hpp"

namespace assay::benchmarks {

namespace {

std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<int> roots_of(const CollectiveSpec& spec, const Dims& dims, int ranks) {
  if (!spec.rooted) return {0};
  const auto& text = text_dim(dims, "root");
  if (text != "rotating") return {static_cast<int>(number_in(text))};
  std::vector<int> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::uint64_t largest_sum(const std::vector<std::uint64_t>& matrix, std::size_t n) {
  std::uint64_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t row = 0, column = 0;
    for (std::size_t j = 0; j < n; ++j) {
      row += matrix[i * n + j];
      column += matrix[j * n + i];
    }
    largest = std::max({largest, row, column});
  }
  return largest;
}

std::uint64_t skewed_weight(std::uint64_t seed, std::size_t pair, std::size_t n) {
  const std::uint64_t hash = bench::mix(bench::mix(seed) ^ pair);
  const bool to_itself = pair / n == pair % n;
  if (hash % 8 == 0 && !to_itself) return 0;
  const std::uint64_t base = 1 + (hash >> 8) % 1000;
  return base * base;
}

}  // namespace

std::vector<std::uint64_t> counts_matrix(std::string_view rule, int ranks, std::uint64_t elements) {
  const auto n = static_cast<std::size_t>(ranks);
  std::vector<std::uint64_t> matrix(n * n, 1);
  if (rule != "uniform")
    for (std::size_t pair = 0; pair < matrix.size(); ++pair)
      matrix[pair] = skewed_weight(number_in(rule.substr(rule.find(':') + 1)), pair, n);
  const auto largest = std::max<std::uint64_t>(largest_sum(matrix, n), 1);
  // weight · elements / largest without leaving 64 bits: weights stay below 2²⁰.
  for (auto& weight : matrix) {
    const auto share = elements / largest * weight + elements % largest * weight / largest;
    weight = weight > 0 && elements > 0 ? std::max<std::uint64_t>(share, 1) : 0;
  }
  return matrix;
}

CollectiveShape::CollectiveShape(const CollectiveSpec& spec, const Dims& dims, int ranks,
                                 std::uint64_t seed)
    : spec_(spec), roots_(roots_of(spec, dims, ranks)) {
  call_.ranks = ranks;
  call_.seed = seed;
  call_.in_place = spec.has_in_place && flag_dim(dims, "in_place");
  if (spec.reduces) call_.op = reduce_op_from(text_dim(dims, "op")).value();
  if (spec.moves_data) read_sizes(dims);
  for (int rank = 0; rank < ranks; ++rank) {
    const auto one = extent(rank);
    largest_.send = std::max(largest_.send, one.send);
    largest_.recv = std::max(largest_.recv, one.recv);
  }
}

void CollectiveShape::read_sizes(const Dims& dims) {
  call_.type = data_type_from(text_dim(dims, "type")).value();
  width_ = size_of(call_.type);
  const auto elements = static_cast<std::uint64_t>(integer_dim(dims, "bytes")) / width_;
  call_.count = spec_.count_for(elements, call_.ranks);
  if (spec_.has_window) call_.window = static_cast<std::uint64_t>(integer_dim(dims, "window"));
  if (!spec_.has_counts) return;
  counts_ = counts_matrix(text_dim(dims, "counts"), call_.ranks, elements);
  call_.count = largest_sum(counts_, static_cast<std::size_t>(call_.ranks));
}

OracleCall CollectiveShape::call(int root) const {
  auto call = call_;
  call.root = root;
  call.counts = counts_;
  return call;
}

schedule::Shape CollectiveShape::schedule_shape(int root) const {
  return {.ranks = call_.ranks,
          .count = call_.count,
          .root = root,
          .counts = counts_,
          .window = call_.window};
}

schedule::Extent CollectiveShape::extent(int rank) const {
  schedule::Extent most;
  for (const int root : roots_) {
    const auto one = call(root);
    const auto send = spec_.send_elements(one, rank), recv = spec_.recv_elements(one, rank);
    most.send = std::max(most.send, call_.in_place ? 0 : send);
    most.recv = std::max(most.recv, call_.in_place ? std::max(send, recv) : recv);
  }
  return most;
}

std::uint64_t CollectiveShape::actual_bytes() const {
  return std::max(largest_.send, largest_.recv) * width_;
}

}  // namespace assay::benchmarks
