// A contract: clauses over the figures of a run. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/dims.hpp"
#include "harness/core/inputs.hpp"
#include "harness/core/metric.hpp"
#include "harness/plan/plan.hpp"

namespace assay::contract {

/// Any change to a document's shape bumps its version (semver).
inline constexpr const char* contract_schema_version = "0.1.3";
inline constexpr const char* verdict_schema_version = "0.1.0";

/// What one attribute of a case may be: any of a list, or a range (integers and bytes).
struct Match {
  std::vector<DimValue> any_of;
  std::optional<std::int64_t> min, max;
};

/// `of`: every attribute named must match exactly; attributes not named are free.
using Selector = std::map<std::string, Match, std::less<>>;

/// How groups are reduced to one figure before the bound is applied, block by block.
enum class Across { none, min, median, min_over_median };

struct Relative {
  double times = 1;
  const Metric* metric = nullptr;
  double q = 0.5;
  Selector of;
  Across across = Across::none;
};

enum class Direction { at_least, at_most };

struct Bound {
  Direction direction = Direction::at_least;
  double value = 0;                  ///< base unit; unused when relative
  std::optional<Relative> relative;  ///< times × a quantile of another figure of the same run
};

/// A figure that others have published for the same thing. It is no bound: a bound is what was
/// agreed on.
struct Published {
  std::optional<double> value;  ///< base unit; absent: none is known, to be learned from the fleet
  std::string source;           ///< where it stands, or where it was looked for
};

struct Clause {
  std::string id;
  std::string description;  ///< why the clause is there; printed nowhere, kept for readers
  Selector of;
  const Metric* metric = nullptr;
  double q = 0.5;
  Across across = Across::none;
  Bound bound;
  std::optional<Published> published;
  double guard = 0.02;         ///< δ, relative
  double false_accept = 0.05;  ///< α_FA
  double false_reject = 0.05;  ///< α_FR
};

/// Checked before any clause. Absent: not checked.
struct Expects {
  std::optional<std::int64_t> nodes, ranks_per_node;
  std::optional<std::string> device;
  std::vector<std::string> forbidden;  ///< variables of the environment that no rank has set
  InputDigests files;                  ///< what the files hold that cases name
};

struct Contract {
  std::string name;
  std::string description;
  Expects expects;
  std::vector<Clause> clauses;
};

/// Reads and checks a contract document. Throws UsageError naming `where` and the key path: unknown
/// key, wrong type, missing or wrong unit for the metric, out of range, unknown metric, duplicate
/// id.
Contract parse_contract(std::string_view text, std::string_view where);

/// Which requests measure what the clauses (and their references) need, with the quantiles each
/// clause asks for in Stop. A selector without `benchmark`, or with a range on anything but bytes,
/// cannot be planned: UsageError.
plan::Suite needs(const Contract& contract, const Catalogue& catalogue, std::string_view where);

/// For a suite given together with a contract: adds every clause's quantiles to the cases it
/// selects, and refuses (UsageError naming the clause) a clause that no case of the plan serves or
/// whose cases stop by precision.
void prepare_plan(plan::Plan& plan, const Contract& contract, std::string_view where);

}  // namespace assay::contract
