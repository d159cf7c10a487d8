// The public kernels: split a slice into whole blocks and ragged ends, and hand the blocks to the
// instruction set in use.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include "kernels/instruction_set.hpp"
#include "kernels/kernels.hpp"
#include "kernels/pattern_hash.hpp"
#include "kernels/tolerance.hpp"

namespace assay::kernels {
namespace {

std::atomic<const InstructionSet*>& active_set() {
  static std::atomic<const InstructionSet*> set{instruction_sets()[0]};
  return set;
}
const InstructionSet& active() { return *active_set().load(std::memory_order_relaxed); }

const PatternKernels& pattern_kernels(std::size_t width) {
  return active().by_width[std::countr_zero(width) & 3];
}

/// From this many bytes on, results no longer fit the last cache and streaming past it pays.
std::size_t streaming_bytes() {
  constexpr long most = 32l << 20;  // what one core's share is at most; virtual machines exaggerate
  static const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return static_cast<std::size_t>(cache > 0 ? std::min(cache, most) : most);
}

Store store_for(const void* out, std::size_t bytes_written, std::size_t bytes_touched) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(out) % stream_alignment == 0;
  return aligned && bytes_written > 0 && bytes_touched >= streaming_bytes() ? Store::streaming
                                                                            : Store::cached;
}

/// A slice as [ragged head | whole blocks | ragged tail], in elements.
struct Parts {
  std::size_t head = 0;
  BlockRange blocks;
  std::size_t tail = 0;

  explicit Parts(const Slice& slice) {
    const std::size_t into_block = slice.first_index % block_elements;
    if (into_block != 0) head = std::min(slice.count, block_elements - into_block);
    blocks = {.origin = stream_origin(slice.seed),
              .first = (slice.first_index + head) / block_elements,
              .count = (slice.count - head) / block_elements};
    tail = slice.count - head - block_elements * blocks.count;
  }
};

/// One element after the other: ragged ends, and the place of a mismatch.
class Elements {
 public:
  Elements(const Pattern& pattern, std::uint64_t seed)
      : pattern_(pattern),
        origin_(stream_origin(seed)),
        width_(size_of(pattern.type)),
        tolerance_(tolerance_of(pattern.type, pattern.tolerance_ulp)) {}

  std::uint64_t expected(std::uint64_t index) const {
    const std::uint64_t hash = block_hash(origin_, index / block_elements);
    return pattern_.entries[entry_of(hash, index % block_elements)];
  }

  void fill(std::byte* out, std::uint64_t index, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t word = expected(index + i);
      std::memcpy(out + i * width_, &word, width_);
    }
  }

  bool accepts(const std::byte* element, std::uint64_t wanted) const {
    std::uint64_t word = 0;
    std::memcpy(&word, element, width_);
    return tolerance_.accepts(word, wanted);
  }

 private:
  const Pattern& pattern_;
  std::uint64_t origin_;
  std::size_t width_;
  Tolerance tolerance_;
};

/// Adds up what is found over consecutive pieces of one slice.
class Findings {
 public:
  Findings(const std::byte* data, const Pattern& pattern, const Slice& slice)
      : data_(data), elements_(pattern, slice.seed), slice_(slice), width_(size_of(pattern.type)) {}

  void inspect(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      if (elements_.accepts(data_ + i * width_, elements_.expected(slice_.first_index + i)))
        continue;
      if (mismatch_.wrong++ == 0) mismatch_.first = i;
    }
  }
  Mismatch mismatch() const { return mismatch_; }

 private:
  const std::byte* data_;
  Elements elements_;
  Slice slice_;
  std::size_t width_;
  Mismatch mismatch_;
};

}  // namespace

void fill(void* out, const Pattern& pattern, Slice slice) noexcept {
  const std::size_t width = size_of(pattern.type);
  const Parts parts(slice);
  const Elements elements(pattern, slice.seed);
  auto* bytes = static_cast<std::byte*>(out);
  elements.fill(bytes, slice.first_index, parts.head);
  const std::size_t whole = parts.blocks.count * block_elements;
  std::byte* blocks = bytes + parts.head * width;
  pattern_kernels(width).fill(blocks, pattern.entries.data(), parts.blocks,
                              store_for(blocks, whole * width, whole * width));
  elements.fill(blocks + whole * width, slice.first_index + parts.head + whole, parts.tail);
}

Mismatch verify(const void* data, const Pattern& pattern, Slice slice) noexcept {
  const std::size_t width = size_of(pattern.type);
  const auto* bytes = static_cast<const std::byte*>(data);
  const Parts parts(slice);
  Findings findings(bytes, pattern, slice);
  findings.inspect(0, parts.head);

  std::size_t at = parts.head;
  BlockRange left = parts.blocks;
  while (left.count > 0) {
    const std::size_t good =
        pattern_kernels(width).matching(bytes + at * width, pattern.entries.data(), left);
    const std::size_t suspect = std::min(left.count - good, chunk_blocks);
    findings.inspect(at + good * block_elements, suspect * block_elements);
    at += (good + suspect) * block_elements;
    left.first += good + suspect;
    left.count -= good + suspect;
  }
  findings.inspect(at, parts.tail);
  return findings.mismatch();
}

void reduce(void* acc, const void* in, std::size_t count, DataType type, ReduceOp op) noexcept {
  active().reduce(acc, in, count, type, op);
}

void divide(void* data, std::size_t count, DataType type, int divisor) noexcept {
  active().divide(data, count, type, divisor);
}

void copy(double* b, const double* a, std::size_t count) noexcept {
  const std::size_t bytes = count * sizeof(double);
  active().copy(b, a, count, store_for(b, bytes, 2 * bytes));
}

void triad(double* a, const double* b, const double* c, double s, std::size_t count) noexcept {
  const std::size_t bytes = count * sizeof(double);
  active().triad(a, b, c, s, count, store_for(a, bytes, 3 * bytes));
}

void write(double* a, double value, std::size_t count) noexcept { std::fill_n(a, count, value); }

void fold(std::uint64_t* bits, const void* a, std::size_t count) noexcept {
  const auto* words = static_cast<const std::uint64_t*>(a);
  constexpr std::size_t lanes = 16;
  std::array<std::uint64_t, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] ^= words[i + lane];
  std::uint64_t all = 0;
  for (const auto sum : sums) all ^= sum;
  for (; i < count; ++i) all ^= words[i];
  *bits ^= all;
}

std::string_view instruction_set() noexcept { return active().name; }

bool use_instruction_set(std::string_view name) noexcept {
  for (const InstructionSet* const* set = instruction_sets(); *set != nullptr; ++set) {
    if ((*set)->name != name) continue;
    active_set().store(*set, std::memory_order_relaxed);
    return true;
  }
  return false;
}

}  // namespace assay::kernels
