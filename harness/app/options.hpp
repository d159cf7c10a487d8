// The command line as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/app/compare_options.hpp"

namespace assay::app {

struct RunOptions {
  std::vector<std::string> benchmarks;  ///< measured straight from the command line
  std::string suite, contract, out;
  std::string resume;  ///< folder of a run that was cut short: its journal says all else
  // One request's worth of options, as text: read with the catalogue at hand.
  std::string min_bytes, max_bytes, factor, step;
  std::vector<std::string> types, ops, layouts, settings;  ///< settings: "m=512,1024"
  std::string backend, memory;
  std::vector<std::string> in_place;  ///< "0", "1"
  std::vector<std::string> roots;     ///< nccl-tests' -1 means all
  std::vector<std::string> algorithms;
  std::vector<std::string> beside;  ///< "all_to_all:layout=node,bytes=1M"
  std::string pacing, cache;
  std::string sync = "auto";
  std::optional<std::int64_t> iterations, warm_up, pilot, blocks, block_length, repetitions;
  std::optional<double> warm_up_s, time_s, precision;
  bool check = true;

  std::optional<std::int64_t> ranks, ranks_per_node;
  std::optional<std::uint64_t> seed;
  double max_time_per_case_s = 60;
  std::optional<double> timeout_s;  ///< see default_timeout_s
  bool dry_run = false, quiet = false;
  bool share_gpu = false;  ///< ranks may share a GPU
  std::string command;     ///< argv, joined: for the record

  /// True if an option that says what to measure was given: a suite or contract says that itself.
  bool shapes_requests() const;
};

struct JudgeOptions {
  std::string result, contract, out;
};

struct ListOptions {
  std::string what;
};

/// Seconds without progress before a hang is called.
inline constexpr double default_timeout_s = 60;

/// Text to print on stdout before leaving with 0: --help, --version.
struct Notice {
  std::string text;
};

using Options = std::variant<Notice, RunOptions, JudgeOptions, CompareOptions, ListOptions>;

/// What --exit-map says, as far as it can be read: a command line that is refused has one too.
std::map<int, int> exit_map_of(int argc, const char* const* argv);

/// Throws UsageError naming the option.
Options parse_options(int argc, const char* const* argv);

}  // namespace assay::app
