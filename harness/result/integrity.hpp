// Checks across cases and files: nothing dropped, nothing added, nothing changed after the run.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/json_reader.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/document.hpp"
#include "harness/result/samples_codec.hpp"

namespace assay::result {

/// All throw UsageError naming the file and, where there is one, the case.

/// No id stands twice; a complete run lists every planned case.
void check_case_ids(const std::vector<plan::JsonValue>& cases, const ResultDocument& header,
                    const std::string& where);

/// The cases and layouts are those that plan.sha256 stands for (where all are listed).
void check_plan(const ResultDocument& document, const std::string& where);

/// result.json says what the journal beside it says; a journal that is not there is no witness, and
/// one whose digest is not that in result.json is itself what was changed.
void check_against_journal(const nlohmann::json& result, const ResultDocument& document,
                           const std::filesystem::path& folder, const std::string& where);

/// A run's folder, and what of it has to be in order.
struct RunFolder {
  std::filesystem::path path;
  SidecarSource& sidecar;
  KeptContract contract;
};

/// Every file that the document lists is there, with its size and SHA-256, and the sidecar holds
/// nothing but the samples of the cases listed (a run that was cut short may have more).
void check_files(const ResultDocument& document, const RunFolder& folder, const std::string& where);

/// SHA256SUMS lists the file that was read and all of `document.files`, with the digests they have
/// been found to have, and every other file that it lists has its own.
struct ReadFile {
  std::string name, sha256;
};
void check_manifest(const ResultDocument& document, const RunFolder& folder, const ReadFile& read);

}  // namespace assay::result
