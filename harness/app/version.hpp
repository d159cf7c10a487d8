// What was built, by what, from what.
#pragma once

#include <map>
#include <string>

namespace assay::app {

const char* version();
/// version, git revision, build type, compiler and flags: recorded in every result.
std::map<std::string, std::string> build_identity();
/// An unoptimised or sanitized build: its figures mean nothing.
bool is_debug_build();

}  // namespace assay::app
