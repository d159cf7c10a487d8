// Memory of this process's host, and the CPU kernels.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "harness/core/error.hpp"
#include "harness/device/available_memory.hpp"
#include "harness/device/device.hpp"
#include "harness/device/host_gemm.hpp"

namespace assay::device {
namespace {

constexpr std::size_t page_bytes = 4096;
/// Asking what is left costs some file reads: not worth it for less than this.
constexpr std::size_t ask_from_bytes = std::size_t{1} << 20;
/// Two huge pages: below, at most one would fit.
constexpr std::size_t huge_from_bytes = std::size_t{4} << 20;

[[noreturn]] void refuse(std::size_t bytes, const std::string& why) {
  throw RunError({.where = "host memory",
                  .what = "cannot allocate " + std::to_string(bytes) + " bytes: " + why,
                  .remedy = "use smaller messages, or fewer ranks on this host"});
}

void free_pages(void* base, std::size_t bytes) noexcept { munmap(base, bytes); }

/// Zeroed pages, none of them backed yet; aligned to a page.
void* map_pages(std::size_t bytes) {
  if (bytes >= ask_from_bytes) {
    const auto available = available_memory();
    if (available && *available < bytes)
      refuse(bytes, std::to_string(*available) + " bytes are available");
  }
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) refuse(bytes, std::strerror(errno));
  return base;
}

class HostDevice final : public Device {
 public:
  MemoryKind memory() const override { return MemoryKind::host; }

  Buffer allocate(std::size_t bytes) override {
    if (bytes == 0) bytes = 1;
    Buffer buffer(map_pages(bytes), bytes, free_pages);
    std::byte* begin = buffer.data();
    // Advice only: where huge pages are off, small ones do.
    if (bytes >= huge_from_bytes) (void)madvise(begin, bytes, MADV_HUGEPAGE);
    for (std::size_t at = 0; at < bytes; at += page_bytes)
      static_cast<volatile std::byte*>(begin)[at] = std::byte{0};
    return buffer;
  }

  void fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) override {
    kernels::fill(out, pattern, slice);
  }
  kernels::Mismatch verify(const std::byte* data, const kernels::Pattern& pattern,
                           kernels::Slice slice) override {
    return kernels::verify(data, pattern, slice);
  }
  void poison(std::byte* out, std::size_t bytes) override { std::memset(out, poison_byte, bytes); }

  void copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept override {
    std::memcpy(to, from, bytes);
  }
  void reduce(std::byte* acc, const std::byte* in, std::size_t count,
              Reduction reduction) noexcept override {
    kernels::reduce(acc, in, count, reduction.type, reduction.op);
  }
  void divide(std::byte* data, std::size_t count, DataType type, int divisor) noexcept override {
    kernels::divide(data, count, type, divisor);
  }

  void copy_doubles(double* b, const double* a, std::size_t count) noexcept override {
    kernels::copy(b, a, count);
  }
  void triad(double* a, const double* b, const double* c, double s,
             std::size_t count) noexcept override {
    kernels::triad(a, b, c, s, count);
  }
  void write(double* a, double value, std::size_t count) noexcept override {
    kernels::write(a, value, count);
  }
  void fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept override {
    kernels::fold(reinterpret_cast<std::uint64_t*>(bits), a, count);
  }
  void softmax(std::byte* data, const kernels::Rows& rows, DataType type) noexcept override {
    kernels::softmax(data, rows, type);
  }
  void softmax_gradient(const std::byte* data, std::byte* gradient, const kernels::Rows& rows,
                        DataType type) noexcept override {
    kernels::softmax_gradient(data, gradient, rows, type);
  }
  /// Of a core: a rank computes on one.
  std::size_t cached_bytes() const override { return 12 << 10; }
  void do_nothing() noexcept override {}
  std::string kernels() const override { return std::string(kernels::instruction_set()); }

  void put(std::byte* to, std::span<const std::byte> from) override {
    std::memcpy(to, from.data(), from.size());
  }
  void get(std::span<std::byte> to, const std::byte* from) override {
    std::memcpy(to.data(), from, to.size());
  }
  std::unique_ptr<Gemm> gemm(const GemmCall& call) override { return make_host_gemm(call); }
};

}  // namespace

std::string_view name(MemoryKind kind) { return kind == MemoryKind::host ? "host" : "device"; }

std::uint64_t Device::read_element(const std::byte* data, std::size_t element_bytes) {
  invariant(element_bytes <= sizeof(std::uint64_t), "an element has at most 8 bytes");
  std::uint64_t word = 0;
  get(std::as_writable_bytes(std::span(&word, 1)).first(element_bytes), data);
  return word;
}

std::unique_ptr<Device> make_host_device() { return std::make_unique<HostDevice>(); }

}  // namespace assay::device
