#include "harness/run/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "harness/core/error.hpp"
#include "harness/core/metric.hpp"
#include "harness/run/group_texts.hpp"
#include "harness/run/packer.hpp"
#include "harness/run/round.hpp"

namespace assay::run {

namespace {

/// Backends are connected once, when the first case needs them.
class Connections {
 public:
  explicit Connections(const Rig& rig) : rig_(rig) {}

  comm::Connection* to(const comm::Backend* backend) {
    if (backend == nullptr) return nullptr;
    auto& connection = made_[backend->name];
    if (connection == nullptr)
      connection = backend->connect(rig_.world, rig_.devices.of(backend->memory));
    return connection.get();
  }

 private:
  const Rig& rig_;
  std::map<std::string, std::unique_ptr<comm::Connection>> made_;
};

/// Teams and communicators are dear to make and are shared by all cases of a layout. A tournament
/// over many ranks has too many rounds to keep them all.
class Seats {
 public:
  Seats(const plan::Plan& plan, const Rig& rig, Connections& connections)
      : plan_(plan), rig_(rig), connections_(connections) {}

  Seat& at(const std::string& name, std::size_t round, const comm::Backend* backend) {
    const auto& layout = plan_.layouts.at(name);
    if (layout.rounds.size() > most_kept_rounds) kept_.clear();
    const Key key{name, round, backend == nullptr ? std::string() : backend->name};
    const auto it = kept_.find(key);
    if (it != kept_.end()) return it->second;
    return kept_.emplace(key, take_seat(layout, round, rig_.world, connections_.to(backend)))
        .first->second;
  }

 private:
  static constexpr std::size_t most_kept_rounds = 64;
  using Key = std::tuple<std::string, std::size_t, std::string>;
  const plan::Plan& plan_;
  const Rig& rig_;
  Connections& connections_;
  std::map<Key, Seat> kept_;
};

void merge(VerifyReport& into, const VerifyReport& from) {
  into.checked += from.checked;
  into.wrong += from.wrong;
  if (!into.first) into.first = from.first;
  if (into.method.empty()) into.method = from.method;
}

std::string in_round(const std::string& reason, std::size_t round, std::size_t rounds) {
  if (rounds == 1) return reason;
  return fmt::format("{} in round {} of {}", reason, round + 1, rounds);
}

/// Ranks and flags are numbers without a unit; what a metric is read from has the metric's.
Unit unit_of(std::string_view series) {
  if (series == "last_arriver" || series == "late") return Unit::one;
  const auto row = std::find_if(metrics.begin(), metrics.end(), [&](const Metric& metric) {
    return (metric.source == Source::series || metric.source == Source::reading) &&
           series.substr(0, series.find("_before")) == metric.of;
  });
  return row == metrics.end() ? Unit::second : row->unit;
}

Series series(const std::string& name, Axis axis, std::size_t group, std::vector<float> values) {
  return {name, std::string(symbol(unit_of(name))), axis, group, std::move(values)};
}

/// Where nothing is read from it: its own name.
std::string figure_of(const std::string& series) {
  const auto row = std::find_if(metrics.begin(), metrics.end(), [&](const Metric& metric) {
    return metric.source == Source::series && metric.of == series;
  });
  return row == metrics.end() ? series : std::string(row->name);
}

/// What needs a common clock: the series, and the name under which its absence is stated.
struct ArrivalSeries {
  const char* series;
  const char* figure;
  std::vector<float> RoundReport::*values;
  std::string ArrivalValidity::*reason;
};
constexpr std::array<ArrivalSeries, 3> arrival_series{
    {{"t_span", "span", &RoundReport::t_span, &ArrivalValidity::t_span},
     {"t_transfer", "transfer", &RoundReport::t_transfer, &ArrivalValidity::t_transfer},
     {"last_arriver", "last_arriver", &RoundReport::last_arriver, &ArrivalValidity::last}}};

/// Builds the document's entry from the rounds' summaries, on rank 0.
class Assembler {
 public:
  Assembler(const Case& spec, const Layout& layout)
      : work_(layout.group_count()), several_ranks_(layout.largest_group() > 1) {
    result_.spec = spec;
  }

  void add(RoundSummary summary) {
    for (auto& report : summary.reports) add(report);
    auto& length = result_.samples.block_length;
    length = std::max(length, summary.block_length);
    if (summary.blocks_dropped > 0)
      flag("time_cap", fmt::format("{} of the planned blocks of {} iterations did not fit",
                                   summary.blocks_dropped, summary.block_length));
    if (summary.settling == stats::Settling::still)
      flag("not_stationary", "the pilot was still settling when its attempts or its time ran out");
    if (summary.settling == stats::Settling::unknown)
      flag("stationarity_unknown", "the pilot is too short to tell whether it had settled");
  }

