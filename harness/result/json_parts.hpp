// Parts of the documents as JSON and back: what result.json and the journal share.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/json_reader.hpp"
#include "harness/result/conduct.hpp"
#include "harness/result/document.hpp"
#include "harness/result/figures.hpp"
#include "harness/result/samples_codec.hpp"

namespace assay::result {

/// Keys stand in the order in which they are set.
using Json = nlohmann::ordered_json;

/// One line, without newline. Text that is no UTF-8 is shown with replacement characters.
std::string dump(const Json& json);

/// What to do about a document that says what no run writes.
inline constexpr const char* restore = "restore the file as the run wrote it";

std::string_view name(Provenance provenance);
std::string_view name(Status status);

/// The journal's header: everything of a document that is known before the first case.
Json header_to_json(const ResultDocument& document, const Conduct& conduct);
Json conduct_to_json(const Conduct& conduct);
Conduct read_conduct(plan::ObjectReader reader);
/// Numbers as the run wrote them. UsageError for a negative one; below `least` or beyond int.
double read_positive(const plan::JsonValue& value);
int read_int(const plan::JsonValue& value, std::int64_t least);
/// A later attempt: a line of the journal and an entry of `resumed` of result.json. Its first key
/// tells it from a case.
Json attempt_to_json(const Attempt& attempt);
/// Throws UsageError where the attempts are not numbered one by one up to `last`.
std::vector<Attempt> read_attempts(const std::vector<plan::JsonValue>& list, int last);
Json topology_to_json(const TopologyInfo& topology);
TopologyInfo read_topology(plan::ObjectReader reader);
std::map<std::string, std::string> read_texts(plan::ObjectReader reader);
Json warnings_to_json(const std::vector<Warning>& warnings);
/// "sync" of the clock in result.json, and of the journal's footer.
Json clock_sync_to_json(const ClockSync& sync);
ClockSync read_clock_sync(plan::ObjectReader reader);

/// Provenance, run, plan, topology, layouts, warnings and files of a document; `reader` is that of
/// the whole document, whose "cases" is left to the caller. Throws UsageError.
ResultDocument read_header(plan::ObjectReader& reader);
std::vector<Warning> read_warnings(const std::vector<plan::JsonValue>& list);

/// A finished case: a line of the journal and an entry of result.json.
Json case_to_json(const CaseResult& c, const EncodedSamples& samples);
/// Reads it, samples included, and checks its stored figures against those samples. Throws
/// UsageError naming file, key path and case.
CaseResult read_case(const plan::JsonValue& value, const ResultDocument& header,
                     SidecarSource& sidecar);

/// A whole result document: format, schema, header, and cases with their samples and figures. What
/// binds it to other files (the plan's digest, the journal, the manifest) is left to load_result().
/// Throws UsageError beginning with `where`.
ResultDocument read_document(const nlohmann::json& json, const std::string& where,
                             SidecarSource& sidecar);

Json figures_to_json(const CaseFigures& figures);
/// UsageError for the first stored figure that is not the recomputed one, and for one that is
/// missing or too many.
void check_figures(const plan::JsonValue& stored, const CaseResult& c, const CaseFigures& computed);

}  // namespace assay::result
