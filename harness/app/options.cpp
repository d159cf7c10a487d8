#include "harness/app/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "harness/app/version.hpp"
#include "harness/core/error.hpp"

namespace assay::app {

namespace {

constexpr const char* overview =
    "assay proves, or disproves, that leased capacity performs as contracted.\n"
    "It measures over all ranks of an MPI launch, keeps every iteration, and judges the\n"
    "evidence against a contract with bounded error.";

constexpr const char* overview_footer =
    "Exit codes: 0 every clause passes · 10 contract not met or data wrong · 11 more evidence\n"
    "needed · 12 the run did not complete · 64 usage or configuration error · 70 internal error\n"
    "\n"
    "Examples:\n"
    "  mpirun -n 2 assay run --contract configs/contracts/quickstart.json\n"
    "  mpirun -n 2 assay run --suite configs/suites/quick.json\n"
    "  assay judge results/quickstart\n"
    "  assay compare results/handover results/today\n"
    "  assay list benchmarks";

constexpr const char* run_footer =
    "With --contract alone, the plan is what the contract's clauses need. Letters are those of\n"
    "nccl-tests where it has them; K, M and G are powers of 1024 as there.\n"
    "\n"
    "Examples:\n"
    "  mpirun -n 16 assay run --contract lease.json\n"
    "  mpirun -n 16 assay run --suite configs/suites/node.json --out results/today\n"
    "  mpirun -n 8 assay run all_reduce -b 8 -e 64M -f 2 -d fp32 -o sum --pacing stream\n"
    "  mpirun -n 8 assay run all_reduce all_to_all -b 1M --layout node,pairs --ranks-per-node 4\n"
    "  mpirun -n 2 assay run gemm --set m=1024 --set n=1024 --set k=512,1024 -d fp32\n"
    "  assay run --suite configs/suites/node.json --ranks 16 --ranks-per-node 8 --dry-run";

constexpr const char* judge_footer =
    "RESULT is a run's folder, its result.json, or the run.jsonl of a run that was cut short.\n"
    "Every figure is recomputed from the samples and every digest is checked: a changed sample,\n"
    "a dropped case or a truncated file is named. No MPI is needed.\n"
    "\n"
    "Examples:\n"
    "  assay judge results/today                          the contract kept with the run\n"
    "  assay judge results/today --contract lease.json    another contract\n"
    "  assay judge results/today --out verdict.json       write the verdict too";

std::map<int, int> parse_exit_map(const std::vector<std::string>& entries) {
  std::map<int, int> map;
  for (const auto& entry : entries) {
    int from = 0, to = 0, used = 0;
    const bool read = std::sscanf(entry.c_str(), "%d=%d%n", &from, &to, &used) == 2;
    if (!read || static_cast<std::size_t>(used) != entry.size() || to < 0 || to > 255)
      throw UsageError({"--exit-map", fmt::format("'{}' is not CODE=CODE", entry),
                        "write for example --exit-map 11=0"});
    map[from] = to;
  }
  return map;
}

/// Options whose text needs a second look after CLI11 has read it.
struct Raw {
  std::vector<std::string> run_exit_map, judge_exit_map, compare_exit_map;
  RawCompareOptions compare;
  int check = 1;
};

void add_what(CLI::App& run, RunOptions& o) {
  run.add_option("benchmarks", o.benchmarks, "benchmarks to measure (see: assay list benchmarks)");
  run.add_option("--suite", o.suite, "file of cases to measure")->type_name("FILE");
  run.add_option("--contract", o.contract, "contract to judge against")->type_name("FILE");
  run.add_option("--out", o.out, "folder for the results [results/<UTC>-<suite>]")
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
                 "who is timed together: world, node, rail, pairs, halves, split:k, each, alone")
      ->group(group)
      ->delimiter(',');
  run.add_option("--in-place", o.in_place, "0, 1 or 0,1")->group(group)->delimiter(',');
  add("--backend", o.backend, "see: assay list backends", "NAME");
  run.add_option("--set", o.settings, "any dimension: --set m=512,1024")
      ->group(group)
      ->type_name("DIM=VALUE[,…]");
  add("--repetitions", o.repetitions, "measure every case this often", "N");
  const auto how = std::string("How to measure");
  const auto add_how = [&](const char* name, auto& into, const char* help, const char* type) {
    run.add_option(name, into, help)->group(how)->type_name(type);
  };
  add_how("--pacing", o.pacing, "isolated (synchronised per iteration) or stream (back to back)",
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
  add_any("--blocks", o.blocks, "blocks a verdict rests on [64]", "N");
  add_any("--block-length", o.block_length, "iterations a block, odd [from the pilot]", "N");
  add_any("-c,--check", raw.check, "verify data: 1 or 0", "N");
  add_any("--max-time-per-case", o.max_time_per_case_s, "a cap on every case [60]", "S");
}

void add_conduct(CLI::App& run, RunOptions& o, Raw& raw) {
  const auto group = std::string("The run");
  run.add_option("--ranks-per-node", o.ranks_per_node,
                 "pretend that so many consecutive ranks are a node")
      ->group(group);
  run.add_option("--seed", o.seed, "of the data and of the order of cases")->group(group);
  run.add_option("-T,--timeout", o.timeout_s, "seconds without progress before a hang is called")
      ->group(group);
  run.add_flag("--dry-run", o.dry_run, "print the cases, the time and the memory; measure nothing")
      ->group(group);
  run.add_option("--ranks", o.ranks, "with --dry-run: plan for so many ranks")->group(group);
  run.add_flag("--quiet", o.quiet, "no progress lines")->group(group);
  run.add_option("--exit-map", raw.run_exit_map, "CODE=CODE,… for a launcher's own convention")
      ->group(group)
      ->delimiter(',');
}

std::string joined(int argc, const char* const* argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) text += (i == 0 ? "" : " ") + std::string(argv[i]);
  return text;
}

void must(bool condition, const char* where, const std::string& what, const char* remedy) {
  if (!condition) throw UsageError({where, what, remedy});
}

void check_run(const RunOptions& o) {
  must(o.suite.empty() || !o.shapes_requests(), "--suite",
       "a suite already says what to measure and how", "leave out the other options or the suite");
  must(!o.benchmarks.empty() || !o.shapes_requests(), "assay run",
       "options say what to measure, but no benchmark is named",
       "name one, for example: assay run all_reduce -b 8 -e 1M");
  must(!o.benchmarks.empty() || !o.suite.empty() || !o.contract.empty(), "assay run",
       "nothing to measure", "name a benchmark, --suite FILE or --contract FILE");
  const int stops = o.iterations.has_value() + o.time_s.has_value() + o.blocks.has_value();
  must(stops <= 1, "--iters, --time, --blocks", "these exclude each other", "give one of them");
  must(!o.precision || !(o.iterations || o.blocks), "--precision",
       "it excludes --iters and --blocks", "give one of them");
  for (const auto& count : {o.iterations, o.blocks, o.block_length, o.repetitions, o.ranks})
    must(!count || *count >= 1, "assay run", "a count is below 1", "give 1 or more");
  for (const auto& count : {o.warm_up, o.pilot})
    must(!count || *count >= 0, "assay run", "a count is negative", "give 0 or more");
  must(o.warm_up_s.value_or(0) >= 0 && o.warm_up_s.value_or(0) < 1e9, "--warmup-time",
       "is out of range", "give 0 or more");
  for (const double value :
       {o.time_s.value_or(1), o.timeout_s, o.max_time_per_case_s, o.precision.value_or(1)})
    must(value > 0 && value < 1e9, "--time, --timeout, --max-time-per-case, --precision",
         fmt::format("{} is out of range", value), "give a number above 0");
  must(!o.ranks || o.dry_run, "--ranks", "only a dry run can plan for other ranks",
       "add --dry-run, or let the launcher say how many ranks there are");
}

}  // namespace

