// Footprint: which elements of its buffers a rank's part of a collective reads and writes.
#pragma once

#include <cstdint>

#include "harness/comm/communicator.hpp"

namespace assay::comm {

struct Stretch {
  std::uint64_t first = 0, count = 0;
  std::uint64_t end() const { return count == 0 ? 0 : first + count; }
};

/// Elements of `send` that are read and of `recv` that are written; in place, both of `recv`, and
/// what was already where it belongs counts as written where the rest around it is.
struct Footprint {
  Stretch in, out;
};

enum class Form { apart, in_place };

/// Of rank `rank` of `size`, as MPI has it: in place, its part of a reduce_scatter begins the
/// buffer. Throws InternalError for what no library has. Pure.
Footprint footprint(const CollectiveCall& call, int rank, int size, Form form);

}  // namespace assay::comm
