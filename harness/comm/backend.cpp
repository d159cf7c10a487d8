// The backend table: the one place where a build switch is seen.
#include "harness/comm/backend.hpp"

#include <numeric>

#include "harness/comm/config.hpp"
#include "harness/device/gpus.hpp"
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
  row.no_buffers = {};
  row.no_making = {};
  return row;
}

void say_where_no_gpu_is(std::vector<Backend>& rows) {
  const auto visible = device::gpus().visible(0);
  if (!visible.gpus.empty()) return;
  for (auto& row : rows)
    if (row.memory == device::MemoryKind::device && row.missing.empty())
      row.missing = "no GPU here: " + visible.none_because;
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
  rows.back().done_on_return = false;
#endif
#if ASSAY_HAVE_MPI
  rows.push_back(mpi::staged_backend());
  rows.push_back(mpi::cuda_backend());
#else
  for (const auto* name : {"mpi_staged", "mpi_cuda"})
    rows.push_back(missing(name, device::MemoryKind::device, "not built: " ASSAY_WHY_MPI));
#endif
  say_where_no_gpu_is(rows);
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
