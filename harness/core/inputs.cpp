#include "harness/core/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace assay {

std::vector<Input> inputs_of(const Case& c) {
  std::vector<Input> inputs;
  if (const auto* counts = traffic_of(c)) inputs.push_back({"counts", *counts});
  for (const auto* dim : {"model", "parallelism"})
    if (const auto at = c.dims.find(dim); at != c.dims.end())
      if (const auto* name = std::get_if<std::string>(&at->second)) inputs.push_back({dim, *name});
  return inputs;
}

std::string kept_input(const Input& input) {
  if (input.dim == "counts") return kept_traffic(traffic_name(input.name));
  return fmt::format("{}-{}.json", input.dim, input.name);
}

bool is_plain_name(std::string_view name) {
  constexpr std::size_t longest = 64;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= longest && name.front() != '.' && name.front() != '-' &&
         !name.ends_with(".json") && std::all_of(name.begin(), name.end(), plain);
}

}  // namespace assay
