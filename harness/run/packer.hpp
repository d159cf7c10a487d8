// Values to bytes and back, for what ranks send each other: same program, same machine format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/core/error.hpp"

namespace assay::run {

class Packer {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void put(const T& value) {
    append(&value, sizeof value);
  }
  void put(std::string_view text) {
    put(std::uint64_t{text.size()});
    append(text.data(), text.size());
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const std::vector<float>& values) {
    put(std::uint64_t{values.size()});
    append(values.data(), values.size() * sizeof(float));
  }
  template <class T, class C>
  void put(const std::map<std::string, T, C>& map) {
    put(std::uint64_t{map.size()});
    for (const auto& [key, value] : map) {
      put(key);
      put(value);
    }
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }
  std::vector<std::byte> bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::string text() {
    const auto size = get<std::uint64_t>();
    return {reinterpret_cast<const char*>(take(size)), size};
  }
  std::vector<float> floats() {
    std::vector<float> values(get<std::uint64_t>());
    const auto* from = take(values.size() * sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), from, values.size() * sizeof(float));
    return values;
  }
  template <class Map, class F>
  Map map(F get_value) {
    Map result;
    for (auto left = get<std::uint64_t>(); left > 0; --left) {
      auto key = text();
      result.emplace(std::move(key), get_value(*this));
    }
    return result;
  }

 private:
  const std::byte* take(std::size_t size) {
    invariant(size <= bytes_.size() - at_, "a message between ranks is shorter than it says");
    at_ += size;
    return bytes_.data() + at_ - size;
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace assay::run
