// training_step: the compute and communication of a model's training step, on the ranks that its
// parallelism says.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/step_check.hpp"
#include "harness/bench/step_executor.hpp"
#include "harness/bench/step_groups.hpp"
#include "harness/bench/step_readings.hpp"
#include "harness/core/error.hpp"
#include "harness/core/units.hpp"
#include "harness/schedule/step_account.hpp"
#include "harness/schedule/step_order.hpp"
#include "harness/schedule/training/generate.hpp"
#include "harness/schedule/training/workload.hpp"

namespace assay::benchmarks {

namespace {

using bench::StepPart;

const training::Workload& workload_of(const Case& spec) {
  invariant(spec.workload != nullptr, "a training step has a model and a parallelism");
  return *spec.workload;
}

bool is_on(const Case& spec, std::string_view dim) { return text_dim(spec.dims, dim) == "on"; }

/// Throws UnsupportedError where ranks would wait for each other for ever.
step::Job job_of(const Case& spec, device::MemoryKind memory) {
  const auto& [model, layout] = workload_of(spec);
  auto job = training::generate(model, layout);
  if (!is_on(spec, "overlap")) {
    job = step::serial(std::move(job));
    if (const auto problem = step::problem_of(job); !problem.empty())
      throw UnsupportedError(
          {layout.name, "cannot go on without overlap: " + problem, "use overlap on"});
  }
  if (memory == device::MemoryKind::host) return job;
  if (const auto problem = step::problem_of(step::begun_in_turn(job)); !problem.empty())
    throw UnsupportedError({layout.name,
                            "cannot go on where communicators take turns to begin: " + problem,
                            "use another parallelism, or backend mpi"});
  return job;
}

step::Account account_of(const Case& spec) {
  const auto& [model, layout] = workload_of(spec);
  return step::account_of(training::generate(model, layout));
}

/// What a rank does on average: what rates are made of.
Work work_of(const Case& spec, const step::Account& account) {
  const auto& layout = workload_of(spec).layout;
  const auto per_rank = [&](double all) { return all / training::ranks_of(layout); };
  Work work;
  auto& amount = work.amount;
  amount["steps"] = 1;
  amount["tokens"] = per_rank(static_cast<double>(training::tokens_per_step(layout)));
  amount["model_flops"] = per_rank(account.model_flops());
  amount["hardware_flops"] = per_rank(account.model_flops() + account.repeated_flops);
  const auto& peak = text_dim(spec.dims, "peak");
  for (const auto* what : {"model", "hardware"}) {
    const auto at_peak = fmt::format("{}_s_at_peak", what);
    if (peak == "none")
      work.absent[at_peak] = "no peak was given: --set peak=\"989 TFLOP/s\", for example";
    else
      amount[at_peak] = amount[fmt::format("{}_flops", what)] / parse_quantity(peak, "peak").value;
  }
  return work;
}

std::map<std::string, std::string> notes_of(const Case& spec, const step::Account& account) {
  const auto& layout = workload_of(spec).layout;
  const auto& first = account.ranks.front();
  return {
      {"tokens_per_step", fmt::format("{}", training::tokens_per_step(layout))},
      {"global_batch", fmt::format("{}", layout.global_batch)},
      {"micro_batches", fmt::format("{}", training::micro_batches(layout))},
      {"ranks_of", training::sizes_of(layout)},
      {"operations", fmt::format("{} on rank 0", first.operations)},
      {"memory", fmt::format("{} on rank 0", format_quantity(first.memory_bytes(), Unit::byte))},
      {"bubble_ideal", fmt::format("{:.4f}", account.ideal_bubble)}};
}

class PreparedStep final : public bench::Prepared {
 public:
  explicit PreparedStep(const bench::Context& context)
      : context_(context), apart_(is_on(context.spec, "parts")) {
    const auto& spec = context.spec;
    const auto& [connection, team, ranks] = context.axes;
    invariant(connection != nullptr && team != nullptr, "a step makes communicators of its own");
    const auto memory = context.device.memory();
    on_host_ = memory == device::MemoryKind::host;
    const auto job = job_of(spec, memory);
    const auto account = step::account_of(job);
    work_ = work_of(spec, account);
    notes_ = notes_of(spec, account);
    if (on_host_) notes_["threads"] = std::to_string(context.threads);
    const bool polls = text_dim(spec.dims, "progress") == "poll";
    groups_.emplace(job, *connection, *team, ranks);
    executor_.emplace(job, team->rank(), context.device, groups_->communicators(),
                      bench::StepOptions{polls ? bench::Progress::poll : bench::Progress::none,
                                         {.threads = context.threads}});
    readings_.emplace(job, *executor_, *groups_, *team, account.ideal_bubble);
  }

