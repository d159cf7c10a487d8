#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/app/commands.hpp"
#include "harness/contract/compare.hpp"
#include "harness/core/error.hpp"
#include "harness/report/text.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/files.hpp"

namespace assay::app {

namespace {

contract::CompareRules rules_of(const CompareOptions& options, const Parts& parts) {
  contract::CompareRules rules{.metric = options.metric,
                               .metrics = {},
                               .q = options.q,
                               .margin = options.margin,
                               .confidence = options.confidence};
  for (const auto& benchmark : parts.benchmarks()) {
    const auto& info = benchmark->info();
    rules.metrics.emplace(info.name, info.metrics);
  }
  return rules;
}

std::string said_of(const char* side, const std::string& path, const result::LoadedResult& loaded) {
  return fmt::format("{} {} (started {}, sha256 {})\n", side, path, loaded.document.run.started,
                     loaded.sha256.substr(0, 12));
}

}  // namespace

ExitCode compare(const CompareOptions& options, const Parts& parts) {
  if (!options.json.empty() && std::filesystem::exists(options.json))
    throw UsageError({options.json, "the file exists", "choose another --json or remove it"});
  const auto base = result::load_result(options.base), next = result::load_result(options.next);
  const auto comparison = contract::compare(base.document, next.document, rules_of(options, parts));
  fmt::print("{}", said_of("BASE", options.base, base));
  fmt::print("{}", said_of("NEW ", options.next, next));
  fmt::print("{}", report::comparison_block(comparison));
  if (!options.json.empty()) {
    const auto json = contract::to_json(comparison, {.base = base.sha256, .next = next.sha256});
    result::replace_file(options.json, json.dump(1) + "\n");
  }
  return contract::exit_code(comparison);
}

}  // namespace assay::app
