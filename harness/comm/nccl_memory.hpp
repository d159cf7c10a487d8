// Buffers that NCCL knows before they are used.
#pragma once

#include "harness/comm/nccl_launch.hpp"

namespace assay::comm::nccl {

/// NCCL's versions as NCCL_VERSION_CODE has them: whose header assay was built with, and which
/// library is loaded.
struct Versions {
  int built = 0, loaded = 0;
};
Versions versions();

/// Why collectives of two communicators of one GPU must not be under way at once: NCCL may wait for
/// ever then, but from 2.26 on where the environment says so. Empty: they may. Local.
std::string two_at_once_refusal(Versions versions);

/// Why there are no buffers of this kind; empty: there are. Pure.
std::string buffers_refusal(BufferKind kind, Versions versions);

/// Owner of memory that NCCL can register: its own.
class NcclMemory {
 public:
  /// `view` may go before. Throws RunError.
  NcclMemory(const CommView& view, std::size_t bytes);
  ~NcclMemory();
  NcclMemory(const NcclMemory&) = delete;
  NcclMemory& operator=(const NcclMemory&) = delete;
  std::byte* data() const noexcept { return static_cast<std::byte*>(base_); }
  std::size_t size() const noexcept { return bytes_; }

 private:
  void* base_ = nullptr;
  std::size_t bytes_;
};

/// Move-only owner of one registration, to be gone before the memory is. Keeps the communicator.
class Registration {
 public:
  Registration() = default;
  /// For symmetric buffers collective. What fails is noted.
  Registration(const CommView& view, BufferKind kind, const NcclMemory& memory,
               NcclFailure& failure) noexcept;
  ~Registration();
  Registration(Registration&& other) noexcept { *this = std::move(other); }
  Registration& operator=(Registration&& other) noexcept;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  /// Throws RunError where NCCL has made none though it did not fail.
  void check(const CommView& view, BufferKind kind) const;

 private:
  std::shared_ptr<const Comm> owner_;
  void* handle_ = nullptr;
  void (*end_)(ncclComm_t comm, void* handle) = nullptr;
};

/// See Communicator::allocate.
device::Buffer allocate(const CommView& view, BufferKind kind, std::size_t bytes);

}  // namespace assay::comm::nccl
