// run: plan → measure → result → verdict. Reads like the path of the data.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>

#include "harness/app/commands.hpp"
#include "harness/app/judging.hpp"
#include "harness/app/own_gpu.hpp"
#include "harness/app/planning.hpp"
#include "harness/app/progress_lines.hpp"
#include "harness/app/resuming.hpp"
#include "harness/app/run_record.hpp"
#include "harness/app/step_outline.hpp"
#include "harness/app/together.hpp"
#include "harness/app/version.hpp"
#include "harness/core/error.hpp"
#include "harness/report/chrome_trace.hpp"
#include "harness/report/text.hpp"
#include "harness/result/files.hpp"
#include "harness/result/journal.hpp"
#include "harness/result/unfinished.hpp"
#include "harness/run/deadline.hpp"
#include "harness/run/inventory.hpp"
#include "harness/run/rank_inventory.hpp"
#include "harness/run/runner.hpp"
#include "harness/run/watchdog.hpp"

namespace assay::app {

namespace fs = std::filesystem;

namespace {

class RunCommand {
 public:
  RunCommand(const RunOptions& options, const Parts& parts, const Environment& environment,
             comm::Session& session)
      : options_(options),
        world_(session.world()),
        benchmarks_(parts.benchmarks()),
        backends_(parts.backends()),
        gpus_(parts.gpus()),
        clock_(world_, parts.clock) {
    start_up_.emplace(
        start_up_limit_s,
        run::leave_incomplete(first() ? "assay: the ranks have not all come together; "
                                        "check that every host can reach every other"
                                      : ""));
    check_world_size(environment, world_.size());
    if (!options_.resume.empty()) take_up();
    inventory_ = run::gather_inventory(
        world_, {options_.ranks_per_node, session.library(), is_debug_build()});
    if (begun_) inventory_.rotation_bytes = begun_->conduct.rotation_bytes;
  }

  ExitCode execute() {
    run::Watchdog watchdog(world_, progress_, watchdog_options(),
                           [this](const run::Incident& incident, bool speak) {
                             end_early(incident, speak);
                             abort_communicators();  // last: it may hang until the watchdog's limit
                           });
    start_up_.reset();
    try {
      const auto code = measure_and_judge(watchdog);
      watchdog.stop();
      return code;
    } catch (const UsageError&) {
      watchdog.stop();  // all ranks agreed on it
      throw;
    } catch (const Quiet&) {
      watchdog.stop();
      throw;
    } catch (const std::exception& error) {
      // The others are somewhere in the middle of it: only the watchdogs can still reach them.
      watchdog.announce_failure(described(error));
    }
  }

 private:
  bool first() const { return world_.rank() == 0; }

  /// Our own failures are sentences already; others know nothing of ranks and hosts.
  std::string described(const std::exception& error) const {
    if (dynamic_cast<const Error*>(&error) != nullptr) return error.what();
    return fmt::format("rank {} on host {}: {}; the run cannot go on", world_.rank(),
                       inventory_.host_names[static_cast<std::size_t>(world_.rank())],
                       error.what());
  }

  ExitCode measure_and_judge(run::Watchdog& watchdog) {
    make_the_plan();
    if (options_.dry_run) {
      if (first())
        fmt::print("{}{}", plan_table(plan_, inventory_.topology, memory_, refusals_),
                   step_outlines(plan_));
      return ExitCode::ok;
    }
    open_own_gpu();
    watchdog.set_case_labels(case_labels(plan_));
    open_results();
    measure(watchdog);
    return judge();
  }

  std::string journal_path() const {
    return (fs::path(options_.resume) / result::journal_name).string();
  }