  Work work() const override { return work_; }
  comm::LaunchInfo launch_info() const override {
    return {on_host_ ? "native nonblocking" : "native on streams", "library"};
  }
  std::map<std::string, std::string> notes() const override {
    auto notes = notes_;
    if (const auto skew = training::skew_of(workload_of(context_.spec)))
      notes["routing"] =
          fmt::format("max/mean of experts {:.2f}, of ranks {:.2f}, Gini of experts {:.3f}",
                      skew->expert_max_over_mean, skew->rank_max_over_mean, skew->expert_gini);
    return notes;
  }

  bench::Turns turns() const override {
    if (!apart_) return {};
    return {.before = {"t_compute", "t_comm"}};
  }

  bench::Support calibrate(comm::Team&) override {
    executor_->connect();
    if (is_on(context_.spec, "graph"))
      executor_->record(apart_ ? std::span(parts) : std::span(parts).last(1));
    return {};
  }
  void reset(bench::Iteration) override { readings_->keep(); }
  void launch() noexcept override {
    const auto part = apart_ ? parts[turn_] : StepPart::whole;
    turn_ = turn_ + 1 == parts.size() ? 0 : turn_ + 1;
    readings_->begin();
    executor_->launch(part);
    readings_->end(part);
  }
  std::vector<bench::Harvested> harvest(const bench::ClockOfAll* clock) override {
    return readings_->harvest(clock);
  }
  RankTimeline timeline() const override { return readings_->timeline(); }
  void check() const override { executor_->check(); }

  /// What is timed proves nothing by itself: its values are made up. So the same communications
  /// carry data that do, in a step of their own before the timed ones and in another one behind.
  VerifyReport verify(Moment moment) override {
    StepCheck check(context_, groups_->communicators(), executor_->schedule());
    executor_->rehearse(check);
    executor_->check();
    executor_->refill();
    auto report = check.report();
    if (moment == Moment::after) report.method += " after the timed ones";
    return report;
  }

  void let_go() override {
    readings_.reset();
    if (is_on(context_.spec, "graph")) context_.device.stopwatch()->forget_recordings();
    executor_.reset();
    groups_.reset();
  }

 private:
  /// In turn, where they are measured apart.
  static constexpr std::array parts{StepPart::compute, StepPart::communication, StepPart::whole};

