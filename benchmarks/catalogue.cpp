#include "benchmarks/catalogue.hpp"

#include <array>

#include "benchmarks/collective_benchmark.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::array<const CollectiveSpec*, collective_names.size()> rows{
    &all_reduce_spec,   &reduce_scatter_spec, &all_gather_spec,   &all_to_all_spec,
    &all_to_all_v_spec, &broadcast_spec,      &reduce_spec,       &gather_spec,
    &scatter_spec,      &send_recv_spec,      &hypercube_spec,    &barrier_spec,
    &ping_pong_spec,    &unidirectional_spec, &bidirectional_spec};

}  // namespace

std::span<const CollectiveSpec* const> collective_specs() { return rows; }

const CollectiveSpec& spec_of(Collective collective) {
  return *rows[static_cast<std::size_t>(collective)];
}

bench::Benchmarks catalogue() {
  bench::Benchmarks all{make_noop()};
  for (const auto* spec : rows) all.push_back(make_collective_benchmark(*spec));
  all.push_back(make_overlap());
  all.push_back(make_congestion());
  all.push_back(make_communicator());
  all.push_back(make_registration());
  all.push_back(make_copy());
  all.push_back(make_triad());
  all.push_back(make_read());
  all.push_back(make_write());
  all.push_back(make_host_copy());
  all.push_back(make_peer_copy());
  all.push_back(make_launch());
  all.push_back(make_gemm());
  all.push_back(make_training_step());
  return all;
}

}  // namespace assay::benchmarks
