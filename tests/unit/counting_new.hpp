// Links an operator new that counts, so that a test can say that nothing was allocated.
#pragma once

#include <cstdint>

namespace assay::tests {

/// Calls of operator new in this process so far.
std::int64_t allocations();

}  // namespace assay::tests
