#include "harness/comm/mpi_setup.hpp"

#include "harness/comm/mpi_communicator.hpp"

namespace assay::comm::mpi {
namespace {

class MpiSetup final : public Setup {
 public:
  MpiSetup(const CommView& from, Making making) : from_(from), making_(making) {}
  void prepare(Team&) override {
    communicator_.reset();
    made_ = Comm();
  }
  void operator()() noexcept override {
    MPI_Comm made = MPI_COMM_NULL;
    if (making_ == Making::split)
      failure_.note(MPI_Comm_split(from_.comm, 0, from_.rank, &made), "MPI_Comm_split");
    else
      failure_.note(MPI_Comm_dup(from_.comm, &made), "MPI_Comm_dup");
    made_ = Comm(made);
  }
  void check() const override { failure_.check(); }
  Communicator& communicator() override {
    if (communicator_ == nullptr)
      communicator_ = std::make_unique<MpiCommunicator>(std::move(made_), *from_.device);
    return *communicator_;
  }

 private:
  CommView from_;
  Making making_;
  Comm made_;  ///< until somebody asks for the communicator
  std::unique_ptr<MpiCommunicator> communicator_;
  FirstFailure failure_;
};

}  // namespace

std::unique_ptr<Setup> make_setup(const CommView& from, Making making) {
  return std::make_unique<MpiSetup>(from, making);
}

}  // namespace assay::comm::mpi
