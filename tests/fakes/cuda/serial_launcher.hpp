// Runs the bodies of kernels/grid.hpp for one thread after the other, as a GPU would for all at
// once.
#pragma once

#include <algorithm>

#include "kernels/grid_dispatch.hpp"

namespace assay::fakes {

class SerialLauncher {
 public:
  explicit SerialLauncher(std::size_t threads, kernels::Findings* findings = nullptr)
      : threads_(threads), findings_(findings) {}

  template <class Body>
  void run(const Body& body, std::size_t units) {
    each(units, [&](kernels::Place place) { body(place); });
  }
  template <class T>
  void run_fill(const kernels::Fill<T>& body, const kernels::Table<T>& table, std::size_t units) {
    each(units, [&](kernels::Place place) { body(place, table.entry); });
  }
  template <class T>
  void run_verify(const kernels::Verify<T>& body, const kernels::Table<T>& table,
                  std::size_t units) {
    each(units, [&](kernels::Place place) {
      const kernels::Findings found = body(place, table.entry);
      findings_->wrong += found.wrong;
      findings_->left = std::max(findings_->left, found.left);
    });
  }
  void run_fold(const kernels::Fold& body, std::uint64_t* bits, std::size_t units) {
    each(units, [&](kernels::Place place) { *bits ^= body(place); });
  }

 private:
  /// Last thread first: none may lean on another.
  template <class F>
  void each(std::size_t units, F thread) const {
    const std::size_t threads = std::min(threads_, units);
    for (std::size_t i = threads; i-- > 0;) thread(kernels::Place{i, threads});
  }

  std::size_t threads_;
  kernels::Findings* findings_;
};

}  // namespace assay::fakes
