#include "harness/app/judging.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/result/files.hpp"

namespace assay::app {

ContractFile load_contract(const std::filesystem::path& path) {
  return path.empty() ? ContractFile() : contract_from(result::read_text(path), path);
}

ContractFile contract_from(std::string text, const std::filesystem::path& where) {
  ContractFile file;
  if (text.empty()) return file;
  file.where = where.string();
  file.text = std::move(text);
  file.contract = contract::parse_contract(file.text, file.where);
  return file;
}

std::string resume_hint(const std::filesystem::path& folder) {
  return fmt::format("resume with: assay run --resume {}\n", folder.string());
}

Judgement judge_files(const std::filesystem::path& result, const ContractFile& contract,
                      result::KeptContract kept) {
  Judgement judgement;
  judgement.result = result::load_result(result, kept);
  judgement.verdict = contract::judge(contract.contract, judgement.result.document);
  judgement.verdict.contract_sha256 = contract.given() ? result::sha256(contract.text) : "";
  judgement.verdict.result_sha256 = judgement.result.sha256;
  judgement.verdict_text = contract::to_json(judgement.verdict).dump(1) + "\n";
  return judgement;
}

int mapped(ExitCode code, const std::map<int, int>& map) {
  const auto it = map.find(static_cast<int>(code));
  return it == map.end() ? static_cast<int>(code) : it->second;
}

}  // namespace assay::app
