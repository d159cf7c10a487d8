// One line per finished case, at most one a second, with the time left. Under a launcher stderr is
// never a terminal, so nothing is ever overwritten.
#pragma once

#include <chrono>
#include <cstddef>

#include "harness/result/document.hpp"

namespace assay::app {

class ProgressLines {
 public:
  /// `quiet`: none at all.
  enum class Volume { lines, quiet };
  ProgressLines(std::size_t cases, Volume volume) : cases_(cases), volume_(volume) {}
  void finished(const result::CaseResult& c);

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t cases_, done_ = 0;
  Volume volume_;
  Clock::time_point begun_ = Clock::now(), spoken_{};
};

}  // namespace assay::app
