// A run that was cut short, with what its journal holds, so that somebody can go on with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/plan/plan.hpp"
#include "harness/result/conduct.hpp"
#include "harness/result/document.hpp"
#include "harness/result/files.hpp"

namespace assay::result {

/// Holds its journal: as long as this or the writer made of it lives, nobody else can resume it.
struct Unfinished {
  std::filesystem::path folder;
  AppendFile journal;
  std::string text;         ///< of the journal, up to its last whole line
  ResultDocument document;  ///< the finished cases: the first ones of the plan
  Conduct conduct;
  std::uint64_t sidecar_bytes = 0;  ///< that the finished cases hold
  std::string previous;             ///< why the last attempt ended

  std::string_view header_line() const;
  /// The first case that is missing; empty where none is, and only files are to be written.
  std::string first_case() const;
};

/// Opens the folder of a run that was cut short and checks what it holds as load_result() does. A
/// last line that a killed run could not finish is left out. Local; changes nothing. UsageError
/// where there is no journal or another process writes it; for a complete run; for a journal of
/// another version, a damaged one, or one whose cases are not those of its plan.
Unfinished open_unfinished(const std::filesystem::path& folder);

/// The plan that the run was begun with.
plan::Plan planned(const ResultDocument& header, const Conduct& conduct);

}  // namespace assay::result
