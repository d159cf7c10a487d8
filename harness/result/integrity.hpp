// Checks across cases and files: nothing dropped, nothing added, nothing changed after the run.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/json_reader.hpp"
#include "harness/result/document.hpp"
#include "harness/result/samples_codec.hpp"

namespace assay::result {

/// All throw UsageError naming the file and, where there is one, the case.

/// No id stands twice; a complete run lists every planned case.
void check_case_ids(const std::vector<plan::JsonValue>& cases, const ResultDocument& header,
                    const std::string& where);

/// The cases and layouts are those that plan.sha256 stands for (where all are listed).
void check_plan(const ResultDocument& document, const std::string& where);

/// result.json says what the journal beside it says; a journal that is not there is no witness.
void check_against_journal(const nlohmann::json& result, const ResultDocument& document,
                           const std::filesystem::path& folder, const std::string& where);

/// Every file that the document lists is there, with its size and SHA-256, and the sidecar holds
/// nothing but the samples of the cases listed (a run that was cut short may have more).
void check_files(const ResultDocument& document, const std::filesystem::path& folder,
                 SidecarSource& sidecar, const std::string& where);

/// Every file that SHA256SUMS lists has its SHA-256; `read` was hashed already.
struct ReadFile {
  std::string name, sha256;
};
void check_manifest(const std::filesystem::path& folder, const ReadFile& read,
                    SidecarSource& sidecar);

}  // namespace assay::result
