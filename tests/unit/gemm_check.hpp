// Whether a device multiplies as it should.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/gemm_data.hpp"

namespace assay::test {

/// The first wrong element of C after two launches; "" where there is none.
inline std::string wrong_product(device::Device& device, const device::GemmCall& call) {
  const auto& type = device::info(call.type);
  const benchmarks::GemmData data(call, 11);
  const auto a = device.allocate(call.m * call.k * size_of(type.in)),
             b = device.allocate(call.k * call.n * size_of(type.in)),
             c = device.allocate(call.m * call.n * size_of(type.out));
  data.write_a(device, a.data());
  data.write_b(device, b.data());
  if (!call.accumulate) device.poison(c.data(), c.size());  // else it begins with zeroes
  const auto gemm = device.gemm(call);
  for (int i = 0; i < 2; ++i) gemm->launch(a.data(), b.data(), c.data());
  const double times = call.accumulate ? 2 : 1;
  gemm->check();
  std::vector<std::byte> result(c.size());
  device.get(result, c.data());
  for (std::size_t i = 0; i < call.m; ++i)
    for (std::size_t j = 0; j < call.n; ++j) {
      const auto* element = result.data() + (i * call.n + j) * size_of(type.out);
      const auto actual = benchmarks::element_value(type.out, element);
      if (const auto expected = times * data.expected(i, j); actual != expected)
        return "row " + std::to_string(i) + ", column " + std::to_string(j) + ": " +
               std::to_string(actual) + " for " + std::to_string(expected);
    }
  return {};
}

}  // namespace assay::test