  /// Reads the journal of the run to go on with; what it says of the run's conduct holds.
  void take_up() {
    const auto where = journal_path();
    const auto header = on_rank_0(world_, [&] {
      unfinished_.emplace(result::open_unfinished(options_.resume));
      check_ranks(unfinished_->document, world_.size(), where);
      finished_ = unfinished_->document.cases.size();
      return std::string(unfinished_->header_line());
    });
    finished_ = comm::broadcast_value(world_, finished_);
    begun_.emplace(result::read_begun(header, where));
    const auto& conduct = begun_->conduct;
    options_.ranks_per_node = conduct.ranks_per_node;
    options_.max_time_per_case_s = conduct.max_time_per_case_s;
    options_.sync = conduct.sync;
    options_.share_gpu = conduct.share_gpu;
    if (!options_.timeout_s) options_.timeout_s = conduct.timeout_s;
  }

  void make_the_plan() {
    if (begun_) return take_the_plan();
    const auto text = on_rank_0(world_, [&] {
      contract_ = load_contract(options_.contract);
      auto plan =
          make_plan(options_, contract_, bench::catalogue_of(benchmarks_), inventory_.topology);
      refusals_ = refusals(plan, {inventory_.topology, benchmarks_, backends_});
      require_some(plan, refusals_);
      check_fits(without(plan, refusals_));
      estimated_s_ = plan.estimated_s;
      return plan_to_text(plan);
    });
    plan_ = plan_from_text(text);
    plan_.estimated_s = estimated_s_;
  }

  void take_the_plan() {
    plan_ = result::planned(begun_->document, begun_->conduct);
    on_rank_0(world_, [&] {
      check_same_ground(begun_->document, header_of(options_, plan_, inventory_), journal_path());
      contract_ = contract_from(begun_->conduct.contract,
                                fs::path(options_.resume) / result::contract_name);
      check_fits(without(plan_, refusals(plan_, {inventory_.topology, benchmarks_, backends_})));
      return std::string();
    });
  }

  void check_fits(const plan::Plan& plan) {
    memory_ = memory_per_rank(plan, bench::catalogue_of(benchmarks_), backends_,
                              inventory_.rotation_bytes);
    check_steps_fit(plan, backends_, inventory_);
    check_memory(memory_, inventory_);
  }

  void open_own_gpu() {
    own_gpu_ =
        open_gpu(world_, gpus_,
                 {plan_, backends_, inventory_.machines,
                  options_.share_gpu ? device::GpuSharing::allowed : device::GpuSharing::refused});
    if (own_gpu_.device != nullptr) note_gpus(world_, own_gpu_, inventory_);
    check_steps_fit_gpus(world_, plan_, backends_, own_gpu_.gpu);
  }

  void open_results() {
    clock_.synchronise();
    clock_sync_ = clock_.record();
    const auto folder = on_rank_0(world_, [&] {
      if (unfinished_)
        reopen_results();
      else
        begin_results();
      writing_.store(&*writer_);
      if (contract_.given()) writer_->keep(result::contract_name, contract_.text);
      for (const auto& [dim, texts] : plan_.inputs)
        for (const auto& [name, text] : texts) writer_->keep(kept_input({dim, name}), text);
      return writer_->folder().string();
    });
    const std::lock_guard lock(noted_);
    folder_ = folder;
  }

  void begin_results() {
    require_some(plan_, refusals(plan_, {inventory_.topology, benchmarks_, backends_,
                                         own_gpu_.none_because}));
    const fs::path folder = options_.out.empty()
                                ? fs::path("results") / (utc_stamp() + "-" + plan_.suite)
                                : fs::path(options_.out);
    writer_.emplace(folder, header_of(options_, plan_, inventory_),
                    conduct_of(options_, plan_, inventory_, contract_));
  }

  void reopen_results() {
    auto attempt = next_attempt(*unfinished_, header_of(options_, plan_, inventory_));
    attempt.warnings = std::move(inventory_.warnings);
    inventory_.warnings = warnings_so_far(*unfinished_, attempt);
    for (const auto& c : unfinished_->document.cases) note(c);
    attempts_ = std::move(unfinished_->document.resumed);
    attempts_.push_back(attempt);
    writer_.emplace(std::move(*unfinished_), attempt);
    unfinished_.reset();
    for (std::size_t i = 0; i < finished_; ++i) keep_trace_of(plan_.cases[i].id);
  }

