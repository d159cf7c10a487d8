// Shared memory between the ranks of one communicator: a ring of bytes from each to each.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace assay::fakes::nccl {

/// To or from `peer`. Those of a pair of ranks match in their order.
struct Transfer {
  int peer = 0;
  std::byte* data = nullptr;
  std::size_t bytes = 0;
  std::size_t done = 0;  ///< of header and data
};

struct Transfers {
  std::vector<Transfer> sends, receives;
};

enum class End { complete, stopped, mismatched };

class Wire {
 public:
  /// Data of streams, and what ranks agree on meanwhile.
  enum class Lane { data, control };

  /// `name` is that of the shared memory, equal on all ranks. Waits for nobody.
  Wire(const std::string& name, int ranks, int rank);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  /// All transfers progress together, until they are complete or stop() holds while none moves.
  /// mismatched: two that should match have different sizes.
  End carry_out(Lane lane, Transfers transfers, const std::function<bool()>& stop);
  /// What each rank gives, by rank; empty where stop() held.
  template <class T>
  std::vector<T> gather(const T& mine, const std::function<bool()>& stop);
  /// No other rank will find this memory from now on: when all have.
  void unlink();
  /// A rank has failed: those that wait for it learn of it.
  void fail() { header_->failed = true; }
  bool failed() const { return header_->failed; }

 private:
  struct Ring {
    static constexpr std::size_t size = std::size_t{1} << 16;
    alignas(64) std::atomic<std::size_t> written;
    alignas(64) std::atomic<std::size_t> read;
    std::array<std::byte, size> bytes;
  };
  struct Header {
    alignas(64) std::atomic<bool> failed;
  };

  Ring& ring(Lane lane, int from, int to) const;
  bool push(Ring& ring, Transfer& transfer);
  bool pull(Ring& ring, Transfer& transfer, End& end);

  std::string name_;
  int ranks_, rank_;
  std::size_t size_;
  Header* header_ = nullptr;
};

template <class T>
std::vector<T> Wire::gather(const T& mine, const std::function<bool()>& stop) {
  std::vector<T> all(static_cast<std::size_t>(ranks_));
  T sent = mine;
  Transfers transfers;
  for (int peer = 0; peer < ranks_; ++peer) {
    transfers.sends.push_back({peer, reinterpret_cast<std::byte*>(&sent), sizeof sent});
    auto& into = all[static_cast<std::size_t>(peer)];
    transfers.receives.push_back({peer, reinterpret_cast<std::byte*>(&into), sizeof into});
  }
  if (carry_out(Lane::control, std::move(transfers), stop) != End::complete) all.clear();
  return all;
}

}  // namespace assay::fakes::nccl
