#include "harness/comm/nccl_communicator.hpp"

#include <algorithm>

#include "harness/comm/nccl_live.hpp"
#include "harness/comm/nccl_memory.hpp"
#include "harness/comm/nccl_nonblocking.hpp"
#include "harness/comm/nccl_setup.hpp"
#include "harness/comm/nccl_transfers.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

using device::cuda::CudaDevice;

std::shared_ptr<const Comm> connect_all(Team& team, const CudaDevice& device) {
  offer_profiler();
  const auto id = agree_on_id(team, device.gpu());
  const Passage passage;
  auto config = blocking_config();
  ncclComm_t made = nullptr;
  check(device.gpu(), ncclCommInitRankConfig(&made, team.size(), id, team.rank(), &config),
        "ncclCommInitRankConfig");
  return std::make_shared<const Comm>(own(made));
}

/// One communicator of all ranks. Parts are split from it, but for all ranks, to whom it is lent
/// itself while nobody else of them has it, and pairs, for which its own messages will do.
class NcclConnection final : public Connection {
 public:
  NcclConnection(Team& team, CudaDevice& device)
      : device_(device), size_(team.size()), whole_(connect_all(team, device)) {}

  std::unique_ptr<Communicator> communicator(const Part& part) override {
    if (part.one_of_many_pairs) return messages_of(part);
    auto of_part = is_whole(part) && lent_.expired() ? lend() : split(part);
    if (part.team == nullptr) return nullptr;
    return std::make_unique<NcclCommunicator>(
        CommView{std::move(of_part), device_, part.team->rank(), part.team->size()});
  }

 private:
  bool is_whole(const Part& part) const {
    int next = 0;
    return part.ranks.size() == static_cast<std::size_t>(size_) &&
           std::all_of(part.ranks.begin(), part.ranks.end(), [&](int r) { return r == next++; });
  }

  std::shared_ptr<const Comm> lend() {
    const std::shared_ptr<const Comm> loan(whole_.get(), [kept = whole_](const Comm*) {});
    lent_ = loan;
    return loan;
  }

  /// Parts are disjoint, so that their first ranks are colors.
  std::shared_ptr<const Comm> split(const Part& part) const {
    const Passage passage;
    const bool idle = part.team == nullptr;
    auto config = blocking_config();
    ncclComm_t made = nullptr;
    check(device_.gpu(),
          ncclCommSplit(whole_->get(), idle ? NCCL_SPLIT_NOCOLOR : part.ranks.front(),
                        idle ? 0 : part.team->rank(), &made, &config),
          "ncclCommSplit");
    return std::make_shared<const Comm>(own(made));
  }

  std::unique_ptr<Communicator> messages_of(const Part& part) const {
    if (part.team == nullptr) return nullptr;
    return std::make_unique<NcclCommunicator>(
        CommView{whole_, device_, part.team->rank(), part.team->size(), part.ranks});
  }

  CudaDevice& device_;
  int size_;
  std::shared_ptr<const Comm> whole_;
  std::weak_ptr<const Comm> lent_;
};

}  // namespace

void CommView::check(const NcclFailure& failure) const {
  nccl::check(device.gpu(), failure.code(), failure.call());
  check_state(device.gpu(), comm());
  device.check();
}

std::unique_ptr<Launch> make_launch(const CommView& view, const CollectiveCall& call) {
  auto launch = make_collective(view, call);
  return launch != nullptr ? std::move(launch) : make_grouped(view, call);
}

std::unique_ptr<Launch> NcclCommunicator::native(const CollectiveCall& call) {
  return make_launch(view_, call);
}

std::unique_ptr<Nonblocking> NcclCommunicator::nonblocking(const CollectiveCall& call) {
  return make_nonblocking(view_, call);
}

std::unique_ptr<Transfers> NcclCommunicator::transfers(std::vector<Transfer> transfers) {
  return std::make_unique<NcclTransfers>(view_, std::move(transfers));
}

device::Buffer NcclCommunicator::allocate(BufferKind kind, std::size_t bytes) {
  return nccl::allocate(view_, kind, bytes);
}

std::unique_ptr<Setup> NcclCommunicator::making(Making making) { return make_setup(view_, making); }

std::unique_ptr<Setup> NcclCommunicator::registering(BufferKind kind, std::size_t bytes) {
  return make_registering(view_, kind, bytes);
}

Backend backend() {
  Backend row;
  row.name = "nccl";
  row.memory = device::MemoryKind::device;
  row.library = library_version();
  row.done_on_return = false;
  for (const auto kind : {BufferKind::registered, BufferKind::symmetric})
    row.no_buffers[static_cast<std::size_t>(kind)] = buffers_refusal(kind, versions());
  row.no_two_at_once = two_at_once_refusal(versions());
  row.no_making = {"", "", "it has no call for a duplicate: split makes one"};
  row.abort = abort_all;
  row.connect = [](Team& team, device::Device& device) -> std::unique_ptr<Connection> {
    auto* gpu = dynamic_cast<CudaDevice*>(&device);
    invariant(gpu != nullptr, "the nccl backend needs a GPU");
    return std::make_unique<NcclConnection>(team, *gpu);
  };
  return row;
}

}  // namespace assay::comm::nccl
