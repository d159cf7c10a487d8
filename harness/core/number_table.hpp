// Whole numbers as somebody has measured or counted them, from a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace assay {

struct NumberTable {
  std::size_t columns = 0;
  std::vector<std::uint64_t> numbers = {};  ///< line by line
};

/// What is expected of such a file, for messages.
struct NumberTableForm {
  std::size_t most_lines = 0, most_columns = 0;
  std::string_view remedy;       ///< "give one line per …": what the file should hold
  std::string_view remedy_long;  ///< where it has too many lines
};

/// Comma-separated whole numbers, as many in each line; blank lines at the end do not count. Throws
/// UsageError naming `where`, line and column for anything else: too many or too large numbers
/// (above 2^50), lines of different length, or none.
NumberTable parse_numbers(std::string_view csv, std::string_view where,
                          const NumberTableForm& form);

}  // namespace assay