  /// What an earlier attempt left of a case that it finished.
  void keep_trace_of(const std::string& case_id) {
    const auto name = result::trace_name(case_id);
    const auto path = writer_->folder() / name;
    if (result::is_there(path)) writer_->keep(name, result::read_text(path));
  }

  void measure(const run::Watchdog& watchdog) {
    const auto device = device::make_host_device();
    using enum ProgressLines::Volume;
    ProgressLines progress_lines(plan_.cases.size() - finished_, options_.quiet ? quiet : lines);
    run::run_plan(
        plan_,
        {world_,
         inventory_.topology,
         {*device, own_gpu_.device.get()},
         benchmarks_,
         backends_,
         progress_,
         clock_,
         own_gpu_.none_because,
         own_gpu_.counters()},
        settings(),
        [&](const result::CaseResult& c) {
          watchdog.await_clearance();
          writer_->append(c);
          note(c);
          progress_lines.finished(c);
        },
        [&](const Case& spec, std::span<const RankTimeline> timelines) {
          watchdog.await_clearance();
          writer_->keep(result::trace_name(spec.id),
                        report::chrome_trace(timelines, clock_.record().bound_s));
        });
  }

  run::RunSettings settings() const {
    return {.max_time_per_round_s = options_.max_time_per_case_s,
            .threads = inventory_.threads,
            .rotation_bytes = inventory_.rotation_bytes,
            .gpu_rotation_bytes = own_gpu_.rotation_bytes,
            .first_case = finished_,
            .sync = options_.sync == "barrier" ? run::Sync::barrier : run::Sync::automatic,
            .ranks_outnumber_cores = inventory_.ranks_outnumber_cores};
  }

  /// What the ending of the document takes from a case.
  void note(const result::CaseResult& c) {
    const std::lock_guard lock(noted_);
    ++cases_noted_;
    if (c.spec.benchmark == "noop" && !noop_s_) noop_s_ = median_time(c);
    clock_sync_ = clock_.record();
    for (auto& warning : warnings_of(c)) inventory_.warnings.push_back(std::move(warning));
  }

  result::RunWriter::Ending ending(std::string reason) const {
    const std::lock_guard lock(noted_);
    auto warnings = inventory_.warnings;
    if (!attempts_.empty()) warnings.push_back(resumed_warning(attempts_, plan_, cases_noted_));
    for (auto& warning : warnings_of(clock_sync_)) warnings.push_back(std::move(warning));
    return {reason.empty(),      std::move(reason), utc_now(),
            std::move(warnings), noop_s_,           clock_sync_};
  }

  ExitCode judge() {
    progress_.enter_phase(run::no_case, run::Phase::control);
    auto code = ExitCode::ok;
    on_rank_0(world_, [&] {
      writer_->finish(ending({}));
      const auto judgement =
          judge_files(writer_->folder(), contract_, result::KeptContract::checked);
      result::replace_file(writer_->folder() / verdict_name, judgement.verdict_text);
      result::replace_file(writer_->folder() / failed_hosts_name,
                           report::failed_hosts(judgement.verdict));
      fmt::print("{}\n{}\n{}", report::result_table(judgement.result.document),
                 report::warning_block(judgement.result.document.warnings),
                 report::verdict_block(judgement.verdict, contract_.where));
      fmt::print("results in {}\n", writer_->folder().string());
      code = contract::exit_code(judgement.verdict);
      return std::string();
    });
    return comm::broadcast_value(world_, code);
  }

