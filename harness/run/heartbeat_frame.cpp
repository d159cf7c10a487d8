#include "harness/run/heartbeat_frame.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "harness/core/error.hpp"
#include "harness/core/printable.hpp"

namespace assay::run {
namespace {

using Magic = std::array<char, 8>;
constexpr Magic magic = {'a', 's', 's', 'a', 'y', 'h', 'b', '1'};

/// The first 32 bytes of every frame. `body` is a token, or word and unchanged_s.
struct Header {
  std::uint8_t kind = 0;
  std::uint8_t incident_kind = 0;
  std::uint16_t ranks = 0;
  std::int32_t rank = 0;
  std::array<std::byte, 16> body{};
  Magic mark = magic;
};
static_assert(sizeof(Header) == small_frame);

struct Beat {
  std::uint64_t word;
  double unchanged_s;
};
static_assert(sizeof(Beat) == sizeof(Token));

bool is_wide(Frame::Kind kind) {
  return kind == Frame::Kind::report || kind == Frame::Kind::incident;
}
bool has_token(Frame::Kind kind) {
  return kind == Frame::Kind::hello || kind == Frame::Kind::welcome;
}

std::optional<Header> read_header(std::span<const std::byte> bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const bool known = header.kind >= static_cast<std::uint8_t>(Frame::Kind::hello) &&
                     header.kind <= static_cast<std::uint8_t>(Frame::Kind::incident) &&
                     header.incident_kind <= static_cast<std::uint8_t>(Incident::Kind::failed);
  if (header.mark != magic || !known || header.ranks > max_ranks || header.rank < 0)
    return std::nullopt;
  return header;
}

Incident read_incident(const Header& header, std::span<const std::byte> body) {
  Incident incident;
  incident.kind = static_cast<Incident::Kind>(header.incident_kind);
  const auto* text = reinterpret_cast<const char*>(body.data());
  incident.sentence = printable({text, ::strnlen(text, max_text)});
  std::vector<std::int32_t> ranks(header.ranks);
  if (!ranks.empty()) std::memcpy(ranks.data(), body.data() + max_text, 4 * ranks.size());
  incident.ranks.assign(ranks.begin(), ranks.end());
  return incident;
}

Frame read_frame(const Header& header, std::span<const std::byte> body) {
  Frame frame;
  frame.kind = static_cast<Frame::Kind>(header.kind);
  frame.rank = header.rank;
  if (has_token(frame.kind)) {
    frame.token = header.body;
  } else {
    Beat beat{};
    std::memcpy(&beat, header.body.data(), sizeof beat);
    frame.word = beat.word;
    frame.unchanged_s = std::isfinite(beat.unchanged_s) ? std::max(0.0, beat.unchanged_s) : 0;
  }
  if (is_wide(frame.kind)) frame.incident = read_incident(header, body);
  return frame;
}

}  // namespace

Token random_token() {
  Token token{};
  std::size_t filled = 0;
  while (filled < token.size()) {
    const ssize_t got = ::getrandom(token.data() + filled, token.size() - filled, 0);
    if (got < 0 && errno != EINTR)
      throw RunError({"watchdog",
                      "the kernel gives no random bytes: " + std::string(std::strerror(errno)),
                      {}});
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return token;
}

bool same_token(const Token& a, const Token& b) noexcept {
  std::byte difference{0};
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == std::byte{0};
}

std::vector<std::byte> encode(const Frame& frame) {
  Header header;
  header.kind = static_cast<std::uint8_t>(frame.kind);
  header.incident_kind = static_cast<std::uint8_t>(frame.incident.kind);
  header.rank = frame.rank;
  const std::size_t ranks =
      is_wide(frame.kind) ? std::min(frame.incident.ranks.size(), max_ranks) : 0;
  header.ranks = static_cast<std::uint16_t>(ranks);
  if (has_token(frame.kind)) {
    header.body = frame.token;
  } else {
    const Beat beat{frame.word, frame.unchanged_s};
    std::memcpy(header.body.data(), &beat, sizeof beat);
  }
  std::vector<std::byte> bytes(is_wide(frame.kind) ? wide_frame : small_frame);
  std::memcpy(bytes.data(), &header, sizeof header);
  if (is_wide(frame.kind)) {
    const std::string& text = frame.incident.sentence;
    std::memcpy(bytes.data() + small_frame, text.data(), std::min(text.size(), max_text));
    const std::vector<std::int32_t> list(frame.incident.ranks.begin(),
                                         frame.incident.ranks.begin() + std::ptrdiff_t(ranks));
    if (ranks > 0) std::memcpy(bytes.data() + small_frame + max_text, list.data(), 4 * ranks);
  }
  return bytes;
}

void FrameReader::feed(std::span<const std::byte> bytes) {
  if (!garbage_) bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::optional<Frame> FrameReader::next() {
  if (garbage_ || bytes_.size() < small_frame) return std::nullopt;
  const auto header = read_header(bytes_);
  if (!header) {
    garbage_ = true;
    bytes_.clear();
    return std::nullopt;
  }
  const std::size_t size =
      is_wide(static_cast<Frame::Kind>(header->kind)) ? wide_frame : small_frame;
  if (bytes_.size() < size) return std::nullopt;
  Frame frame = read_frame(*header, std::span(bytes_).subspan(small_frame, size - small_frame));
  bytes_.erase(bytes_.begin(), bytes_.begin() + std::ptrdiff_t(size));
  return frame;
}

}  // namespace assay::run
