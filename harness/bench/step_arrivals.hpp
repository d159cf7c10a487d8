// When the last of those who take part in a communication of a step had arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "harness/comm/team.hpp"
#include "harness/schedule/step.hpp"

namespace assay::bench {

class StepArrivals {
 public:
  /// `teams` by group of the schedule's job, null where this rank is in none; they outlive it.
  StepArrivals(const step::Schedule& schedule, std::span<comm::Team* const> teams);

  /// Collective over all teams; untimed. `begin_ns` is of equally many steps on all ranks, by
  /// operation, one step behind the other, on a clock that all share. Returns as many: what
  /// communicates has all there when its last member begins, what does not begins alone.
  std::vector<std::int64_t> all_there(std::span<const std::int64_t> begin_ns) const;

 private:
  using Operations = std::vector<std::size_t>;
  struct Pair {
    Operations sends, receives;
  };

  static std::vector<double> pick(std::span<const std::int64_t> begin_ns,
                                  const Operations& operations, std::size_t per_step);
  void raise(std::vector<std::int64_t>& all_there, const Operations& operations,
             std::span<const double> to) const;

  std::size_t per_step_;
  std::vector<comm::Team*> teams_;
  std::map<std::uint32_t, Operations> collectives_;        ///< by group
  std::map<std::uint32_t, std::map<int, Pair>> messages_;  ///< by group and peer
};

}  // namespace assay::bench
