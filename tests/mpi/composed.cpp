// Every algorithm × type × count × root over real messages, on as many ranks as mpirun started,
// compared element by element with the definition of its collective.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include "harness/bench/composed.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "tests/mpi/place.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay {
namespace {

using schedule::Algorithm;
using schedule::Shape;

/// Small whole numbers: sums of them are exact in every type and order.
template <class T>
T input_of(int rank, std::uint64_t index) {
  return static_cast<T>((index * 7 + static_cast<std::uint64_t>(rank) * 13) % 101);
}

template <class T>
T value_of(const tests::Symbol& symbol) {
  T sum = 0;
  for (int rank = 0; rank < 16; ++rank)
    if (symbol.ranks & tests::from_rank(rank)) sum += input_of<T>(rank, symbol.index);
  return sum;
}

template <class T>
constexpr T poison = static_cast<T>(-1);

bool rooted(Collective collective) {
  return collective == Collective::broadcast || collective == Collective::reduce ||
         collective == Collective::gather || collective == Collective::scatter;
}

std::optional<ReduceOp> op_of(Collective collective) {
  const bool reduces = collective == Collective::all_reduce || collective == Collective::reduce ||
                       collective == Collective::reduce_scatter;
  return reduces ? std::optional(ReduceOp::sum) : std::nullopt;
}

/// Wrong elements of this rank's output after two launches in a row.
template <class T>
std::uint64_t wrong(Place& world, const Algorithm& algorithm, const Shape& shape) {
  const int rank = world.communicator->rank();
  const auto extent = tests::extent_of(algorithm.collective, shape, rank);
  // One more: a buffer has an address even if it has no elements, and its end is watched.
  std::vector<T> send(extent.send + 1), recv(extent.recv + 1, poison<T>);
  for (std::uint64_t i = 0; i < extent.send; ++i) send[i] = input_of<T>(rank, i);
  const auto original = send;
  const auto schedule = algorithm.build(shape, rank);
  const auto type = std::is_floating_point_v<T> ? DataType::fp32 : DataType::int32;
  const auto launch = bench::compose({.schedule = schedule,
                                      .type = type,
                                      .op = op_of(algorithm.collective),
                                      .algorithm = std::string(algorithm.name)},
                                     *world.communicator, *world.device);
  const auto in = world.device->allocate(send.size() * sizeof(T));
  const auto out = world.device->allocate(recv.size() * sizeof(T));
  write(*world.device, std::as_bytes(std::span(send)), in.data());
  write(*world.device, std::as_bytes(std::span(recv)), out.data());
  for (int i = 0; i < 2; ++i) (*launch)(in.data(), out.data());
  world.device->wait();
  EXPECT_NO_THROW(launch->check());
  read(*world.device, in.data(), std::as_writable_bytes(std::span(send)));
  read(*world.device, out.data(), std::as_writable_bytes(std::span(recv)));
  EXPECT_EQ(send, original);
  EXPECT_EQ(recv.back(), poison<T>) << "past the end";
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < extent.recv; ++i) {
    const auto symbol = tests::expected(algorithm.collective, shape, rank, i);
    if (recv[i] != (symbol ? value_of<T>(*symbol) : poison<T>)) ++count;
  }
  return count;
}

template <class T>
class EveryAlgorithm : public testing::Test {};
using Types = testing::Types<float, std::int32_t>;
TYPED_TEST_SUITE(EveryAlgorithm, Types);

TYPED_TEST(EveryAlgorithm, CarriesItsCollectiveOut) {
  Place world(tested_backends().at(0));
  const int ranks = world.communicator->size();
  for (const auto& algorithm : schedule::algorithms())
    // 0, 1, odd, beyond eager messages
    for (const std::uint64_t count : {0U, 1U, 7U, 1023U, 20'011U}) {
      if (!algorithm.refusal(ranks).empty()) continue;
      const tests::SkewedCounts counts(count);
      for (int root = 0; root < (rooted(algorithm.collective) ? ranks : 1); ++root)
        // Whole, and cut into several segments.
        for (const std::uint64_t segment : {schedule::default_segment, std::uint64_t{3001}})
          EXPECT_EQ((wrong<TypeParam>(world, algorithm, {ranks, count, root, &counts, segment})),
                    0U)
              << name(algorithm.collective) << " " << algorithm.name << ", " << count
              << " elements, root " << root;
    }
}

}  // namespace
}  // namespace assay