  /// Readings of every rank of the world, by name.
  void add(const Layout& layout, const std::vector<std::map<std::string, float>>& readings) {
    std::set<std::string> names;
    for (const auto& rank : readings)
      for (const auto& [name, value] : rank) names.insert(name);
    std::size_t index = 0;
    for (const auto& round : layout.rounds)
      for (const auto& group : round.at_once) {
        for (const auto& name : names)
          for (const int rank : group.ranks()) {
            const auto& known = readings[static_cast<std::size_t>(rank)];
            const auto at = known.find(name);
            rank_series_[name][index].push_back(
                at == known.end() ? std::numeric_limits<float>::quiet_NaN() : at->second);
          }
        ++index;
      }
  }

  result::CaseResult finish(double elapsed_s) {
    state_absent();
    flag_late();
    flag_gates();
    for (auto& [name, groups] : iteration_series_)
      for (auto& [group, values] : groups)
        result_.samples.series.push_back(series(name, Axis::iteration, group, std::move(values)));
    for (auto& [name, groups] : rank_series_)
      for (auto& [group, values] : groups)
        result_.samples.series.push_back(series(name, Axis::rank, group, std::move(values)));
    const bool alike = std::all_of(work_.begin(), work_.end(),
                                   [&](const Work& work) { return work == work_.front(); });
    if (alike) work_.resize(1);
    if (iteration_series_.empty()) work_.clear();  // nothing was measured
    result_.work = std::move(work_);
    describe();
    result_.verify.done = result_.spec.protocol.verify;
    if (!result_.verify.done) result_.verify.reason = "verification was switched off";
    result_.elapsed_s = elapsed_s;
    return std::move(result_);
  }

  /// What earlier rounds left is kept.
  result::CaseResult without(result::Status status, const std::string& reason, double elapsed_s) {
    auto result = finish(elapsed_s);
    result.status = status;
    result.reason = result.verify.reason = reason;
    result.verify.done = false;
    return result;
  }

 private:
  void flag(std::string code, std::string evidence) {
    result_.samples.flags.push_back({std::move(code), 0, std::move(evidence)});
  }

  void add(RoundReport& report) {
    if (!report.member) return;
    merge(result_.verify.before, report.before);
    merge(result_.verify.after, report.after);
    const auto member = static_cast<std::size_t>(report.rank_in_group);
    const auto per_rank = [&](const std::string& name, float value) {
      auto& values = rank_series_[name][report.group];
      values.resize(std::max(values.size(), member + 1));
      values[member] = value;
    };
    per_rank("rank_min", report.rank_min);
    per_rank("rank_p50", report.rank_p50);
    per_rank("rank_p99", report.rank_p99);
    per_rank("rank_max", report.rank_max);
    per_rank("rank_mean", report.rank_mean);
    for (const auto& [name, value] : report.harvested) per_rank(name, value);
    if (!report.leader) return;
    iteration_series_["warm_up"][report.group] = std::move(report.warm_up);
    iteration_series_["pilot"][report.group] = std::move(report.pilot);
    iteration_series_["t_max"][report.group] = std::move(report.timed);
    for (auto& [name, values] : report.in_turn)
      iteration_series_[name][report.group] = std::move(values);
    // As with arrivals, the first group speaks for all.
    for (const auto& [name, reason] : report.without)
      result_.absent.emplace(figure_of(name), reason);
    gates_expired_ += report.gates_expired;
    if (several_ranks_) add_arrivals(report);
    work_[report.group] = std::move(report.work);
    paths_[report.group] = std::move(report.launch.path);
    reductions_[report.group] = std::move(report.launch.reduction);
    for (auto& [key, value] : report.notes) notes_[key][report.group] = std::move(value);
  }

  void add_arrivals(RoundReport& report) {
    for (const auto& one : arrival_series) {
      const auto& reason = report.why_absent.*one.reason;
      // The first group speaks for all: a figure of some groups only would hide the others.
      if (!reason.empty()) result_.absent.emplace(one.figure, reason);
      iteration_series_[one.series][report.group] = std::move(report.*one.values);
    }
    if (!report.late.empty()) iteration_series_["late"][report.group] = std::move(report.late);
  }

  void flag_gates() {
    if (gates_expired_ > 0)
      flag("gate_expired",
           fmt::format("{} batches of launches were begun before all of them was enqueued",
                       gates_expired_));
  }

  void state_absent() {
    for (const auto& one : arrival_series) {
      if (!several_ranks_) result_.absent[one.figure] = "no group has several ranks";
      if (iteration_series_.empty()) result_.absent.emplace(one.figure, "nothing was timed");
    }
    std::erase_if(iteration_series_,
                  [&](const auto& one) { return result_.absent.contains(figure_of(one.first)); });
  }

  void flag_late() {
    std::size_t late = 0, timed = 0;
    for (const auto& [group, values] : iteration_series_["late"]) {
      late += static_cast<std::size_t>(std::count(values.begin(), values.end(), 1.0F));
      timed += values.size();
    }
    // One or two belong to any machine; the series says which they are.
    constexpr double many = 0.05;
    if (static_cast<double>(late) > many * static_cast<double>(timed))
      flag("late_start", fmt::format("{} of {} iterations began late", late, timed));
    if (timed == 0) iteration_series_.erase("late");
  }

