// From files to verdict: what `run` does after measuring and `judge` does on its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/contract/judge.hpp"
#include "harness/result/codec.hpp"

namespace assay::app {

inline constexpr const char* verdict_name = "verdict.json";
inline constexpr const char* failed_hosts_name = "failed_hosts.txt";

/// A contract with the bytes it was read from; the empty contract when there is none.
struct ContractFile {
  contract::Contract contract;
  std::string text;
  std::string where;
  bool given() const { return !where.empty(); }
};
/// `path` empty: no contract. Throws UsageError.
ContractFile load_contract(const std::filesystem::path& path);
/// One whose text is at hand; empty: no contract.
ContractFile contract_from(std::string text, const std::filesystem::path& where);

/// "resume with: assay run --resume results/today\n"
std::string resume_hint(const std::filesystem::path& folder);

struct Judgement {
  result::LoadedResult result;
  contract::Verdict verdict;
  std::string verdict_text;  ///< the bytes of verdict.json
};
/// Reads the evidence again from disk, so that anybody who has the files gets the same bytes.
/// `kept`: whether the contract beside the evidence has to be in order.
Judgement judge_files(const std::filesystem::path& result, const ContractFile& contract,
                      result::KeptContract kept);

/// Applies --exit-map.
int mapped(ExitCode code, const std::map<int, int>& map);

}  // namespace assay::app
