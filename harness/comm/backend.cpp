// The backend table: the one place where a build switch is seen.
#include "harness/comm/backend.hpp"

#include <numeric>

#include "harness/comm/config.hpp"
#if ASSAY_HAVE_MPI
#include "harness/comm/mpi_session.hpp"
#endif
#if ASSAY_HAVE_NCCL
#include "harness/comm/nccl_communicator.hpp"
#endif

namespace assay::comm {

namespace {

[[maybe_unused]] Backend missing(std::string name, device::MemoryKind memory, std::string reason) {
  Backend row;
  row.name = std::move(name);
  row.memory = memory;
  row.missing = std::move(reason);
  return row;
}

#if !ASSAY_HAVE_MPI
class SoloSession final : public Session {
 public:
  Team& world() override { return *world_; }
  std::string library() const override { return "none"; }
  void close() override {}

 private:
  std::unique_ptr<Team> world_ = make_solo_team();
};
#endif

}  // namespace

std::unique_ptr<Communicator> communicator_of_all(Connection& connection, Team& team) {
  Part all{.team = &team, .ranks = std::vector<int>(static_cast<std::size_t>(team.size()))};
  std::iota(all.ranks.begin(), all.ranks.end(), 0);
  return connection.communicator(all);
}

std::vector<Backend> backends() {
  std::vector<Backend> rows;
#if ASSAY_HAVE_MPI
  rows.push_back(mpi::backend());
#else
  rows.push_back(missing("mpi", device::MemoryKind::host, "not built: " ASSAY_WHY_MPI));
#endif
#if ASSAY_HAVE_NCCL
  rows.push_back(nccl::backend());
#else
  rows.push_back(missing("nccl", device::MemoryKind::device, "not built: " ASSAY_WHY_NCCL));
#endif
  return rows;
}

std::unique_ptr<Session> open_session() {
#if ASSAY_HAVE_MPI
  return mpi::open_session();
#else
  return std::make_unique<SoloSession>();
#endif
}

}  // namespace assay::comm
