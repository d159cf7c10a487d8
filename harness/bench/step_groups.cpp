#include "harness/bench/step_groups.hpp"

#include "harness/core/error.hpp"

namespace assay::bench {

StepGroups::StepGroups(const step::Job& job, comm::Connection& connection, comm::Team& team) {
  invariant(team.size() == job.ranks, "a step is made for so many ranks");
  for (const auto& group : job.groups) {
    auto ranks = step::members(group, team.rank(), job.ranks);
    teams_.push_back(team.split(ranks.empty() ? -1 : ranks.front(), team.rank()));
    comm::Part part{.team = teams_.back().get(), .ranks = std::move(ranks)};
    owned_.push_back(connection.communicator(part));
    views_.push_back(owned_.back().get());
  }
}

}  // namespace assay::bench
