// Documents to bytes and back. Reading checks everything that can be checked from the files alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/result/conduct.hpp"
#include "harness/result/document.hpp"

namespace assay::result {

/// SHA-256 in lower-case hexadecimal (OpenSSL).
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);
InputDigests digests_of(const InputTexts& inputs);

/// "2026-01-31T12:00:00Z"
std::string utc_timestamp(std::chrono::system_clock::time_point time);

/// Names of the files in a run's folder.
inline constexpr const char* journal_name = "run.jsonl";
inline constexpr const char* result_name = "result.json";
inline constexpr const char* sidecar_name = "samples.f32";
inline constexpr const char* manifest_name = "SHA256SUMS";
inline constexpr const char* contract_name = "contract.json";
/// Of a case's timelines, where it has any.
inline std::string trace_name(const std::string& case_id) { return "trace-" + case_id + ".json"; }

struct Unfinished;  // unfinished.hpp

/// Writes a run's folder. Owned by the rank that writes (rank 0); local. append() is called from
/// one thread; finish() from any, also while another is inside append() (the watchdog ends a run
/// whose measuring thread is stuck). After finish() nothing is written any more.
/// Nobody else can write a folder that has a writer.
class RunWriter {
 public:
  /// Creates the folder and writes the journal's header: everything of `header` but its cases,
  /// warnings, files and how the run ended; and `conduct`, without which it cannot be resumed.
  /// UsageError, with nothing left behind, if the folder exists and is not empty or cannot be made.
  RunWriter(std::filesystem::path folder, const ResultDocument& header,
            const Conduct& conduct = {});
  /// Goes on with a run that was cut short: takes away a result.json and SHA256SUMS that it left
  /// (they are made again from the journal) and what was not written to its end, and appends a line
  /// for `attempt`. RunError as in append().
  RunWriter(Unfinished run, const Attempt& attempt);
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  /// Appends the samples to the sidecar, then one line to the journal, both on disk when it
  /// returns; false after finish(). RunError (disk full) names the file: then the case has left no
  /// trace, and the files are as readable as before. InternalError for a layout that the header
  /// lacks.
  bool append(const CaseResult& c);
  /// Keeps what the run was begun with, such as its contract, or what stands beside a case, such as
  /// its trace, byte for byte beside the evidence; listed with the other files at the end. Once for
  /// each name. RunError as in append().
  void keep(const std::string& name, std::string_view text);
  struct Ending {
    bool complete = false;
    std::string reason = {};
    std::string ended = {};
    std::vector<Warning> warnings = {};
    std::optional<double> noop_s = {};
    std::optional<ClockSync> clock = {};
  };
  /// Writes the footer, then result.json assembled from the journal's lines, then SHA256SUMS; the
  /// latter two are written beside their place and renamed. False if that was done before. RunError
  /// as in append(); it may then be tried again.
  bool finish(const Ending& ending);
  const std::filesystem::path& folder() const;
  std::size_t appended() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A document with the SHA-256 of the bytes it was read from.
struct LoadedResult {
  ResultDocument document;
  std::string sha256 = {};  ///< of result.json, or of the journal where there is no result.json
  std::uint64_t sidecar_bytes = 0;  ///< that the cases hold; a run cut short may have more
};

/// Reads `path`: a run's folder, its result.json, or its run.jsonl. A folder without result.json is
/// read from its journal; a journal without footer, its last line perhaps torn, is the normal state
/// of a killed run and reads as incomplete, with the reason. Checks the schema; the digest of every
/// case's samples; that no planned case is missing; that stored figures are those of the samples;
/// that the journal beside says the same; that plan.sha256 is that of the cases listed; the digests
/// of all files and SHA256SUMS where present. Throws UsageError naming file, case and what differs.
/// `contract`: whether the contract kept with the run must be there, unchanged, too.
enum class KeptContract { checked, unused };
LoadedResult load_result(const std::filesystem::path& path,
                         KeptContract contract = KeptContract::checked);

/// Schema validation (valijson) of any assay document against a schema compiled into the program.
/// `schema` is "result", "suite", "contract", "verdict", "compare", "journal". Throws UsageError
/// naming `where` and the key path of the first violation, unknown keys included.
void validate_schema(const nlohmann::json& document, std::string_view schema,
                     std::string_view where);

}  // namespace assay::result
