// The watchdogs' messages: two fixed sizes, so that no length is ever taken from the wire. Native
// byte order: the ranks of one run share an architecture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/run/incident.hpp"

namespace assay::run {

using Token = std::array<std::byte, 16>;

/// From the kernel's random source. Throws RunError when there is none.
Token random_token();
/// Takes the same time wherever they differ.
bool same_token(const Token& a, const Token& b) noexcept;

/// What proves that both ends belong to one run.
struct Tokens {
  Token client;   ///< shown by the rank that connects
  Token monitor;  ///< shown in return
};

struct Frame {
  enum class Kind : std::uint8_t {
    hello = 1,  ///< client → monitor: rank, client token
    welcome,    ///< monitor → client: rank, monitor token
    heartbeat,  ///< rank, progress word, for how long unchanged
    goodbye,    ///< normal end
    ask,        ///< client → monitor: are you there?
    answer,
    report,    ///< a rank says why it ends: an Incident of kind signal or failed
    incident,  ///< a monitor ends the run
  };
  Kind kind = Kind::heartbeat;
  int rank = 0;  ///< the sender
  std::uint64_t word = 0;
  double unchanged_s = 0;
  Token token{};
  Incident incident;  ///< report and incident; cut to max_text and max_ranks, printable() as read
};

inline constexpr std::size_t small_frame = 32;
inline constexpr std::size_t max_text = 1024;
inline constexpr std::size_t max_ranks = 256;
/// Of report and incident.
inline constexpr std::size_t wide_frame = small_frame + max_text + 4 * max_ranks;

std::vector<std::byte> encode(const Frame& frame);

/// Cuts a byte stream into frames.
class FrameReader {
 public:
  void feed(std::span<const std::byte> bytes);
  /// The next complete frame. After bytes that are no frame: never again one, and garbage().
  std::optional<Frame> next();
  bool garbage() const { return garbage_; }

 private:
  std::vector<std::byte> bytes_;
  bool garbage_ = false;
};

}  // namespace assay::run
