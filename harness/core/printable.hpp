// Text of unknown origin, fit for a terminal and for one line of a log.
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// `text` with every control character (C0, DEL, C1) as JSON writes it, "\u001b", and every byte
/// that is no UTF-8 as U+FFFD: what an edited file says can neither break a line nor steer a
/// terminal. Text without them comes back as it is, and so does what printable() has returned.
std::string printable(std::string_view text);

}  // namespace assay
