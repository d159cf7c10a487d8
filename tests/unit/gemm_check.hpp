// Whether a device multiplies as it should.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/gemm_data.hpp"

namespace assay::test {

/// Of the matrices of a batch, one behind the other with `gap` elements between them.
inline device::BatchStrides strides_with_gap(const device::GemmCall& call, std::size_t gap) {
  return {.a = call.m * call.k + gap, .b = call.k * call.n + gap, .c = call.m * call.n + gap};
}

/// Bytes of `first` elements and of as many more as there are strides between.
inline std::size_t bytes_of_batch(const device::GemmCall& call, std::size_t first,
                                  std::size_t stride, DataType type) {
  return (first + (call.batch - 1) * stride) * size_of(type);
}

/// The first wrong element of C after two launches; "" where there is none. Each of a batch has
/// matrices of its own, but where the stride is zero; what lies between those of C is not written.
inline std::string wrong_product(device::Device& device, const device::GemmCall& call) {
  const auto& type = device::info(call.type);
  const auto a = device.allocate(bytes_of_batch(call, call.m * call.k, call.strides.a, type.in)),
             b = device.allocate(bytes_of_batch(call, call.k * call.n, call.strides.b, type.in)),
             c = device.allocate(bytes_of_batch(call, call.m * call.n, call.strides.c, type.out));
  const auto nth = [](const device::Buffer& buffer, std::size_t index, std::size_t stride,
                      DataType of) { return buffer.data() + index * stride * size_of(of); };
  std::vector<benchmarks::GemmData> data;
  for (std::size_t i = 0; i < call.batch; ++i) {
    data.emplace_back(call, 11 + i);
    data.back().write_a(device, nth(a, i, call.strides.a, type.in));
    data.back().write_b(device, nth(b, i, call.strides.b, type.in));
  }
  if (!call.accumulate) device.poison(c.data(), c.size());  // else it begins with zeroes
  const auto gemm = device.gemm(call);
  for (int i = 0; i < 2; ++i) gemm->launch(a.data(), b.data(), c.data());
  const double times = call.accumulate ? 2 : 1;
  gemm->check();
  std::vector<std::byte> result(c.size());
  device.get(result, c.data());
  std::vector<bool> ours(c.size() / size_of(type.out));
  for (std::size_t index = 0; index < call.batch; ++index)
    for (std::size_t i = 0; i < call.m; ++i)
      for (std::size_t j = 0; j < call.n; ++j) {
        const auto at = index * call.strides.c + i * call.n + j;
        ours[at] = true;
        const auto actual =
            benchmarks::element_value(type.out, result.data() + at * size_of(type.out));
        if (const auto expected = times * data[index].expected(i, j); actual != expected)
          return "product " + std::to_string(index) + ", row " + std::to_string(i) + ", column " +
                 std::to_string(j) + ": " + std::to_string(actual) + " for " +
                 std::to_string(expected);
      }
  const auto untouched = call.accumulate ? std::byte{0} : std::byte{device::poison_byte};
  for (std::size_t i = 0; i < result.size(); ++i)
    if (!ours[i / size_of(type.out)] && result[i] != untouched)
      return "byte " + std::to_string(i) + " between the products was written";
  return {};
}

}  // namespace assay::test
