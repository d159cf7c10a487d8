// The plan: which cases will be measured, in which order, under which layouts. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/benchmark_info.hpp"
#include "harness/core/case.hpp"
#include "harness/core/inputs.hpp"
#include "harness/core/layout.hpp"
#include "harness/core/topology.hpp"

namespace assay::plan {

/// One entry of a suite (or of the command line, or of what a contract needs): the product of all
/// its lists is measured.
struct Request {
  std::string benchmark{};
  std::map<std::string, std::vector<DimValue>, std::less<>> dims{};  ///< absent: the default
  std::vector<std::string> layouts{};                                ///< absent: the default
  Protocol protocol{};
  std::int64_t repetitions = 1;
  bool optional = false;  ///< skipped without a gap where it does not apply
  std::string where{};    ///< for messages: "configs/suites/quick.json: cases[3]"
};

struct Suite {
  std::string name;
  std::string description;
  std::vector<Request> requests;
  InputTexts inputs{};  ///< what the files hold that the requests name
};

struct Plan {
  std::string suite{};
  std::uint64_t seed = 0;
  std::vector<Case> cases{};                ///< in the order of execution (shuffled by `seed`)
  std::map<std::string, Layout> layouts{};  ///< every layout that a case names
  double estimated_s = 0;
  InputTexts inputs{};  ///< every file that a case names
};

/// Every size of a sweep, `min` and `max` included where the steps meet them: by a factor where
/// `factor` is at least 2, else by `step` ≥ 1. Throws UsageError, beginning with `where`, for an
/// empty or endless sweep.
struct Sweep {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t factor = 0;
  std::int64_t step = 0;
};
std::vector<DimValue> values_of(const Sweep& sweep, std::string_view where);

/// Reads and checks a suite document. `where` is the file's name. Throws UsageError naming the key
/// path for an unknown key, a wrong type, an unknown benchmark, dimension, choice or layout. Lists
/// of pacings and caches become one request each.
Suite parse_suite(std::string_view text, const Catalogue& catalogue, std::string_view where);

/// Throws UsageError, beginning with `request.where`, for an unknown benchmark, dimension, choice
/// or layout, a value of the wrong kind or out of range, and a protocol that cannot be followed.
void check(const Request& request, const Catalogue& catalogue);

/// Expands a suite on a topology, after check() of every request. A request that cannot be met
/// (rail on uneven hosts, a size that is no multiple of the type) is a UsageError, unless it is
/// optional: then it is left out. Identical cases (same benchmark, dimensions, layout, pacing and
/// cache) are merged: see stricter(). Cases are shuffled with `seed` and numbered in that order.
Plan make_plan(const Suite& suite, const Catalogue& catalogue, const Topology& topology,
               std::uint64_t seed);

/// Gives every case what the files hold that it names: matrix, model and parallelism. Throws
/// UsageError for a text that holds none, and for a model and a parallelism that do not go
/// together.
void attach_inputs(Plan& plan);

/// Quantiles that can be asked for lie between this and 1 − this: no run is long enough for more.
inline constexpr double extreme_quantile = 1e-9;

/// The most cases a plan may have, before equal ones are merged: beyond it a sweep is a slip.
inline constexpr std::size_t most_cases = 100'000;

/// The protocol that satisfies both: the more binding kind of stop (blocks, iterations, time,
/// precision, in this order), the larger counts and times, the tighter precision, all quantiles.
/// A block length is fixed only where both fix it. Pacing and cache must be the same.
Protocol stricter(const Protocol& a, const Protocol& b);

/// For operations that take long: as many blocks, of one each.
void shorten(Protocol& protocol);

/// Seconds that a case will take on a slow host: warm-up, pilot and samples of every round.
double estimated_seconds(const Case& c, const Layout& layout, const BenchmarkInfo& info);

nlohmann::json to_json(const Case& c);
/// Inverse of to_json, exactly. Throws UsageError beginning with `where`.
Case case_from_json(const nlohmann::json& json, std::string_view where);

/// Compact JSON of cases, layouts and the digests of the files that cases name, byte for byte the
/// same for the same plan: what both parties agree was to be measured. (For hashing: result::sha256
/// hashes it, and result::digests_of() gives the digests; results of 0.1.5 have none.)
std::string canonical(const Plan& plan, const InputDigests& digests = {});

}  // namespace assay::plan
