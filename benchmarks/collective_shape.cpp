#include "benchmarks/collective_shape.hpp"

#include <algorithm>
#include <numeric>

namespace assay::benchmarks {

namespace {

std::vector<int> roots_of(const CollectiveSpec& spec, const Dims& dims, int ranks) {
  if (!spec.rooted) return {0};
  const auto& text = text_dim(dims, "root");
  if (text != "rotating") return {static_cast<int>(number_in(text))};
  std::vector<int> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace

CollectiveShape::CollectiveShape(const CollectiveSpec& spec, const Dims& dims, int ranks,
                                 std::uint64_t seed, const TrafficMatrix* traffic)
    : spec_(spec), roots_(roots_of(spec, dims, ranks)) {
  call_.ranks = ranks;
  call_.seed = seed;
  call_.in_place = spec.has_in_place && flag_dim(dims, "in_place");
  if (reduces(spec.collective)) call_.op = reduce_op_from(text_dim(dims, "op")).value();
  if (spec.moves_data) read_sizes(dims, traffic);
  for (int rank = 0; rank < ranks; ++rank) {
    const auto one = extent(rank);
    largest_.send = std::max(largest_.send, one.send);
    largest_.recv = std::max(largest_.recv, one.recv);
  }
}

void CollectiveShape::read_sizes(const Dims& dims, const TrafficMatrix* traffic) {
  call_.type = data_type_from(text_dim(dims, "type")).value();
  width_ = size_of(call_.type);
  const auto elements = static_cast<std::uint64_t>(integer_dim(dims, "bytes")) / width_;
  call_.count = spec_.count_for(elements, call_.ranks);
  if (spec_.has_window) call_.window = static_cast<std::uint64_t>(integer_dim(dims, "window"));
  if (!spec_.has_counts) return;
  counts_.emplace(text_dim(dims, "counts"), traffic, call_.ranks, elements);
  call_.counts = &*counts_;
  call_.count = counts_->largest();
}

OracleCall CollectiveShape::call(int root) const {
  auto call = call_;
  call.root = root;
  return call;
}

schedule::Shape CollectiveShape::schedule_shape(int root) const {
  return {.ranks = call_.ranks,
          .count = call_.count,
          .root = root,
          .counts = call_.counts,
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
