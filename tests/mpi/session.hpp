// The main of multi-rank GoogleTest programs: a session around all tests, rank 0 speaks, other
// ranks print failures only, and all leave with the same code.
//
// Expectations, never assertions around collective calls: all ranks must make the same calls
// whatever one of them saw.
#pragma once

#include "harness/comm/backend.hpp"

namespace assay {

/// Set by main before the tests run.
extern comm::Session* session;

}  // namespace assay
