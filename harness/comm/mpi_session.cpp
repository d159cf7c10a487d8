#include "harness/comm/mpi_session.hpp"

#include <array>

#include "harness/comm/mpi_communicator.hpp"
#include "harness/comm/mpi_team.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::mpi {

namespace {

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  std::string version(text.data());
  return version.substr(0, version.find_first_of(",\n"));
}

class MpiSession final : public Session {
 public:
  MpiSession() {
    check(MPI_Init(nullptr, nullptr), "MPI_Init");
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    world_ = std::make_unique<MpiTeam>(duplicate(MPI_COMM_WORLD));
  }
  Team& world() override { return *world_; }
  std::string library() const override { return library_version(); }
  void close() override {
    world_.reset();
    check(MPI_Finalize(), "MPI_Finalize");
  }

 private:
  std::unique_ptr<MpiTeam> world_;
};

class MpiConnection final : public Connection {
 public:
  std::unique_ptr<Communicator> communicator(const Part& part) override {
    if (part.team == nullptr) return nullptr;
    const auto* team = dynamic_cast<const MpiTeam*>(part.team);
    invariant(team != nullptr, "the mpi backend needs a team over MPI");
    return std::make_unique<MpiCommunicator>(duplicate(team->comm()));
  }
};

}  // namespace

std::unique_ptr<Session> open_session() { return std::make_unique<MpiSession>(); }

Backend backend() {
  Backend row;
  row.name = "mpi";
  row.memory = device::MemoryKind::host;
  row.library = library_version();
  row.connect = [](Team&, device::Device&) { return std::make_unique<MpiConnection>(); };
  return row;
}

}  // namespace assay::comm::mpi