  /// How it was done, where the groups agree; where they do not, who did what.
  void describe() {
    result_.path = join_groups(paths_);
    for (const auto& [key, texts] : notes_) result_.notes[key] = join_groups(texts);
    for (const auto& [group, reduction] : reductions_) {
      // The schema knows two reductions. A library's is never claimed where assay's was timed.
      if (result_.reduction.empty() || reduction == "assay") result_.reduction = reduction;
    }
    if (!alike(reductions_)) flag("reduction_differs", join_groups(reductions_));
  }

  std::vector<Work> work_;
  bool several_ranks_;
  std::int64_t gates_expired_ = 0;
  GroupTexts paths_, reductions_;
  std::map<std::string, GroupTexts> notes_;
  std::map<std::string, std::map<std::size_t, std::vector<float>>> iteration_series_, rank_series_;
  result::CaseResult result_;
};

class PlanRunner {
 public:
  PlanRunner(const plan::Plan& plan, const Rig& rig, const RunSettings& settings)
      : plan_(plan),
        rig_(rig),
        settings_(settings),
        connections_(rig),
        seats_(plan, rig, connections_),
        companions_(plan, rig, connections_) {}

  result::CaseResult run(std::size_t index) {
    timelines_.clear();
    const auto begin = now_ns();
    const auto elapsed_s = [&] { return static_cast<double>(now_ns() - begin) * seconds_per_ns; };
    const Case& spec = plan_.cases[index];
    const auto& layout = plan_.layouts.at(spec.layout);
    Assembler assembler(spec, layout);
    const auto* benchmark = bench::find(rig_.benchmarks, spec.benchmark);
    invariant(benchmark != nullptr, "the plan names a benchmark that is not in the catalogue");
    const auto support =
        bench::support(*benchmark, spec, {rig_.topology, layout, rig_.backends, rig_.no_gpu});
    if (!support.yes())
      return assembler.without(result::Status::skipped, support.reason, elapsed_s());

    const auto case_index = static_cast<std::uint16_t>(std::min<std::size_t>(index, no_case - 1));
    CaseTiming timing{.several_ranks = layout.largest_group() > 1};
    const bool reads = rig_.counters && bench::needs_gpu(spec.dims, rig_.backends);
    const auto before = reads ? rig_.counters() : std::vector<device::GpuCounter>{};
    auto settings = settings_;
    settings.max_time_per_round_s /= static_cast<double>(layout.rounds.size());
    for (std::size_t r = 0; r < layout.rounds.size(); ++r) {
      rig_.progress.enter_phase(case_index, Phase::control);
      const auto* backend = bench::backend_of(spec.dims, rig_.backends);
      Round round({spec, rig_, settings, timing, case_index, companion_of(spec, backend)},
                  seats_.at(spec.layout, r, backend));
      const auto refusal = round.prepare(*benchmark, bench::mix(plan_.seed + index));
      if (!refusal.reason.empty())
        return assembler.without(refusal.status, in_round(refusal.reason, r, layout.rounds.size()),
                                 elapsed_s());
      auto summary = round.measure();
      std::ranges::move(summary.timelines, std::back_inserter(timelines_));
      assembler.add(std::move(summary));
    }
    if (reads) assembler.add(layout, gather_readings(gpu_readings(before, rig_.counters())));
    return assembler.finish(elapsed_s());
  }
  /// Of the last case, on rank 0.
  const std::vector<RankTimeline>& timelines() const { return timelines_; }

 private:
  /// Collective. By world rank, on rank 0; elsewhere of nobody.
  std::vector<std::map<std::string, float>> gather_readings(
      const std::map<std::string, float>& mine) {
    Packer packer;
    packer.put(mine);
    std::vector<std::map<std::string, float>> all(static_cast<std::size_t>(rig_.world.size()));
    const auto parts = rig_.world.gather(packer.bytes(), 0);
    for (std::size_t rank = 0; rank < parts.size(); ++rank)
      all[rank] = Unpacker(parts[rank]).map<std::map<std::string, float>>([](Unpacker& from) {
        return from.get<float>();
      });
    return all;
  }

  /// On a communicator of its own even where both layouts are the same.
  Seat* companion_of(const Case& spec, const comm::Backend* backend) {
    const auto layout = companion_layout(spec);
    return layout.empty() ? nullptr : &companions_.at(layout, 0, backend);
  }

  const plan::Plan& plan_;
  const Rig& rig_;
  const RunSettings& settings_;
  Connections connections_;
  Seats seats_, companions_;
  std::vector<RankTimeline> timelines_;
};

}  // namespace

void run_plan(const plan::Plan& plan, const Rig& rig, const RunSettings& settings,
              const CaseSink& sink, const TimelineSink& timelines) {
  PlanRunner runner(plan, rig, settings);
  for (std::size_t i = settings.first_case; i < plan.cases.size(); ++i) {
    const auto result = runner.run(i);
    if (rig.world.rank() != 0) continue;
    if (const auto& found = runner.timelines(); timelines && !found.empty())
      timelines(result.spec, found);
    sink(result);
  }
}

}  // namespace assay::run
