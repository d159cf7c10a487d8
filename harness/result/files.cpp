#include "harness/result/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/core/error.hpp"

namespace assay::result {
namespace {

constexpr std::uint64_t max_document_bytes = std::uint64_t{256} << 20;

std::string reason_of(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

RunError cannot_write(const std::filesystem::path& path, int error) {
  return RunError({.where = path.string(),
                   .what = "cannot be written: " + reason_of(error),
                   .remedy = "make room or choose another --out; cases finished before are kept"});
}

UsageError cannot_read(const std::filesystem::path& path, int error) {
  return UsageError({.where = path.string(),
                     .what = "cannot be read: " + reason_of(error),
                     .remedy = "check the name and its permissions"});
}

int open_file(const std::filesystem::path& path, int flags) {
  return ::open(path.c_str(), flags | O_CLOEXEC, 0644);
}

/// Writes at `offset` and flushes: 0, or the errno of what failed.
int write_all(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return ::fdatasync(fd) == 0 ? 0 : errno;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}
FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}
FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

AppendFile::AppendFile(std::filesystem::path path)
    : path_(std::move(path)), file_(open_file(path_, O_WRONLY | O_CREAT | O_EXCL)) {
  if (file_.get() < 0) throw cannot_write(path_, errno);
}

AppendFile::AppendFile(std::filesystem::path path, FileDescriptor file, std::uint64_t size)
    : path_(std::move(path)), file_(std::move(file)), size_(size) {}

AppendFile AppendFile::reopen(std::filesystem::path path) {
  FileDescriptor file(open_file(path, O_WRONLY | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
    throw UsageError({.where = path.string(),
                      .what = "cannot be opened for writing: " + reason_of(errno),
                      .remedy = "check the name and its permissions"});
  return {std::move(path), std::move(file), static_cast<std::uint64_t>(status.st_size)};
}

AppendFile::Hold AppendFile::hold() noexcept {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return Hold::mine;
  return errno == EWOULDBLOCK ? Hold::of_another : Hold::not_possible;
}

void AppendFile::append(std::span<const std::byte> bytes) {
  const int error = write_all(file_.get(), size_, bytes);
  if (error == 0) {
    size_ += bytes.size();
    return;
  }
  truncate(size_);
  throw cannot_write(path_, error);
}

void AppendFile::append(std::string_view text) { append(std::as_bytes(std::span(text))); }

void AppendFile::truncate(std::uint64_t size) noexcept {
  // Should it fail, the next piece overwrites what was left.
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) == 0 || size < size_) size_ = size;
}

bool is_there(const std::filesystem::path& path) noexcept {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
  auto beside = path;
  beside += ".part";
  int error = 0;
  {
    const FileDescriptor file(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC));
    error = file.get() < 0 ? errno : write_all(file.get(), 0, std::as_bytes(std::span(text)));
  }
  if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  ::unlink(beside.c_str());
  throw cannot_write(path, error);
}

void sync_folder(const std::filesystem::path& folder) noexcept {
  const FileDescriptor file(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (file.get() >= 0) ::fsync(file.get());
}

InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)), file_(open_file(path_, O_RDONLY | O_NONBLOCK)) {
  if (file_.get() < 0) throw cannot_read(path_, errno);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw cannot_read(path_, errno);
  if (!S_ISREG(status.st_mode)) throw cannot_read(path_, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (offset > size_ || bytes.size() > size_ - offset)
    throw UsageError({.where = path_.string(),
                      .what = fmt::format("has {} bytes; bytes {} to {} were expected in it", size_,
                                          offset, offset + bytes.size()),
                      .remedy = "the file is truncated: copy it again"});
  while (!bytes.empty()) {
    const ssize_t got =
        ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw cannot_read(path_, got < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

std::string read_text(const std::filesystem::path& path) {
  const InputFile file(path);
  if (file.size() > max_document_bytes)
    throw UsageError(
        {.where = path.string(),
         .what = fmt::format("has {} bytes; no document of assay is that large", file.size()),
         .remedy = "check the name"});
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

std::string sha256_file(const std::filesystem::path& path) {
  return sha256_of_start(path, InputFile(path).size()).hex();
}

Sha256 sha256_of_start(const std::filesystem::path& path, std::uint64_t bytes) {
  const InputFile file(path);
  std::vector<std::byte> piece(std::min<std::uint64_t>(bytes, std::uint64_t{1} << 20));
  Sha256 digest;
  for (std::uint64_t offset = 0; offset < bytes; offset += piece.size()) {
    const auto count = std::min<std::uint64_t>(piece.size(), bytes - offset);
    const auto part = std::span(piece).first(count);
    file.read(offset, part);
    digest.add(part);
  }
  return digest;
}

}  // namespace assay::result
