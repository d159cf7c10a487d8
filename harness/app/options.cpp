#include "harness/app/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "harness/app/help_text.hpp"
#include "harness/app/version.hpp"
#include "harness/core/error.hpp"

namespace assay::app {

namespace {

struct CodePair {
  int from = 0, to = 0;
};

/// "11=0"
std::optional<CodePair> code_pair_from(const std::string& entry) {
  CodePair pair;
  int used = 0;
  const bool read = std::sscanf(entry.c_str(), "%d=%d%n", &pair.from, &pair.to, &used) == 2;
  if (!read || static_cast<std::size_t>(used) != entry.size()) return std::nullopt;
  return pair.to < 0 || pair.to > 255 ? std::nullopt : std::optional(pair);
}

void check_exit_map(const std::vector<std::string>& entries) {
  for (const auto& entry : entries)
    if (!code_pair_from(entry))
      throw UsageError({"--exit-map", fmt::format("'{}' is not CODE=CODE", entry),
                        "write for example --exit-map 11=0"});
}

void add_exit_map(CLI::App& app, std::vector<std::string>& into, const std::string& group) {
  app.add_option("--exit-map", into, "CODE=CODE,… for a launcher's own convention")
      ->group(group)
      ->delimiter(',')
      ->allow_extra_args(false);
}

/// Options whose text needs a second look after CLI11 has read it.
struct Raw {
  std::vector<std::string> exit_map;
  RawCompareOptions compare;
  int check = 1;
};

void add_what(CLI::App& run, RunOptions& o) {
  run.add_option("benchmarks", o.benchmarks, "benchmarks to measure (see: assay list benchmarks)");
  run.add_option("--suite", o.suite, "file of cases to measure")->type_name("FILE");
  run.add_option("--contract", o.contract, "contract to judge against")->type_name("FILE");
  run.add_option("--out", o.out, "folder for the results [results/<UTC>-<suite>]")
      ->type_name("DIR");
  run.add_option("--resume", o.resume, "complete a run that was cut short: measure what is missing")
      ->type_name("DIR");
}

void add_request(CLI::App& run, RunOptions& o, Raw& raw) {
  const auto group = std::string("What to measure");
  const auto add = [&](const char* name, auto& into, const char* help, const char* type) {
    run.add_option(name, into, help)->group(group)->type_name(type);
  };
  add("-b,--minbytes", o.min_bytes, "smallest message [1M]", "SIZE");
  add("-e,--maxbytes", o.max_bytes, "largest message [that of -b]", "SIZE");
  add("-f,--stepfactor", o.factor, "multiply sizes by this [2]", "N");
  add("-i,--stepbytes", o.step, "or add this", "SIZE");
  run.add_option("-d,--datatype", o.types, "element types")->group(group)->delimiter(',');
  run.add_option("-o,--op", o.ops, "reductions")->group(group)->delimiter(',');
  run.add_option("--layout", o.layouts,
                 "who is timed together: world, node, rail, pairs, node_pairs, halves, split:k, "
                 "each, alone")
      ->group(group)
      ->delimiter(',');
  run.add_option("--in-place", o.in_place, "0, 1 or 0,1")->group(group)->delimiter(',');
  run.add_option("-r,--root", o.roots, "roots: ranks of a group, all (or -1), rotating")
      ->group(group)
      ->delimiter(',');
  run.add_option("--algorithm", o.algorithms, "native, or composed ones: see list algorithms")
      ->group(group)
      ->delimiter(',');
  run.add_option("--beside", o.beside, "congestion: what else goes on, once or more often")
      ->group(group)
      ->type_name("COLLECTIVE:layout=…,bytes=…")
      ->allow_extra_args(false);
  add("--backend", o.backend, "see: assay list backends", "NAME");
  add("--memory", o.memory, "of copy, gemm and the like: host, or device for a GPU's [host]",
      "NAME");
  run.add_option("--set", o.settings, "any dimension: --set m=512,1024")
      ->group(group)
      ->type_name("DIM=VALUE[,…]");
  add("--repetitions", o.repetitions, "measure every case this often", "N");
  const auto how = std::string("How to measure");
  const auto add_how = [&](const char* name, auto& into, const char* help, const char* type) {
    run.add_option(name, into, help)->group(how)->type_name(type);
  };
  add_how("--pacing", o.pacing,
          "isolated (synchronised per iteration), stream (back to back) or graph (back to back, "
          "replayed on a GPU)",
          "NAME");
  add_how("--cache", o.cache, "cold (buffers rotate beyond the cache) or warm", "NAME");
  add_how("-n,--iters", o.iterations, "a fixed number of iterations, no pilot", "N");
  add_how("--time", o.time_s, "as many iterations as fit into this", "S");
  add_how("--precision", o.precision, "until the median is known this well (no verdict)", "RATIO");
  const auto any = std::string("How to measure (suites and contracts too)");
  const auto add_any = [&](const char* name, auto& into, const char* help, const char* type) {
    run.add_option(name, into, help)->group(any)->type_name(type);
  };
  add_any("-w,--warmup_iters", o.warm_up, "iterations before anything counts [20]", "N");
  add_any("--warmup-time", o.warm_up_s, "and seconds [0.05]", "S");
  add_any("--pilot", o.pilot, "iterations that fix the block length [500]", "N");
  add_any("--blocks", o.blocks, "blocks of the cases that stop by blocks, as clauses need [64]",
          "N");
  add_any("--block-length", o.block_length,
          "iterations a block, odd, in all cases that a clause may use [from the pilot]", "N");
  add_any("--sync", o.sync,
          "how isolated iterations start: barrier, or auto, by time where a barrier is too coarse "
          "[auto]",
          "NAME");
  add_any("-c,--check", raw.check, "verify data: 1 or 0", "N");
  add_any("--max-time-per-case", o.max_time_per_case_s,
          "a cap on the timed loop of every case, and its pilot half of it at most [60]", "S");
}

void add_conduct(CLI::App& run, RunOptions& o, Raw& raw) {
  const auto group = std::string("The run");
  run.add_option("--ranks-per-node", o.ranks_per_node,
                 "pretend that so many consecutive ranks are a node")
      ->group(group);
  run.add_option("--seed", o.seed, "of the data and of the order of cases")->group(group);
  run.add_option("-T,--timeout", o.timeout_s,
                 "seconds without progress before a hang is called [60]")
      ->group(group);
  run.add_flag("--share-gpu", o.share_gpu,
               "let ranks share a GPU where there are too few: for function, never for speed")
      ->group(group);
  run.add_flag("--dry-run", o.dry_run, "print the cases, the time and the memory; measure nothing")
      ->group(group);
  run.add_option("--ranks", o.ranks, "with --dry-run: plan for so many ranks")->group(group);
  run.add_flag("--quiet", o.quiet, "no progress lines")->group(group);
  add_exit_map(run, raw.exit_map, group);
}

void add_judge(CLI::App& judge, JudgeOptions& o, Raw& raw) {
  judge.add_option("result", o.result, "a run's folder or file")->required()->type_name("RESULT");
  judge
      .add_option("--contract", o.contract, "contract to judge against [the one kept with the run]")
      ->type_name("FILE");
  judge.add_option("--out", o.out, "write verdict.json here")->type_name("FILE");
  add_exit_map(judge, raw.exit_map, "Options");
}

std::string joined(int argc, const char* const* argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) text += (i == 0 ? "" : " ") + std::string(argv[i]);
  return text;
}

void must(bool condition, const char* where, const std::string& what, const char* remedy) {
  if (!condition) throw UsageError({where, what, remedy});
}

/// A number as it was given, and the least it may be; absent where it was not given.
template <typename T>
struct Given {
  const char* option;
  std::optional<T> value;
  T least;
};

void check_counts(const RunOptions& o) {
  for (const auto& [option, count, least] :
       std::initializer_list<Given<std::int64_t>>{{"--iters", o.iterations, 1},
                                                  {"--blocks", o.blocks, 1},
                                                  {"--block-length", o.block_length, 1},
                                                  {"--repetitions", o.repetitions, 1},
                                                  {"--ranks", o.ranks, 1},
                                                  {"--ranks-per-node", o.ranks_per_node, 1},
                                                  {"--warmup_iters", o.warm_up, 0},
                                                  {"--pilot", o.pilot, 0}})
    must(!count || *count >= least, option, fmt::format("{} is below {}", count.value_or(0), least),
         least == 1 ? "give 1 or more" : "give 0 or more");
  must(o.block_length.value_or(1) % 2 == 1, "--block-length",
       fmt::format("{} is no odd number", o.block_length.value_or(1)),
       "give an odd number, so that a block has a median");
  must(o.warm_up_s.value_or(0) >= 0 && o.warm_up_s.value_or(0) < 1e9, "--warmup-time",
       fmt::format("{} is out of range", o.warm_up_s.value_or(0)), "give 0 or more");
  for (const auto& [option, seconds, above] :
       std::initializer_list<Given<double>>{{"--time", o.time_s, 0},
                                            {"--timeout", o.timeout_s, 0},
                                            {"--max-time-per-case", o.max_time_per_case_s, 0},
                                            {"--precision", o.precision, 0}})
    must(!seconds || (*seconds > above && *seconds < 1e9), option,
         fmt::format("{} is out of range", seconds.value_or(0)), "give a number above 0");
}

/// The journal says what to measure and how; no option may say otherwise.
void check_resume(const CLI::App& run) {
  for (const auto* option : run.get_options()) {
    const auto name = option->get_name();
    const bool goes_along = name == "--resume" || option->check_lname("timeout") ||
                            option->check_lname("quiet") || option->check_lname("exit-map");
    must(option->count() == 0 || goes_along, "--resume",
         fmt::format("{} was given too, and the run's journal says what to measure and how", name),
         "leave it out: only --timeout, --quiet and --exit-map go with --resume");
  }
}

void check_run(const RunOptions& o) {
  must(o.suite.empty() || !o.shapes_requests(), "--suite",
       "a suite already says what to measure and how", "leave out the other options or the suite");
  must(!o.benchmarks.empty() || !o.shapes_requests(), "assay run",
       "options say what to measure, but no benchmark is named",
       "name one, for example: assay run all_reduce -b 8 -e 1M");
  must(!o.benchmarks.empty() || !o.suite.empty() || !o.contract.empty() || !o.resume.empty(),
       "assay run", "nothing to measure",
       "name a benchmark, --suite FILE, --contract FILE or --resume DIR");
  check_counts(o);
  must(o.sync == "auto" || o.sync == "barrier", "--sync", fmt::format("there is no '{}'", o.sync),
       "give auto or barrier");
  must(!o.precision || !(o.iterations || o.blocks || o.block_length), "--precision",
       "no verdict rests on such a case: it excludes --iters, --blocks and --block-length",
       "give one of them");
  const int stops = o.iterations.has_value() + o.time_s.has_value() + o.blocks.has_value();
  must(stops <= 1, "--iters, --time, --blocks", "these exclude each other", "give one of them");
  must(!o.ranks || o.dry_run, "--ranks", "only a dry run can plan for other ranks",
       "add --dry-run, or let the launcher say how many ranks there are");
}

/// CLI11 misses a subcommand where it could name the one that does not exist.
std::string unknown_subcommand(const CLI::App& program, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-' || !program.get_subcommands().empty()) return {};
  std::vector<std::string> names;
  for (const auto* one : program.get_subcommands({})) names.push_back(one->get_name());
  return fmt::format("there is no subcommand '{}', only {}", argv[1], fmt::join(names, ", "));
}

}  // namespace

