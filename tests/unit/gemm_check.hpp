// Whether a device multiplies as it should.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/gemm_data.hpp"

namespace assay::test {

/// The first wrong element of C; "" where there is none.
inline std::string wrong_product(device::Device& device, const device::GemmCall& call) {
  const auto& type = device::info(call.type);
  const benchmarks::GemmData data(call, 11);
  const auto a = device.allocate(call.m * call.k * size_of(type.in)),
             b = device.allocate(call.k * call.n * size_of(type.in)),
             c = device.allocate(call.m * call.n * size_of(type.out));
  data.write_a(device, a.data());
  data.write_b(device, b.data());
  device.poison(c.data(), c.size());
  const auto gemm = device.gemm(call);
  gemm->launch(a.data(), b.data(), c.data());
  gemm->check();
  std::vector<std::byte> result(c.size());
  device.get(result, c.data());
  for (std::size_t i = 0; i < call.m; ++i)
    for (std::size_t j = 0; j < call.n; ++j) {
      const auto* element = result.data() + (i * call.n + j) * size_of(type.out);
      const auto actual = benchmarks::element_value(type.out, element);
      if (actual != data.expected(i, j))
        return "row " + std::to_string(i) + ", column " + std::to_string(j) + ": " +
               std::to_string(actual) + " for " + std::to_string(data.expected(i, j));
    }
  return {};
}

}  // namespace assay::test
