#include "benchmarks/traffic.hpp"

#include <algorithm>

#include "harness/bench/benchmark.hpp"
#include "harness/core/dims.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::string_view skewed = "skewed:";

__extension__ using Wide = unsigned __int128;

std::uint64_t skewed_weight(std::uint64_t mixed_seed, std::uint64_t pair, bool to_itself) {
  const std::uint64_t hash = bench::mix(mixed_seed ^ pair);
  if (hash % 8 == 0 && !to_itself) return 0;
  const std::uint64_t base = 1 + (hash >> 8) % 1000;
  return base * base;
}

}  // namespace

Traffic::Traffic(std::string_view rule, const TrafficMatrix* matrix, int ranks,
                 std::uint64_t elements)
    : ranks_(static_cast<std::uint64_t>(ranks)), elements_(elements) {
  if (rule.starts_with(skewed)) {
    rule_ = Rule::skewed;
    seed_ = bench::mix(number_in(rule.substr(skewed.size())));
  } else if (rule.starts_with(traffic_file)) {
    rule_ = Rule::file;
    matrix_ = matrix;
    invariant(matrix != nullptr && matrix->ranks == ranks, "counts need a matrix of the group");
  } else {
    whole_ = ranks_;
    share_ = scaled(1);
    largest_ = share_ * ranks_;
    return;
  }
  whole_ = add_up([this](auto from, auto to) { return weight(from, to); });
  whole_ = std::max<std::uint64_t>(whole_, 1);
  largest_ = add_up([this](auto from, auto to) { return scaled(weight(from, to)); });
}

template <class Count>
std::uint64_t Traffic::add_up(Count count) {
  sent_.assign(ranks_, 0);
  received_.assign(ranks_, 0);
  for (std::uint64_t from = 0; from < ranks_; ++from)
    for (std::uint64_t to = 0; to < ranks_; ++to) {
      const std::uint64_t one = count(from, to);
      sent_[from] += one;
      received_[to] += one;
    }
  return std::max(*std::max_element(sent_.begin(), sent_.end()),
                  *std::max_element(received_.begin(), received_.end()));
}

std::uint64_t Traffic::weight(std::uint64_t from, std::uint64_t to) const {
  const auto pair = from * ranks_ + to;
  return rule_ == Rule::file ? matrix_->weights[pair] : skewed_weight(seed_, pair, from == to);
}

std::uint64_t Traffic::scaled(std::uint64_t weight) const {
  if (weight == 0 || elements_ == 0) return 0;
  const auto share = static_cast<std::uint64_t>(Wide{elements_} * weight / whole_);
  return std::max<std::uint64_t>(share, 1);
}

std::uint64_t Traffic::operator()(int from, int to) const {
  if (rule_ == Rule::uniform) return share_;
  return scaled(weight(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to)));
}

std::uint64_t Traffic::sent(int from, int end) const {
  if (rule_ == Rule::uniform) return share_ * static_cast<std::uint64_t>(end);
  const bool all = static_cast<std::uint64_t>(end) == ranks_;
  return all ? sent_[static_cast<std::size_t>(from)] : PairCounts::sent(from, end);
}

std::uint64_t Traffic::received(int to, int end) const {
  if (rule_ == Rule::uniform) return share_ * static_cast<std::uint64_t>(end);
  const bool all = static_cast<std::uint64_t>(end) == ranks_;
  return all ? received_[static_cast<std::size_t>(to)] : PairCounts::received(to, end);
}

}  // namespace assay::benchmarks
