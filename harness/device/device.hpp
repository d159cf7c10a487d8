// Device: where buffers live and who fills and checks them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "harness/device/gemm.hpp"
#include "harness/device/host_link.hpp"
#include "harness/device/peer_link.hpp"
#include "harness/device/stopwatch.hpp"
#include "harness/device/streams.hpp"
#include "kernels/kernels.hpp"

namespace assay::device {

enum class MemoryKind { host, device };
std::string_view name(MemoryKind kind);

/// All ones: a NaN in every floating type, which no pattern holds, and −1 in the others.
inline constexpr int poison_byte = 0xff;

/// Move-only owner of memory.
class Buffer {
 public:
  /// Throws nothing. What it owns goes with the memory.
  using Free = std::function<void(void* base, std::size_t bytes)>;

  Buffer() = default;
  Buffer(void* base, std::size_t bytes, Free free)
      : base_(base), bytes_(bytes), free_(std::move(free)) {}
  ~Buffer() { reset(); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(base_); }
  std::size_t size() const { return bytes_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    std::swap(free_, other.free_);
  }
  void reset() noexcept {
    if (base_ != nullptr) free_(base_, bytes_);
    base_ = nullptr;
    free_ = nullptr;
  }
  void* base_ = nullptr;
  std::size_t bytes_ = 0;
  Free free_;
};

struct Reduction {
  DataType type = DataType::fp32;
  ReduceOp op = ReduceOp::sum;
};

/// Functions are local. Pointers lie inside a Buffer of this device. Work is done in the order of
/// the calls, launches of a communicator over this device included. Functions that may throw return
/// when it is done; those that may not, on a GPU, when it is enqueued: wait().
class Device {
 public:
  virtual ~Device() = default;
  virtual MemoryKind memory() const = 0;
  /// At least one byte, zero, every page touched; aligned to 4096, on a GPU to 256. Throws RunError
  /// naming the size when memory is short.
  virtual Buffer allocate(std::size_t bytes) = 0;
  virtual void fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) = 0;
  virtual kernels::Mismatch verify(const std::byte* data, const kernels::Pattern& pattern,
                                   kernels::Slice slice) = 0;
  /// Overwrites with a byte that no pattern produces throughout.
  virtual void poison(std::byte* out, std::size_t bytes) = 0;
  /// `to` and `from` do not overlap.
  virtual void copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept = 0;
  /// acc[i] = acc[i] op in[i] on `count` elements, as kernels::reduce().
  virtual void reduce(std::byte* acc, const std::byte* in, std::size_t count,
                      Reduction reduction) noexcept = 0;
  /// data[i] = data[i] / divisor, as kernels::divide().
  virtual void divide(std::byte* data, std::size_t count, DataType type, int divisor) noexcept = 0;
  /// b[i] = a[i] by a kernel, on arrays that are aligned to 64 bytes; see kernels::copy().
  virtual void copy_doubles(double* b, const double* a, std::size_t count) noexcept = 0;
  /// a[i] = b[i] + s·c[i], likewise.
  virtual void triad(double* a, const double* b, const double* c, double s,
                     std::size_t count) noexcept = 0;
  /// a[i] = value, likewise.
  virtual void write(double* a, double value, std::size_t count) noexcept = 0;
  /// *bits ^= a[0] ^ a[1] ^ … of words of 8 bytes, likewise.
  virtual void fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept = 0;
  /// Rows of fp64, fp32, fp16 or bf16, as kernels::softmax() and its gradient.
  virtual void softmax(std::byte* data, const kernels::Rows& rows, DataType type) noexcept = 0;
  virtual void softmax_gradient(const std::byte* data, std::byte* gradient,
                                const kernels::Rows& rows, DataType type) noexcept = 0;
  /// Memory that stays in the nearest cache which all that computes here shares, and keeps it busy.
  virtual std::size_t cached_bytes() const = 0;
  /// Launches a kernel that does nothing; on the host calls a function.
  virtual void do_nothing() noexcept = 0;
  /// What these kernels are made for: the instruction set in use, "CUDA".
  virtual std::string kernels() const = 0;
  /// From memory of the host, and to it; for untimed use.
  virtual void put(std::byte* to, std::span<const std::byte> from) = 0;
  virtual void get(std::span<std::byte> to, const std::byte* from) = 0;
  /// One element's bytes, for reporting.
  std::uint64_t read_element(const std::byte* data, std::size_t element_bytes);
  /// A matrix product, resolved. Throws UnsupportedError where there is none of this type, or not
  /// of these sizes.
  virtual std::unique_ptr<Gemm> gemm(const GemmCall& call) = 0;
  /// Until all that was enqueued is done.
  virtual void wait() noexcept {}
  /// So many streams and events beside the device's own; null on the host, whose work is done when
  /// it is given. Throws RunError.
  virtual std::unique_ptr<Streams> streams([[maybe_unused]] std::size_t streams,
                                           [[maybe_unused]] std::size_t events) {
    return nullptr;
  }
  /// For work that is only enqueued; null where the caller's clock sees it end. One per device.
  /// Throws RunError.
  virtual Stopwatch* stopwatch() { return nullptr; }
  /// Null on the host. One per device. Throws RunError.
  virtual HostLink* host_link() { return nullptr; }
  /// Likewise.
  virtual PeerLink* peer_link() { return nullptr; }
  /// Throws RunError if something failed in a function that may not throw. On the host nothing can.
  virtual void check() const {}
};

std::unique_ptr<Device> make_host_device();

/// What a rank has: memory of its host, and a GPU where the run needs one.
struct Devices {
  Device& host;
  Device* gpu = nullptr;

  Device& of(MemoryKind memory) const { return memory == MemoryKind::host ? host : *gpu; }
};

}  // namespace assay::device
