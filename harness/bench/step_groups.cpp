#include "harness/bench/step_groups.hpp"

#include "harness/core/error.hpp"

namespace assay::bench {

StepGroups::StepGroups(const step::Job& job, comm::Connection& connection, comm::Team& team,
                       std::span<const int> ranks) {
  invariant(team.size() == job.ranks, "a step is made for so many ranks");
  invariant(ranks.empty() || std::ssize(ranks) == team.size(), "all ranks have a number");
  for (const auto& group : job.groups) {
    auto members = step::members(group, team.rank(), job.ranks);
    teams_.push_back(team.split(members.empty() ? -1 : members.front(), team.rank()));
    if (!ranks.empty())
      for (auto& member : members) member = ranks[static_cast<std::size_t>(member)];
    comm::Part part{.team = teams_.back().get(), .ranks = std::move(members)};
    owned_.push_back(connection.communicator(part));
    views_.push_back(owned_.back().get());
    team_views_.push_back(teams_.back().get());
  }
}

}  // namespace assay::bench
