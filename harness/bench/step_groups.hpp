// The communicators of a job's groups.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "harness/comm/backend.hpp"
#include "harness/schedule/step.hpp"

namespace assay::bench {

class StepGroups {
 public:
  /// Collective over `team`, which has as many ranks as the job: all that were connected. `ranks`
  /// are theirs in the team that was; none: it is the same. Throws RunError: the library's refusal.
  StepGroups(const step::Job& job, comm::Connection& connection, comm::Team& team,
             std::span<const int> ranks = {});

  /// By group of the job; null where this rank is in none.
  std::span<comm::Communicator* const> communicators() const { return views_; }
  /// Likewise, for who reads off a step what its ranks did.
  std::span<comm::Team* const> teams() const { return team_views_; }

 private:
  std::vector<std::unique_ptr<comm::Team>> teams_;
  std::vector<std::unique_ptr<comm::Communicator>> owned_;
  std::vector<comm::Communicator*> views_;
  std::vector<comm::Team*> team_views_;
};

}  // namespace assay::bench
