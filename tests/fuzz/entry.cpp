#include <cstdlib>
#include <iostream>
#include <string>

#include "harness/core/error.hpp"
#include "tests/fuzz/reader.hpp"

namespace assay::fuzz {
namespace {

/// Bytes of the UTF-8 sequence at the front of `text`; 0 where there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const auto second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool beyond = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return overlong || beyond ? 0 : length;
}

/// C0, DEL or C1: what a terminal would obey.
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 2) return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
  return first < 0x20 || first == 0x7f;
}

}  // namespace

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

void require_readable(std::string_view text, Shape shape) {
  for (auto rest = text; !rest.empty();) {
    const auto length = sequence_length(rest);
    require(length > 0, "text for people is no UTF-8: " + std::string(text));
    const bool newline = shape == Shape::block && rest[0] == '\n';
    require(newline || !is_control(rest.substr(0, length)),
            "text for people holds a control character: " + std::string(text));
    rest.remove_prefix(length);
  }
}

}  // namespace assay::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using assay::fuzz::require_readable;
  try {
    assay::fuzz::read({reinterpret_cast<const char*>(data), size});
  } catch (const assay::UsageError& error) {
    require_readable(error.what(), assay::fuzz::Shape::line);
  } catch (const assay::RunError& error) {
    require_readable(error.what(), assay::fuzz::Shape::line);
  }
  return 0;
}
