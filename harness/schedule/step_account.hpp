// What a step costs, read off its schedules: nothing here knows a formula of a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/schedule/step.hpp"

namespace assay::step {

/// Communication attributed to one label, of one rank and step.
struct Dimension {
  std::string label;
  std::uint64_t operations = 0;
  double message_bytes = 0, sent_bytes = 0;  ///< see Traffic
};

struct Memory {
  std::string label;
  double bytes = 0;
};

/// Of each of the ranks that share a schedule.
struct RankAccount {
  Share share{};
  double gemm_flops = 0, attention_flops = 0;
  double repeated_flops = 0;  ///< beside them: computed again
  std::vector<Dimension> dimensions{};
  std::vector<Memory> memory{};
  std::size_t operations = 0;

  double memory_bytes() const;
  /// Zeroes where there is none of it.
  Dimension dimension(std::string_view label) const;
  double memory_bytes(std::string_view label) const;
};

struct Account {
  std::vector<RankAccount> ranks{};  ///< by schedule
  double parameters = 0;             ///< each once, however many ranks hold it
  double gemm_flops = 0, attention_flops = 0, repeated_flops = 0;  ///< of all ranks
  /// Time that ranks wait on average, as a part of the step, if computing were all that takes time
  /// and took it in proportion to FLOPs: (p−1)/(vm+p−1) where the chunks of a pipeline are equal.
  double ideal_bubble = 0;

  double model_flops() const { return gemm_flops + attention_flops; }
};

/// The job must have no problem_of().
Account account_of(const Job& job);

}  // namespace assay::step
