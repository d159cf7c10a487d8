#include <fmt/format.h>

#include <filesystem>

#include "harness/app/commands.hpp"
#include "harness/app/judging.hpp"
#include "harness/core/error.hpp"
#include "harness/core/printable.hpp"
#include "harness/report/text.hpp"
#include "harness/result/files.hpp"

namespace assay::app {

namespace fs = std::filesystem;

namespace {

fs::path folder_of(const fs::path& result) {
  if (fs::is_directory(result)) return result;
  return result.has_parent_path() ? result.parent_path() : fs::path(".");
}

/// The contract given, else the one that the run kept beside its evidence, else none.
fs::path contract_path(const JudgeOptions& options) {
  if (!options.contract.empty()) return options.contract;
  const auto kept = folder_of(options.result) / result::contract_name;
  return fs::exists(kept) ? kept : fs::path();
}

std::string said_of(const ContractFile& contract) {
  if (!contract.given()) return "no contract: only correctness and completeness are judged\n";
  return fmt::format("contract {} ({}, sha256 {})\n", printable(contract.contract.name),
                     contract.where, result::sha256(contract.text).substr(0, 12));
}

/// What a verdict.json beside the evidence says of the one just computed.
std::string compared_with_stored(const fs::path& folder, const Judgement& judgement) {
  const auto stored = folder / verdict_name;
  if (!fs::exists(stored)) return {};
  if (result::read_text(stored) == judgement.verdict_text)
    return fmt::format("{} is reproduced bit for bit.\n", stored.string());
  return fmt::format(
      "{} differs from this verdict: it was made with another contract or assay, or was edited.\n",
      stored.string());
}

}  // namespace

ExitCode judge(const JudgeOptions& options) {
  if (!options.out.empty() && fs::exists(options.out))
    throw UsageError({options.out, "the file exists", "choose another --out or remove it"});
  const auto contract = load_contract(contract_path(options));
  const auto kept =
      options.contract.empty() ? result::KeptContract::checked : result::KeptContract::unused;
  const auto judgement = judge_files(options.result, contract, kept);
  fmt::print("{}", said_of(contract));
  fmt::print("{}", report::verdict_block(judgement.verdict, contract.where));
  fmt::print("{}", compared_with_stored(folder_of(options.result), judgement));
  const auto& document = judgement.result.document;
  if (!document.run.complete && document.provenance == result::Provenance::measured)
    fmt::print("{}", resume_hint(folder_of(options.result)));
  if (!options.out.empty()) result::replace_file(options.out, judgement.verdict_text);
  return contract::exit_code(judgement.verdict);
}

}  // namespace assay::app
