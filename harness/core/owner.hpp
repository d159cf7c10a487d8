// Move-only owner of a handle of a C library.
#pragma once

#include <utility>

namespace assay {

/// `release` frees a handle that is not `none()`, and cannot fail in a way that matters.
template <class Handle, Handle (*none)() noexcept, void (*release)(Handle) noexcept>
class Owner {
 public:
  Owner() = default;
  explicit Owner(Handle handle) : handle_(handle) {}
  ~Owner() {
    if (handle_ != none()) release(handle_);
  }
  Owner(Owner&& other) noexcept : handle_(std::exchange(other.handle_, none())) {}
  Owner& operator=(Owner&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  Handle get() const noexcept { return handle_; }

 private:
  Handle handle_ = none();
};

}  // namespace assay
