#include "harness/core/printable.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace assay {
namespace {

unsigned byte(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// What may follow a lead byte (RFC 3629): the bounds of the second byte exclude overlong forms,
/// surrogates and what lies beyond U+10FFFF.
struct Form {
  std::size_t length;
  unsigned low, high;
};

Form form_of(unsigned lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2 || lead > 0xf4) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead < 0xf0) return {3, lead == 0xe0 ? 0xa0u : 0x80u, lead == 0xed ? 0x9fu : 0xbfu};
  return {4, lead == 0xf0 ? 0x90u : 0x80u, lead == 0xf4 ? 0x8fu : 0xbfu};
}

/// Bytes of the character at the front of `text`; 0 where there is none.
std::size_t character(std::string_view text) {
  const auto form = form_of(byte(text, 0));
  if (form.length > text.size()) return 0;
  if (form.length > 1 && (byte(text, 1) < form.low || byte(text, 1) > form.high)) return 0;
  for (std::size_t i = 2; i < form.length; ++i)
    if ((byte(text, i) & 0xc0) != 0x80) return 0;
  return form.length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto length = character(text);
    const auto lead = byte(text, 0);
    if (length == 0)
      result += "\uFFFD";
    else if (lead < 0x20 || lead == 0x7f)
      result += fmt::format("\\u{:04x}", lead);
    else if (lead == 0xc2 && byte(text, 1) < 0xa0)
      result += fmt::format("\\u{:04x}", byte(text, 1));
    else
      result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace assay
