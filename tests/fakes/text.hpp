// What the fakes read from the environment, taken apart.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

namespace assay::fakes {

/// At least one part.
inline std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == at)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// "corrupt" has no value.
struct Setting {
  std::string key, value;
};
inline Setting setting(const std::string& text) {
  const auto equals = text.find('=');
  return {text.substr(0, equals), equals == text.npos ? "" : text.substr(equals + 1)};
}

/// The rank in the world, as the launcher gave it: what is below MPI cannot ask MPI.
inline int launcher_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* text = std::getenv(name)) return std::atoi(text);
  return 0;
}

}  // namespace assay::fakes