  const bench::Context& context_;
  Work work_;
  std::map<std::string, std::string> notes_;
  std::optional<bench::StepGroups> groups_;
  std::optional<bench::StepExecutor> executor_;
  std::optional<bench::StepReadings> readings_;
  bool on_host_ = true;
  bool apart_;            ///< compute and communication take turns with the step
  std::size_t turn_ = 0;  ///< of these
};

/// Where the parallelism is for other ranks than there are.
std::string size_refusal(const Case& spec, int ranks) {
  const auto& layout = workload_of(spec).layout;
  const int wanted = training::ranks_of(layout);
  if (ranks == 1)
    return "one rank communicates with nobody, and nothing could be verified: start more";
  if (wanted == ranks) return {};
  const int replica = layout.tp * layout.cp * layout.pp;
  if (text_dim(spec.dims, "scaling") == "weak")
    return fmt::format("parallelism {} grows by tp·cp·pp = {} ranks, and there are {}: start {}",
                       layout.name, replica, ranks, (ranks / replica + 1) * replica);
  auto reason = fmt::format("parallelism {} is for {} ranks, and there are {}: start {}",
                            layout.name, wanted, ranks, wanted);
  if (ranks % replica == 0) reason += ", or use scaling weak (dp and the batch grow with them)";
  return reason;
}

/// Where the library of hosts does not multiply what the parallelism has.
std::string types_refusal(const Case& spec) {
  const auto& types = workload_of(spec).layout.types;
  for (const auto type : {types.gemm, types.activations})
    if (std::ranges::none_of(device::gemm_types,
                             [&](const auto& row) { return row.on_host && row.in == type; }))
      return fmt::format(
          "the matrices of parallelism {} are of {}, and hosts multiply fp32 and fp64: "
          "use another one, or backend nccl",
          workload_of(spec).layout.name, name(type));
  return {};
}

/// What a step asks of a back end and of the dimensions that depend on it.
std::string backend_refusal(const Case& spec, const comm::Backend& backend) {
  const bool recorded = is_on(spec, "graph");
  if (backend.memory == device::MemoryKind::host) {
    if (recorded)
      return fmt::format(
          "graph on replays what a GPU has recorded, and {} carries a step out on "
          "hosts: use graph off, or backend nccl",
          backend.name);
    return backend.no_nonblocking.empty()
               ? types_refusal(spec)
               : fmt::format("{}: {}", backend.name, backend.no_nonblocking);
  }
  if (backend.done_on_return)
    return fmt::format(
        "a step on GPUs is only enqueued, and {} waits for each message: use "
        "backend nccl",
        backend.name);
  if (!backend.no_two_at_once.empty())
    return fmt::format("a step has several communicators, and of {}, {}", backend.name,
                       backend.no_two_at_once);
  if (text_dim(spec.dims, "progress") != "poll")
    return fmt::format("{} goes on by itself, whoever polls: leave progress as it is",
                       backend.name);
  return {};
}

class TrainingStep final : public bench::Benchmark {
 public:
  TrainingStep() {
    info_.name = "training_step";
    info_.what = "compute and communication of a model's training step, overlapping as it does";
    info_.dims = {{"backend", std::string("mpi"), {}},
                  {"model", std::string("tiny"), {}},
                  {"parallelism", std::string("tiny-dp2"), {}},
                  {"scaling", std::string("none"), {"none", "weak"}},
                  {"overlap", std::string("on"), {"on", "off"}},
                  {"progress", std::string("poll"), {"poll", "none"}},
                  {"graph", std::string("off"), {"off", "on"}},
                  {"parts", std::string("off"), {"off", "on"}},
                  {"peak", std::string("none"), {}}};
    info_.metrics = {"step_time",
                     "tokens_per_s",
                     "model_flops",
                     "hardware_flops",
                     "mfu",
                     "hfu",
                     "compute",
                     "exposed_tp",
                     "exposed_cp",
                     "exposed_pp",
                     "exposed_dp",
                     "exposed_ep",
                     "exposed_world",
                     "idle",
                     "hidden",
                     "bubble",
                     "bubble_ideal",
                     "bubble_excess",
                     "comm_wait",
                     "comm_transfer",
                     "straggler_index",
                     "compute_interference",
                     "communication_interference",
                     "compute_time",
                     "comm_time"};
    info_.takes_long = true;
    info_.memory_bytes = [](const Case& spec, int) {
      const auto account = account_of(spec);
      double most = 0;
      for (const auto& rank : account.ranks) most = std::max(most, rank.memory_bytes());
      return most;
    };
    info_.seconds = [](const Case& spec, int) {
      if (spec.workload == nullptr) return 0.0;  // a plan whose files have not been read
      const auto account = account_of(spec);
      double most = 0;
      for (const auto& rank : account.ranks)
        most = std::max(most, rank.gemm_flops + rank.attention_flops + rank.repeated_flops);
      constexpr double of_a_core = 1e10, of_peak = 0.4;
      const auto& peak = text_dim(spec.dims, "peak");
      const double launches = is_on(spec, "parts") ? 2 : 1;
      return launches * most /
             (peak == "none" ? of_a_core : of_peak * parse_quantity(peak, "peak").value);
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    if (auto reason = bench::backend_refusal(spec.dims, facts); !reason.empty())
      return {std::move(reason)};
    const auto& backend = *bench::backend_of(spec.dims, facts.backends);
    if (auto reason = backend_refusal(spec, backend); !reason.empty()) return {std::move(reason)};
    if (spec.protocol.pacing != Pacing::isolated)
      return {"what every rank did is read after each step: use pacing isolated"};
    if (layout_name(spec) != "world")
      return {"a step is taken by all ranks, and its parallelism groups them: use layout world"};
    return {size_refusal(spec, static_cast<int>(facts.layout.largest_group()))};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedStep>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_training_step() {
  return std::make_shared<TrainingStep>();
}

}  // namespace assay::benchmarks
