// What goes on beside the operation that is measured: another collective, under another layout.
#pragma once

#include <string>
#include <string_view>

#include "harness/core/dims.hpp"

namespace assay {

/// The value of dimension `beside`: "all_to_all:layout=node,bytes=1048576,type=fp32,op=sum".
struct Beside {
  std::string collective;
  std::string layout = "world";
  Dims dims;  ///< type, bytes, op
};

/// With what is not said otherwise: world, fp32, 1 MiB, sum.
Beside beside_of(std::string collective);

/// Reads "COLLECTIVE[:KEY=VALUE,…]" with the keys layout, type, bytes ("1M" and "1MiB") and op in
/// any order. What is not given is as beside_of() has it. Throws UsageError; `where` names the
/// option or key path. Whether collective and layout exist is for others to say.
Beside parse_beside(std::string_view text, std::string_view where);

/// As it stands in a case: every key, in one order. parse_beside() reads it back.
std::string format_beside(const Beside& beside);

}  // namespace assay
