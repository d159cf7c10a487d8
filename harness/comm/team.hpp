// Team: the control plane. Ranks agree, gather and wait through it; nothing measured ever does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::comm {

/// Every function is collective over the team and blocking, and throws RunError (rank, call, code
/// text) when the library fails, unless it says otherwise.
class Team {
 public:
  virtual ~Team() = default;

  /// Local.
  virtual int rank() const = 0;
  /// Local.
  virtual int size() const = 0;

  virtual void barrier() = 0;
  /// `bytes` of `root` replace those of everyone; sizes must agree.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// On `root`: one entry per rank, sizes may differ. Elsewhere: empty.
  virtual std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes,
                                                     int root) = 0;
  /// Element-wise maximum over ranks, on every rank.
  virtual void max(std::span<double> values) = 0;
  /// Between two ranks only: `to` receives what this rank sends. Messages of a pair keep their
  /// order; sizes must agree; nobody sends to itself.
  virtual void send(std::span<const std::byte> bytes, int to) = 0;
  /// The other half of send().
  virtual void receive(std::span<std::byte> bytes, int from) = 0;
  /// Ranks with equal `color` ≥ 0 form a team ordered by `key`; a negative color gets nullptr.
  virtual std::unique_ptr<Team> split(int color, int key) = 0;
};

/// Convenience over the primitives; collective like them.
std::string broadcast_text(Team& team, std::string text, int root = 0);
std::vector<std::string> gather_text(Team& team, std::string_view text, int root = 0);
/// True on every rank if it is true on all.
bool all_agree(Team& team, bool mine);
template <class T>
T broadcast_value(Team& team, T value, int root = 0) {
  team.broadcast(std::as_writable_bytes(std::span<T, 1>(&value, 1)), root);
  return value;
}
/// send() and receive() of one value; between the two ranks like them.
template <class T>
void send_value(Team& team, const T& value, int to) {
  team.send(std::as_bytes(std::span<const T, 1>(&value, 1)), to);
}
template <class T>
T receive_value(Team& team, int from) {
  T value{};
  team.receive(std::as_writable_bytes(std::span<T, 1>(&value, 1)), from);
  return value;
}

/// A team of one: runs without MPI.
std::unique_ptr<Team> make_solo_team();

}  // namespace assay::comm
