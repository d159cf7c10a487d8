// Who sends how much to whom in one collective call.
#pragma once

#include <cstdint>

namespace assay {

/// Worked out when asked: a table of all pairs takes 2 GiB at 16,384 ranks. Equal on all ranks.
class PairCounts {
 public:
  virtual ~PairCounts() = default;
  /// Elements that rank `from` sends to rank `to`.
  virtual std::uint64_t operator()(int from, int to) const = 0;

  /// What rank `from` sends to all ranks below `end`.
  virtual std::uint64_t sent(int from, int end) const {
    std::uint64_t sum = 0;
    for (int to = 0; to < end; ++to) sum += (*this)(from, to);
    return sum;
  }
  /// What rank `to` receives from all ranks below `end`.
  virtual std::uint64_t received(int to, int end) const {
    std::uint64_t sum = 0;
    for (int from = 0; from < end; ++from) sum += (*this)(from, to);
    return sum;
  }
};

}  // namespace assay
