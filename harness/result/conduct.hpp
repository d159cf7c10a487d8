// How a run is conducted, besides what its result says: kept in the journal, so that a run that was
// cut short can be resumed as it was begun.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/case.hpp"
#include "harness/core/inputs.hpp"
#include "harness/core/warning.hpp"

namespace assay::result {

struct Conduct {
  std::vector<Case> cases = {};  ///< all that are planned, in the plan's order
  double max_time_per_case_s = 0;
  double timeout_s = 0;
  std::uint64_t rotation_bytes = 0;
  std::optional<std::int64_t> ranks_per_node = {};  ///< where hosts were pretended
  std::string sync = "auto";                        ///< --sync; journals of 0.1.1 do not say it
  bool share_gpu = false;                           ///< nor this, nor do those of 0.1.2
  InputTexts inputs = {};                           ///< as in plan::Plan
  std::string contract = {};                        ///< its text; empty: none
  std::vector<Warning> warnings = {};               ///< of the first attempt's inventory
};

}  // namespace assay::result
