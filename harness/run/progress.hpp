// Where a rank is, in one atomic word: written by the measuring thread, read by the watchdog.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay::run {

enum class Phase : std::uint8_t {
  start_up,
  prepare,
  verify,
  warm_up,
  pilot,
  timed,
  control,  ///< a control-plane call
  tear_down,
  finished,
};
std::string_view name(Phase phase);

/// What the word holds. `iteration` is modulo 2^32; `inside` says that a launch was entered and has
/// not returned.
struct Position {
  std::uint16_t case_index = 0;  ///< into Plan::cases; 0xffff before the first
  Phase phase = Phase::start_up;
  bool inside = false;
  std::uint32_t iteration = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

/// `case_index` before the first case.
inline constexpr std::uint16_t no_case = 0xffff;

/// Comparable: smaller is further behind. By case, phase, iteration; a rank inside an operation is
/// ahead of one that has yet to enter it.
std::uint64_t progress_order(const Position& position) noexcept;

/// "case c004 (all_reduce 1 MiB), timed iteration 1432, inside the operation": what comes after
/// "last seen in". A case beyond `case_labels` is named by its index.
std::string describe(const Position& position, std::span<const std::string> case_labels);

class Progress {
 public:
  /// Relaxed stores: about a nanosecond each, no system call.
  void enter_phase(std::uint16_t case_index, Phase phase) noexcept {
    store({case_index, phase, false, 0});
  }
  void enter_launch() noexcept { word_.store(word_.load(relaxed) | inside_bit, relaxed); }
  void exit_launch() noexcept {
    const std::uint64_t word = word_.load(relaxed);
    // The iteration wraps within its 32 bits instead of carrying into the bit above it.
    word_.store((word & ~(inside_bit | iteration_bits)) | ((word + 1) & iteration_bits), relaxed);
  }
  Position load() const noexcept { return unpack(word_.load(relaxed)); }
  std::uint64_t word() const noexcept { return word_.load(relaxed); }

  static std::uint64_t pack(const Position& p) noexcept {
    return std::uint64_t{p.case_index} << 48 | std::uint64_t(p.phase) << 40 |
           (p.inside ? inside_bit : 0) | p.iteration;
  }
  static Position unpack(std::uint64_t word) noexcept {
    return {static_cast<std::uint16_t>(word >> 48), static_cast<Phase>(word >> 40 & 0x7f),
            (word & inside_bit) != 0, static_cast<std::uint32_t>(word)};
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  static constexpr std::uint64_t inside_bit = std::uint64_t{1} << 32;
  static constexpr std::uint64_t iteration_bits = inside_bit - 1;
  void store(const Position& p) noexcept { word_.store(pack(p), relaxed); }

  std::atomic<std::uint64_t> word_{pack({no_case, Phase::start_up, false, 0})};
};

}  // namespace assay::run
