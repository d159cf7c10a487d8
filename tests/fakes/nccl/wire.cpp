#include "tests/fakes/nccl/wire.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace assay::fakes::nccl {
namespace {

using Announced = std::uint64_t;  ///< before the data of each message: their size

/// Up to `end` of the bytes of a message: its header, then its data.
std::span<std::byte> rest(const Transfer& transfer, Announced& header) {
  if (transfer.done < sizeof header)
    return std::as_writable_bytes(std::span(&header, 1)).subspan(transfer.done);
  const auto at = transfer.done - sizeof header;
  return {transfer.data + at, transfer.bytes - at};
}

bool complete(const Transfer& transfer) {
  return transfer.done == sizeof(Announced) + transfer.bytes;
}

/// Sleeps rather than yields: who yields on a busy machine waits longer than who sleeps.
class Patience {
 public:
  void wait() {
    if (++idle_ > 100) usleep(20);
  }
  void reset() { idle_ = 0; }
  bool worn() const { return idle_ > 100; }

 private:
  int idle_ = 0;
};

/// The first incomplete transfer to or from each peer.
template <class F>
bool for_the_first_of_each_peer(std::vector<Transfer>& transfers, std::vector<bool>& seen, F move) {
  bool moved = false;
  std::fill(seen.begin(), seen.end(), false);
  for (auto& transfer : transfers) {
    const auto peer = static_cast<std::size_t>(transfer.peer);
    if (complete(transfer) || seen[peer]) continue;
    moved |= move(transfer);
    seen[peer] = !complete(transfer);
  }
  return moved;
}

}  // namespace

Wire::Wire(const std::string& name, int ranks, int rank) : name_(name), ranks_(ranks), rank_(rank) {
  const auto n = static_cast<std::size_t>(ranks);
  size_ = sizeof(Header) + 2 * n * n * sizeof(Ring);
  const int file = shm_open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  // All give it the same size; new pages are zero, which is how everything in it begins.
  if (file < 0 || ftruncate(file, static_cast<off_t>(size_)) != 0) std::abort();
  void* base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (base == MAP_FAILED) std::abort();
  header_ = static_cast<Header*>(base);
}

Wire::~Wire() { munmap(header_, size_); }

void Wire::unlink() { shm_unlink(name_.c_str()); }

Wire::Ring& Wire::ring(Lane lane, int from, int to) const {
  const auto index = (static_cast<int>(lane) * ranks_ + from) * ranks_ + to;
  return reinterpret_cast<Ring*>(header_ + 1)[index];
}

bool Wire::push(Ring& ring, Transfer& transfer) {
  Announced header = transfer.bytes;
  const auto bytes = rest(transfer, header);
  const auto written = ring.written.load(std::memory_order_relaxed);
  const auto room = Ring::size - (written - ring.read.load(std::memory_order_acquire));
  const auto at = written % Ring::size;
  const auto n = std::min({bytes.size(), room, Ring::size - at});
  if (n > 0) std::memcpy(ring.bytes.data() + at, bytes.data(), n);
  ring.written.store(written + n, std::memory_order_release);
  transfer.done += n;
  return n > 0;
}

bool Wire::pull(Ring& ring, Transfer& transfer, End& end) {
  const auto read = ring.read.load(std::memory_order_relaxed);
  const auto there = ring.written.load(std::memory_order_acquire) - read;
  Announced header = 0;
  if (transfer.done == 0 && there < sizeof header) return false;
  const auto bytes = rest(transfer, header);
  const auto at = read % Ring::size;
  auto n = std::min(bytes.size(), there);
  const auto first = std::min(n, Ring::size - at);
  if (n > 0) std::memcpy(bytes.data(), ring.bytes.data() + at, first);
  if (n > first) std::memcpy(bytes.data() + first, ring.bytes.data(), n - first);
  ring.read.store(read + n, std::memory_order_release);
  if (transfer.done == 0 && header != transfer.bytes) end = End::mismatched;
  transfer.done += n;
  return n > 0;
}

End Wire::carry_out(Lane lane, Transfers transfers, const std::function<bool()>& stop) {
  auto& [sends, receives] = transfers;
  std::vector<bool> seen(static_cast<std::size_t>(ranks_));
  End end = End::complete;
  Patience patience;
  while (end == End::complete) {
    bool moved = for_the_first_of_each_peer(sends, seen, [&](Transfer& transfer) {
      return push(ring(lane, rank_, transfer.peer), transfer);
    });
    moved |= for_the_first_of_each_peer(receives, seen, [&](Transfer& transfer) {
      return pull(ring(lane, transfer.peer, rank_), transfer, end);
    });
    if (std::all_of(sends.begin(), sends.end(), complete) &&
        std::all_of(receives.begin(), receives.end(), complete))
      return end;
    if (moved) {
      patience.reset();
      continue;
    }
    if (patience.worn() && stop()) return End::stopped;
    patience.wait();
  }
  return end;
}

}  // namespace assay::fakes::nccl
