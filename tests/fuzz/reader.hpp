// One reader of assay under arbitrary input. Each file beside this one defines read() for one
// reader; entry.cpp makes it a libFuzzer program, replay.cpp a test that runs a folder of inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::fuzz {

/// Reads `input` and uses what it says as the program would. Returns, or throws UsageError or
/// RunError; anything else is a finding. Defined once per reader.
void read(std::string_view input);

/// Ends the process, naming what was broken, unless `holds`.
void require(bool holds, std::string_view what);

/// For people: valid UTF-8 without control characters, newlines aside where `text` is a block.
enum class Shape { line, block };
void require_readable(std::string_view text, Shape shape);

}  // namespace assay::fuzz

/// libFuzzer's entry: runs read() and holds it and its refusals to what is said above.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