std::map<int, int> exit_map_of(int argc, const char* const* argv) {
  CLI::App lenient;
  lenient.set_help_flag();
  lenient.allow_extras();
  std::vector<std::string> entries;
  add_exit_map(lenient, entries, "Options");
  std::map<int, int> map;
  try {
    lenient.parse(argc, argv);
  } catch (const CLI::ParseError&) {
    return map;
  }
  for (const auto& entry : entries)
    if (const auto pair = code_pair_from(entry)) map[pair->from] = pair->to;
  return map;
}

bool RunOptions::shapes_requests() const {
  const bool texts = !min_bytes.empty() || !max_bytes.empty() || !factor.empty() || !step.empty() ||
                     !backend.empty() || !memory.empty() || !pacing.empty() || !cache.empty();
  const bool lists = !types.empty() || !ops.empty() || !layouts.empty() || !settings.empty() ||
                     !in_place.empty() || !roots.empty() || !algorithms.empty() ||
                     !beside.empty() || !benchmarks.empty();
  return texts || lists || iterations || repetitions || time_s || precision;
}

Options parse_options(int argc, const char* const* argv) {
  RunOptions run_options;
  JudgeOptions judge_options;
  ListOptions list_options;
  Raw raw;
  CLI::App program(overview, "assay");
  program.footer(overview_footer);
  program.set_version_flag("--version", std::string("assay ") + version());
  program.require_subcommand(1);
  auto& run = *program.add_subcommand("run", "measure, and judge what was measured");
  run.footer(run_footer);
  add_what(run, run_options);
  add_request(run, run_options, raw);
  add_conduct(run, run_options, raw);
  auto& judge = *program.add_subcommand("judge", "recompute a verdict from a run's files alone");
  judge.footer(judge_footer);
  add_judge(judge, judge_options, raw);
  auto& compare = add_compare(program, raw.compare);
  add_exit_map(compare, raw.exit_map, "Options");
  auto& list = *program.add_subcommand("list", "what there is to name elsewhere");
  list.add_option(
          "what", list_options.what,
          "benchmarks, collectives, metrics, backends, algorithms, layouts, types, ops, suites, "
          "contracts, models or parallelisms")
      ->required();
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program.get_subcommands();
    return Notice{chosen.empty() ? program.help() : chosen.front()->help()};
  } catch (const CLI::CallForVersion& call) {
    return Notice{std::string(call.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const auto unknown = unknown_subcommand(program, argc, argv);
    const auto what = unknown.empty() ? error.what() : unknown;
    throw UsageError({"command line", what, "see: assay --help"});
  }
  check_exit_map(raw.exit_map);
  if (judge.parsed()) return judge_options;
  if (compare.parsed()) return compare_options(raw.compare);
  if (list.parsed()) return list_options;
  must(raw.check == 0 || raw.check == 1, "--check", fmt::format("{}", raw.check), "give 0 or 1");
  run_options.check = raw.check == 1;
  run_options.command = joined(argc, argv);
  if (!run_options.resume.empty()) check_resume(run);
  check_run(run_options);
  return run_options;
}

}  // namespace assay::app
