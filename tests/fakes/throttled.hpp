// A rank whose cores compute more slowly than those of the others.
#pragma once

#include <memory>

#include "harness/bench/benchmark.hpp"

namespace assay::fakes {

/// A place like `context`, where every matrix product takes `factor` times as long. What is
/// prepared with it must not outlive it; it must not outlive `context`.
class Throttled {
 public:
  Throttled(const bench::Context& context, double factor);
  bench::Context& context() { return context_; }

 private:
  std::unique_ptr<device::Device> device_;
  bench::Context context_;
};

}  // namespace assay::fakes
