#include "harness/comm/nccl_setup.hpp"

#include "harness/comm/nccl_communicator.hpp"
#include "harness/comm/nccl_live.hpp"
#include "harness/comm/nccl_memory.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

class MakingSetup final : public Setup {
 public:
  MakingSetup(const CommView& from, Making making) : from_(from), making_(making) {}
  void prepare(Team& team) override {
    communicator_.reset();
    made_ = Comm();
    if (making_ == Making::init) id_ = agree_on_id(team, from_.device.gpu());
  }
  void operator()() noexcept override {
    const Passage passage;
    auto config = blocking_config();
    ncclComm_t made = nullptr;
    if (making_ == Making::init)
      failure_.note(ncclCommInitRankConfig(&made, from_.size, id_, from_.rank, &config),
                    "ncclCommInitRankConfig");
    else
      failure_.note(ncclCommSplit(from_.comm(), 0, from_.rank, &made, &config), "ncclCommSplit");
    made_ = Comm(made);
  }
  void check() const override { from_.check(failure_); }
  Communicator& communicator() override {
    if (communicator_ == nullptr) {
      note_live(made_.get());
      communicator_ = std::make_unique<NcclCommunicator>(CommView{
          std::make_shared<const Comm>(std::move(made_)), from_.device, from_.rank, from_.size});
    }
    return *communicator_;
  }

 private:
  const CommView& from_;
  Making making_;
  ncclUniqueId id_{};
  Comm made_;  ///< until somebody asks for the communicator
  std::unique_ptr<NcclCommunicator> communicator_;
  NcclFailure failure_;
};

class RegisteringSetup final : public Setup {
 public:
  RegisteringSetup(const CommView& with, BufferKind kind, std::size_t bytes)
      : with_(with), kind_(kind), memory_(with, bytes), communicator_(with) {}
  void prepare(Team&) override { registration_ = Registration(); }
  void operator()() noexcept override {
    registration_ = Registration(with_, kind_, memory_, failure_);
  }
  void check() const override {
    with_.check(failure_);
    registration_.check(with_, kind_);
  }
  Communicator& communicator() override { return communicator_; }
  std::byte* data() const override { return memory_.data(); }

 private:
  const CommView& with_;
  BufferKind kind_;
  NcclMemory memory_;
  Registration registration_;
  NcclCommunicator communicator_;
  NcclFailure failure_;
};

struct Invitation {
  ncclResult_t code = ncclSuccess;
  ncclUniqueId id{};
};

}  // namespace

ncclConfig_t blocking_config() {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 1;
  return config;
}

ncclUniqueId agree_on_id(Team& team, const device::Gpu& gpu) {
  Invitation invitation;
  if (team.rank() == 0) invitation.code = ncclGetUniqueId(&invitation.id);
  invitation = broadcast_value(team, invitation);  // with its failure, which is everybody's
  check(gpu, invitation.code, "ncclGetUniqueId");
  return invitation.id;
}

std::unique_ptr<Setup> make_setup(const CommView& from, Making making) {
  return std::make_unique<MakingSetup>(from, making);
}

std::unique_ptr<Setup> make_registering(const CommView& with, BufferKind kind, std::size_t bytes) {
  return std::make_unique<RegisteringSetup>(with, kind, bytes);
}

}  // namespace assay::comm::nccl
