// Compares buffers with patterns and remembers the first wrong element, for every benchmark alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/bench/benchmark.hpp"
#include "harness/bench/buffer_ring.hpp"

namespace assay::benchmarks {

/// An element's bytes as its type prints: "0.5", "-3", "nan (0x7fc0)".
std::string element_text(DataType type, std::uint64_t bits);

class PatternCheck {
 public:
  explicit PatternCheck(const bench::Context& context) : context_(context) {}

  /// `at`: element offset of `data` within its buffer, for the report.
  void data(const std::byte* data, const kernels::Pattern& pattern, kernels::Slice slice,
            std::uint64_t at) {
    data_on(context_.device, data, pattern, slice, at);
  }
  /// The same in memory of another device than the case's.
  void data_on(device::Device& device, const std::byte* data, const kernels::Pattern& pattern,
               kernels::Slice slice, std::uint64_t at);
  /// An overwritten guard byte counts as a wrong element of `buffer`.
  void guards(std::string_view buffer, const bench::BufferRing& ring, std::size_t slot);
  const VerifyReport& report() const { return report_; }

 private:
  WrongElement here(std::string buffer, std::uint64_t offset) const;

  const bench::Context& context_;
  VerifyReport report_;
};

}  // namespace assay::benchmarks
