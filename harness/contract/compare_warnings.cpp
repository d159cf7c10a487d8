#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <string>

#include "harness/contract/compare_pairs.hpp"

namespace assay::contract {
namespace {

using result::ResultDocument;

/// Property → every value that it has somewhere in the run.
using Properties = std::map<std::string, std::set<std::string>>;

Properties machine(const ResultDocument& document) {
  Properties all;
  for (const auto& rows : {document.topology.fingerprints, document.topology.devices})
    for (const auto& row : rows)
      for (const auto& [key, value] : row)
        if (!result::TopologyInfo::is_momentary(key)) all[key].insert(value);
  return all;
}

Properties properties(const std::map<std::string, std::string>& row) {
  Properties all;
  for (const auto& [key, value] : row) all[key].insert(value);
  return all;
}

Properties hosts(const ResultDocument& document) {
  Properties all;
  for (const auto& host : document.topology.hosts) all["hosts"].insert(host.name);
  return all;
}

/// "n0, n1", "n0, n1, … (32)", "none".
std::string shown(const Properties& all, const std::string& key) {
  const auto found = all.find(key);
  if (found == all.end()) return "none";
  constexpr std::size_t most = 4;
  const auto& values = found->second;
  std::vector<std::string> first;
  for (const auto& value : values)
    if (first.size() < most) first.push_back(value);
  const auto text = fmt::format("{}", fmt::join(first, ", "));
  return values.size() > most ? fmt::format("{}, … ({})", text, values.size()) : text;
}

/// "kernel 6.1 → 6.6; mpi Open MPI v4.1.4 → Open MPI v5.0.3"; empty where nothing differs.
std::string changes(const Properties& base, const Properties& next) {
  std::set<std::string> keys;
  for (const auto* all : {&base, &next})
    for (const auto& [key, values] : *all) keys.insert(key);
  std::vector<std::string> parts;
  for (const auto& key : keys) {
    const auto in_base = base.find(key), in_next = next.find(key);
    const bool both = in_base != base.end() && in_next != next.end();
    if (both && in_base->second == in_next->second) continue;
    parts.push_back(fmt::format("{} {} → {}", key, shown(base, key), shown(next, key)));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

constexpr const char* remedy = "read the ratios as that of both changes together";

}  // namespace

std::vector<Warning> differences(const ResultDocument& base, const ResultDocument& next) {
  std::vector<Warning> warnings;
  const auto note = [&](const char* code, const std::string& evidence) {
    if (!evidence.empty()) warnings.push_back({code, evidence, remedy, {}});
  };
  note("other_hosts", changes(hosts(base), hosts(next)));
  note("other_machine", changes(machine(base), machine(next)));
  note("other_build", changes(properties(base.run.tool), properties(next.run.tool)));
  note("other_environment",
       changes(properties(base.run.environment), properties(next.run.environment)));
  if (!base.run.id.empty() && base.run.id == next.run.id)
    warnings.push_back({"same_run",
                        fmt::format("BASE and NEW are both run {}", base.run.id),
                        "give two runs",
                        {}});
  return warnings;
}

}  // namespace assay::contract
