// What a benchmark reads off itself, from each rank's values to series of the group.
#include "harness/core/error.hpp"
#include "harness/run/append.hpp"
#include "harness/run/joined.hpp"
#include "harness/run/round.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/straggler.hpp"

namespace assay::run {

namespace {

class SharedClock final : public bench::ClockOfAll {
 public:
  SharedClock(const CommonClock& clock, std::int64_t epoch_ns)
      : clock_(clock), epoch_ns_(epoch_ns) {}
  std::int64_t at(std::int64_t reading_ns) const override {
    return clock_.model().at(clock_.local_at(reading_ns)).ns - epoch_ns_;
  }

 private:
  const CommonClock& clock_;
  std::int64_t epoch_ns_;
};

/// Of all series, one behind the other.
std::vector<double> all_values(const std::vector<bench::Harvested>& harvested, std::size_t each) {
  std::vector<double> values;
  for (const auto& one : harvested) {
    invariant(one.values.size() == each, "what is harvested has one value per iteration");
    values.insert(values.end(), one.values.begin(), one.values.end());
  }
  return values;
}

}  // namespace

void Round::harvest(ChunkCall call) {
  const SharedClock shared(rig_.clock, epoch_ns_);
  const bool timed = call.phase == Phase::timed;
  const auto harvested = prepared_->harvest(timed ? &shared : nullptr);
  if (!timed || harvested.empty()) return;
  const auto n = static_cast<std::size_t>(call.iterations);
  const auto mine = all_values(harvested, n);
  for (const auto& one : harvested)
    if (!one.of_each_rank.empty()) {
      auto& own = own_[one.of_each_rank];
      append(own.values, one.values);
      own.over_middle = one.over_middle;
    }
  const auto ranks = seat_.team->gather(std::as_bytes(std::span(mine)), 0);
  std::vector<double> of_ranks(ranks.size());
  for (std::size_t i = 0; i < mine.size() && report_.leader; ++i) {
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
      invariant(ranks[rank].size() == mine.size() * sizeof(double),
                "ranks of a group harvest the same series");
      of_ranks[rank] = reinterpret_cast<const double*>(ranks[rank].data())[i];
    }
    const auto& one = harvested[i / n];
    report_.in_turn[one.series].push_back(static_cast<float>(joined(one.by, of_ranks)));
    if (one.comparisons > 0) comparisons_[one.series] = one.comparisons;
  }
}

void Round::finish_harvest() {
  for (const auto& [name, own] : own_) {
    const double median = stats::order_quantile(own.values, 0.5);
    report_.harvested[name] = static_cast<float>(median);
    if (own.over_middle.empty()) continue;
    std::vector<double> of_ranks(static_cast<std::size_t>(seat_.team->size()));
    of_ranks[static_cast<std::size_t>(seat_.team->rank())] = median;
    seat_.team->max(of_ranks);
    const double middle = stats::middle_rank(of_ranks);
    if (middle > 0) report_.harvested[own.over_middle] = static_cast<float>(median / middle);
  }
  if (!timing_.several_ranks) return;
  for (const auto& [name, times] : comparisons_) {
    const auto reason = on_device() ? no_clock_of_gpus : why_comparisons_absent(arrivals_, times);
    if (reason.empty()) continue;
    report_.in_turn.erase(name);
    report_.without[name] = reason;
  }
}

}  // namespace assay::run
