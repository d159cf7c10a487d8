// Files as the codec needs them: appended durably, replaced atomically, read within limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "harness/result/digest.hpp"

namespace assay::result {

/// Move-only owner of a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// A file that only grows, whole pieces at a time.
class AppendFile {
 public:
  /// Creates `path`, which must not exist. RunError naming the file.
  explicit AppendFile(std::filesystem::path path);

  /// Opens a file that is there, to go on at its end. UsageError naming the file.
  static AppendFile reopen(std::filesystem::path path);

  /// Whether this process may write alone: held until the file is closed, however the process
  /// ends. Local to the file system: some shared ones cannot hold files.
  enum class Hold { mine, of_another, not_possible };
  Hold hold() noexcept;

  /// Appends all of `bytes` and flushes them to disk, or takes back what it wrote and throws a
  /// RunError that names the file and the cause ("no space left on device").
  void append(std::span<const std::byte> bytes);
  void append(std::string_view text);
  /// Takes back everything beyond `size`. Best effort: called on the way out of a failure.
  void truncate(std::uint64_t size) noexcept;
  std::uint64_t size() const { return size_; }

 private:
  AppendFile(std::filesystem::path path, FileDescriptor file, std::uint64_t size);

  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

/// Whether there is something at `path` that can be asked about; never throws.
bool is_there(const std::filesystem::path& path) noexcept;

/// Writes `text` beside `path`, flushes it and renames it into place: readers see the old file or
/// the whole new one. RunError naming the file; nothing is left behind.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// Makes created and renamed names in `folder` durable. Best effort.
void sync_folder(const std::filesystem::path& folder) noexcept;

/// A file opened for reading. UsageError naming the file where it cannot be read.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  std::uint64_t size() const { return size_; }
  /// Fills `bytes` from `offset`; a range outside the file is a UsageError.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

/// The whole of a text document. UsageError where it cannot be read or is larger than any assay
/// document can be (256 MiB).
std::string read_text(const std::filesystem::path& path);

/// SHA-256 of a file of any size.
std::string sha256_file(const std::filesystem::path& path);

/// Of the first `bytes` of a file: more may be added. UsageError where it has fewer.
Sha256 sha256_of_start(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace assay::result
