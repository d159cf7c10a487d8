// Where the time of training steps goes, as text. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/result/document.hpp"

namespace assay::report {

/// Of the cases whose steps were read off timelines: their parts with share, median and its
/// interval; what is hidden and waited for; and the rank that computes longest, where it stands
/// out. Empty where there are none.
std::string step_parts(const std::vector<const result::CaseResult*>& cases,
                       const result::ResultDocument& document);

}  // namespace assay::report