  /// On the watchdog's thread, while the measuring thread may be stuck anywhere.
  void end_early(const run::Incident& incident, bool speak) {
    if (speak) fmt::print(stderr, "assay: {}\n", incident.sentence);
    if (auto* writer = writing_.load()) try {
        writer->finish(ending(incident.sentence));
      } catch (const std::exception&) {
        // The disk is full, most likely what the incident is about: it has been said.
      }
    if (!speak) return;
    if (const auto* writer = writing_.load())
      fmt::print(stderr, "INCOMPLETE: {} of {} cases are in {}   exit 12\n", writer->appended(),
                 plan_.cases.size(), writer->folder().string());
    else if (!first())
      fmt::print(stderr,
                 "INCOMPLETE: finished cases are in the journal, {}, on host {}   exit 12\n",
                 result::journal_name, inventory_.host_names.front());
    const std::lock_guard lock(noted_);
    if (!folder_.empty()) fmt::print(stderr, "{}", resume_hint(folder_));
    std::fflush(stderr);
  }

  void abort_communicators() const {
    for (const auto& row : backends_)
      if (row.abort) row.abort();
  }

  run::WatchdogOptions watchdog_options() const {
    run::WatchdogOptions watch;
    watch.deadlines.operation_s = watch.deadlines.control_s =
        options_.timeout_s.value_or(default_timeout_s);
    watch.host_names = inventory_.host_names;
    return watch;
  }

  static constexpr double start_up_limit_s = 120;

  RunOptions options_;
  comm::Team& world_;
  bench::Benchmarks benchmarks_;
  std::vector<comm::Backend> backends_;
  device::Gpus gpus_;
  std::optional<run::Deadline> start_up_;  ///< until the watchdog stands
  run::CommonClock clock_;
  run::Inventory inventory_;
  run::Progress progress_;
  ContractFile contract_;
  plan::Plan plan_;
  OwnGpu own_gpu_;
  double estimated_s_ = 0;
  MemoryPerRank memory_;               ///< on rank 0
  std::vector<std::string> refusals_;  ///< the same
  mutable std::mutex noted_;           ///< from here to folder_: the watchdog may write the ending
  std::size_t cases_noted_ = 0;
  std::optional<double> noop_s_;
  result::ClockSync clock_sync_;
  std::vector<result::Attempt> attempts_;  ///< on rank 0: later ones, this one too
  std::string folder_;
  // Of a run that is resumed:
  std::optional<result::Begun> begun_;
  std::optional<result::Unfinished> unfinished_;  ///< on rank 0, until the writer has it
  std::size_t finished_ = 0;                      ///< cases measured before
  std::optional<result::RunWriter> writer_;
  std::atomic<result::RunWriter*> writing_{nullptr};
};

}  // namespace

ExitCode run(const RunOptions& options, const Parts& parts, const Environment& environment,
             comm::Session& session) {
  return RunCommand(options, parts, environment, session).execute();
}

ExitCode dry_run(const RunOptions& options, const Parts& parts) {
  const auto ranks = static_cast<int>(*options.ranks);
  const auto per_node = static_cast<int>(options.ranks_per_node.value_or(ranks));
  const auto topology = stated_topology(ranks, per_node);
  const auto contract = load_contract(options.contract);
  const auto benchmarks = parts.benchmarks();
  const auto catalogue = bench::catalogue_of(benchmarks);
  const auto plan = make_plan(options, contract, catalogue, topology);
  // As if the nodes were like this machine, nobody else can be asked, but with every back end.
  auto backends = parts.backends();
  for (auto& row : backends) {
    const bool used = std::any_of(plan.cases.begin(), plan.cases.end(), [&](const Case& c) {
      return bench::backend_of(c.dims, backends) == &row;
    });
    if (used && !row.missing.empty())
      fmt::print("planned as if {} were here: {}\n", row.name, row.missing);
    row.missing = row.no_two_at_once = {};
  }
  const std::vector<run::RankInventory> node(static_cast<std::size_t>(per_node),
                                             run::take_inventory({}, 0));
  const auto refused = refusals(plan, {topology, benchmarks, backends});
  const auto memory =
      memory_per_rank(without(plan, refused), catalogue, backends, run::rotation_bytes(node));
  require_some(plan, refused);
  fmt::print("{}{}", plan_table(plan, topology, memory, refused), step_outlines(plan));
  return ExitCode::ok;
}

}  // namespace assay::app
