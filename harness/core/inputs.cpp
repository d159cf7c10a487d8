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
  if (input.dim == "routing") return fmt::format("routing-{}.csv", input.name);
  return fmt::format("{}-{}.json", input.dim, input.name);
}

bool is_kept_input(std::string_view file) {
  const auto between = [&](std::string_view begin, std::string_view end) {
    const bool fits =
        file.size() > begin.size() + end.size() && file.starts_with(begin) && file.ends_with(end);
    return fits ? file.substr(begin.size(), file.size() - begin.size() - end.size())
                : std::string_view();
  };
  const auto digest = between("counts-", ".csv");
  return is_plain_name(between("model-", ".json")) ||
         is_plain_name(between("parallelism-", ".json")) ||
         is_plain_name(between("routing-", ".csv")) ||
         (digest.size() == traffic_digits &&
          digest.find_first_not_of("0123456789abcdef") == digest.npos);
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
