#include "harness/comm/nccl_transfers.hpp"

#include <algorithm>

#include "harness/comm/nccl_live.hpp"

namespace assay::comm::nccl {

NcclTransfers::NcclTransfers(const CommView& view, std::vector<Transfer> transfers)
    : view_(view), transfers_(std::move(transfers)), signal_(view.device.allocate(2)) {
  started_.reserve(transfers_.size());
}

void NcclTransfers::start(std::size_t index, std::byte* data) noexcept {
  started_.push_back({index, data});
}

void NcclTransfers::finish(std::size_t) noexcept {
  if (started_.empty()) return;
  const Passage passage;
  failure_.note(ncclGroupStart(), "ncclGroupStart");
  for (const auto& started : started_) enqueue(started);
  failure_.note(ncclGroupEnd(), "ncclGroupEnd");
  started_.clear();
}

void NcclTransfers::carry_out(std::size_t index, std::byte* data) noexcept {
  start(index, data);
  finish(index);
}

void NcclTransfers::enqueue(const Started& started) noexcept {
  const auto& [way, peer, bytes] = transfers_[started.index];
  const bool sends = way == Transfer::Way::send;
  auto* data = bytes > 0 ? started.data : signal_.data() + (sends ? 0 : 1);
  const auto length = std::max<std::size_t>(bytes, 1);
  const int other = view_.peer(peer);
  failure_.note(sends ? ncclSend(data, length, ncclUint8, other, view_.comm(), view_.stream())
                      : ncclRecv(data, length, ncclUint8, other, view_.comm(), view_.stream()),
                sends ? "ncclSend" : "ncclRecv");
}

}  // namespace assay::comm::nccl