bool RunOptions::shapes_requests() const {
  const bool texts = !min_bytes.empty() || !max_bytes.empty() || !factor.empty() || !step.empty() ||
                     !backend.empty() || !pacing.empty() || !cache.empty();
  const bool lists = !types.empty() || !ops.empty() || !layouts.empty() || !settings.empty() ||
                     !in_place.empty() || !benchmarks.empty();
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
  judge.add_option("result", judge_options.result, "a run's folder or file")
      ->required()
      ->type_name("RESULT");
  judge.add_option("--contract", judge_options.contract, "contract to judge against")
      ->type_name("FILE");
  judge.add_option("--out", judge_options.out, "write verdict.json here")->type_name("FILE");
  judge.add_option("--exit-map", raw.judge_exit_map, "CODE=CODE,…")->delimiter(',');
  auto& compare = add_compare(program, raw.compare);
  compare.add_option("--exit-map", raw.compare_exit_map, "CODE=CODE,…")->delimiter(',');
  auto& list = *program.add_subcommand("list", "what there is to name elsewhere");
  list.add_option("what", list_options.what,
                  "benchmarks, collectives, metrics, backends, layouts, types, ops, suites or "
                  "contracts")
      ->required();
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program.get_subcommands();
    return Notice{chosen.empty() ? program.help() : chosen.front()->help()};
  } catch (const CLI::CallForVersion& call) {
    return Notice{std::string(call.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    throw UsageError({"command line", error.what(), "see: assay --help"});
  }
  run_options.exit_map = parse_exit_map(raw.run_exit_map);
  judge_options.exit_map = parse_exit_map(raw.judge_exit_map);
  if (judge.parsed()) return judge_options;
  if (compare.parsed()) {
    auto options = compare_options(raw.compare);
    options.exit_map = parse_exit_map(raw.compare_exit_map);
    return options;
  }
  if (list.parsed()) return list_options;
  must(raw.check == 0 || raw.check == 1, "--check", fmt::format("{}", raw.check), "give 0 or 1");
  run_options.check = raw.check == 1;
  run_options.command = joined(argc, argv);
  check_run(run_options);
  return run_options;
}

}  // namespace assay::app
