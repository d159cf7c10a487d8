#include "harness/comm/mpi_session.hpp"

#include <array>

#include "harness/comm/mpi_communicator.hpp"
#include "harness/comm/mpi_cuda_support.hpp"
#include "harness/comm/mpi_gpu_communicator.hpp"
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

/// `make` turns a duplicate of a part's communicator into its own.
template <class Make>
class MpiConnection final : public Connection {
 public:
  explicit MpiConnection(Make make) : make_(std::move(make)) {}
  std::unique_ptr<Communicator> communicator(const Part& part) override {
    if (part.team == nullptr) return nullptr;
    const auto* team = dynamic_cast<const MpiTeam*>(part.team);
    invariant(team != nullptr, "MPI needs a team over MPI");
    return make_(duplicate(team->comm()));
  }

 private:
  Make make_;
};

template <class Make>
std::unique_ptr<Connection> connection(Make make) {
  return std::make_unique<MpiConnection<Make>>(std::move(make));
}

Backend gpu_backend(std::string name, GpuPath path) {
  Backend row;
  row.name = std::move(name);
  row.memory = device::MemoryKind::device;
  row.no_nonblocking = "what goes on beside work on the GPU is not measured here: use nccl";
  row.no_making.fill("its communicators are those of mpi: measure them there");
  row.library = library_version();
  row.connect = [path](Team&, device::Device& gpu) {
    return connection([&gpu, path](Comm comm) {
      return std::make_unique<MpiGpuCommunicator>(std::move(comm), gpu, path);
    });
  };
  return row;
}

}  // namespace

std::unique_ptr<Session> open_session() { return std::make_unique<MpiSession>(); }

Backend backend() {
  Backend row;
  row.name = "mpi";
  row.memory = device::MemoryKind::host;
  row.library = library_version();
  row.no_making = {"it is initialised once in a process", "", ""};
  row.connect = [](Team&, device::Device& host) {
    return connection(
        [&host](Comm comm) { return std::make_unique<MpiCommunicator>(std::move(comm), host); });
  };
  return row;
}

Backend staged_backend() {
  auto row = gpu_backend("mpi_staged", GpuPath::staged);
  row.library += ", data copied to the host and back";
  return row;
}

Backend cuda_backend() {
  auto row = gpu_backend("mpi_cuda", GpuPath::pointers);
  row.missing = no_cuda_because();
  return row;
}

}  // namespace assay::comm::mpi
