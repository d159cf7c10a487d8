// What the fakes read from the environment, taken apart.
#pragma once

#include <cstdlib>
#include <stdexcept>
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

/// What `variable` says is to go wrong, as both doubles have it: "call:after=2:delay=0.1:corrupt",
/// several separated by commas. `read_more(trouble, setting)` reads what only one of them knows,
/// and returns false for what it does not know either.
template <class Trouble, class ReadMore>
std::vector<Trouble> troubles_from(const char* variable, ReadMore read_more) {
  std::vector<Trouble> troubles;
  const char* text = std::getenv(variable);
  if (text == nullptr) return troubles;
  for (const auto& one : split(text, ',')) {
    auto& trouble = troubles.emplace_back();
    for (const auto& part : split(one, ':')) {
      const auto [key, value] = setting(part);
      if (trouble.call.empty())
        trouble.call = part;
      else if (key == "after")
        trouble.after = std::stoi(value);
      else if (key == "delay")
        trouble.delay_s = std::stod(value);
      else if (key == "corrupt")
        trouble.corrupt = true;
      else if (!read_more(trouble, Setting{key, value}))
        throw std::invalid_argument(std::string(variable) + ": '" + part + "' in '" + one + "'");
    }
  }
  return troubles;
}

/// The rank in the world, as the launcher gave it: what is below MPI cannot ask MPI.
inline int launcher_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* text = std::getenv(name)) return std::atoi(text);
  return 0;
}

}  // namespace assay::fakes
