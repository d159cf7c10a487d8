#include "harness/result/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "harness/stats/autocorrelation.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::result {
namespace {

constexpr double shown_confidence = 0.95;

/// Where the numbers of a metric come from in one group, or why there are none.
struct Origin {
  std::span<const float> series = {};
  double amount = 0;  ///< rates and costs only
  std::string reason = {};
};

bool is_rate(const Metric& metric) { return metric.source == Source::rate; }
/// Whether a Work amount and the times make it.
bool uses_work(const Metric& metric) { return is_rate(metric) || metric.source == Source::cost; }

/// The recorded series that a metric stands on. A pilot is recorded as T_max only, which stands for
/// every other time: what is wanted of it is how one iteration remembers the last.
std::string_view series_of(const Metric& metric, std::string_view times) {
  return uses_work(metric) || metric.of == "t_max" || times == "pilot" ? times : metric.of;
}

bool has_series(const CaseResult& c, std::string_view name) {
  return std::any_of(c.samples.series.begin(), c.samples.series.end(),
                     [name](const Series& series) { return series.name == name; });
}

/// What the case itself says about a metric that it lacks; empty if nothing.
std::string stated_reason(const CaseResult& c, const Metric& metric) {
  const auto found = c.absent.find(std::string(metric.name));
  return found == c.absent.end() ? std::string() : found->second;
}

/// 0-based index of the first value that makes no figure; values.size() if there is none.
std::size_t first_unusable(const Metric& metric, std::span<const float> values) {
  const bool rate = is_rate(metric);
  const auto bad = std::find_if(values.begin(), values.end(), [rate](float value) {
    return !std::isfinite(value) || (rate && value <= 0);
  });
  return static_cast<std::size_t>(bad - values.begin());
}

std::string unusable_sentence(const Metric& metric, std::string_view series, std::size_t index,
                              float value) {
  if (!std::isfinite(value)) return fmt::format("value {} of {} is not finite", index, series);
  return fmt::format("value {} of {} is {} s: no {} can be formed", index, series, value,
                     metric.name);
}

/// The amount of a rate or cost in `group`: finite and set, or a reason.
Origin amount_of(const CaseResult& c, const Metric& metric, std::size_t group) {
  if (c.work.size() == 1 || group < c.work.size()) {
    const auto& work = c.work_of(group);
    const auto known = work.amount.find(metric.of);
    if (known != work.amount.end() && std::isfinite(known->second))
      return {.amount = known->second};
    if (const auto absent = work.absent.find(metric.of); absent != work.absent.end())
      return {.reason = absent->second};
    if (known != work.amount.end()) return {.reason = fmt::format("{} is not finite", metric.of)};
  }
  return {.reason = fmt::format("{} has no {}", c.spec.benchmark, metric.of)};
}

Origin origin(const CaseResult& c, const Metric& metric, std::size_t group,
              std::string_view times) {
  if (c.status != Status::measured) return {.reason = c.reason.empty() ? "not measured" : c.reason};
  Origin from;
  if (uses_work(metric)) from = amount_of(c, metric, group);
  if (!from.reason.empty()) return from;
  const auto name = series_of(metric, times);
  const auto* series = find_series(c.samples, name, group);
  if (series == nullptr || series->values.empty())
    return {.reason = fmt::format("no {} was recorded", name)};
  const auto bad = first_unusable(metric, series->values);
  if (bad < series->values.size())
    return {.reason = unusable_sentence(metric, name, bad, series->values[bad])};
  from.series = series->values;
  return from;
}

double value_of(const Metric& metric, const Origin& from, float recorded) {
  if (is_rate(metric)) return from.amount / double{recorded};
  return uses_work(metric) ? double{recorded} / from.amount : double{recorded};
}

/// The ⌈n/2⌉-th smallest and the ⌈n/2⌉-th largest of a series.
struct Middle {
  float low = 0, high = 0;
};

Middle middle_of(std::span<const float> series, std::vector<float>& scratch) {
  scratch.assign(series.begin(), series.end());
  const auto at = scratch.begin() + static_cast<std::ptrdiff_t>((scratch.size() - 1) / 2);
  std::nth_element(scratch.begin(), at, scratch.end());
  const bool odd = scratch.size() % 2 == 1;
  return {.low = *at, .high = odd ? *at : *std::min_element(at + 1, scratch.end())};
}

/// Middles of a case, by series and group: several metrics stand on the same times.
class Middles {
 public:
  const Middle& of(std::string_view series, std::size_t group, std::span<const float> values) {
    auto& groups = known_[series];
    if (group >= groups.size()) groups.resize(group + 1);
    if (!groups[group]) groups[group] = middle_of(values, scratch_);
    return *groups[group];
  }

 private:
  std::map<std::string_view, std::vector<std::optional<Middle>>> known_;
  std::vector<float> scratch_;
};

/// The median as stats::order_quantile gives it, without a sort. A rate falls as time grows, and
/// rounding keeps the order, so its k-th smallest belongs to the k-th largest time: the same
/// double.
double median(const Metric& metric, const Origin& from, const Middle& middle) {
  const bool falling = is_rate(metric) && from.amount > 0;
  return value_of(metric, from, falling ? middle.high : middle.low);
}

/// Rates: values per summed cost. Plain numbers: their average.
double mean_of(const Metric& metric, const Origin& from) {
  const double sum = std::accumulate(from.series.begin(), from.series.end(), 0.0);
  const auto n = static_cast<double>(from.series.size());
  if (is_rate(metric)) return from.amount * n / sum;
  return sum / n / (uses_work(metric) ? from.amount : 1);
}

bool yields(const CaseResult& c, const Metric& metric) {
  if (!uses_work(metric)) return has_series(c, metric.of);
  return std::any_of(c.work.begin(), c.work.end(), [&](const Work& work) {
    return work.amount.contains(metric.of) || work.absent.contains(metric.of);
  });
}

MetricValues values_of(const Metric& metric, const Origin& from) {
  MetricValues result{.values = {}, .reason = from.reason};
  result.values.reserve(from.series.size());
  for (const float recorded : from.series)
    result.values.push_back(value_of(metric, from, recorded));
  return result;
}

/// The figure of one group, whose origin must have values.
Figure summarise(const Metric& metric, std::size_t group, const Origin& from) {
  auto values = values_of(metric, from).values;
  const double tau = stats::autocorrelation_time(values);
  std::sort(values.begin(), values.end());
  const auto interval = stats::quantile_interval(values, 0.5, shown_confidence, tau);
  Figure f{.metric = std::string(metric.name), .group = group, .n = values.size()};
  f.p1 = stats::sorted_quantile(values, 0.01);
  f.p50 = stats::sorted_quantile(values, 0.5);
  f.p99 = stats::sorted_quantile(values, 0.99);
  f.min = values.front();
  f.max = values.back();
  f.mean = mean_of(metric, from);
  if (interval) {
    f.p50_lower = interval->lower;
    f.p50_upper = interval->upper;
  }
  return f;
}

/// From samples and work alone, whatever the case states as absent.
std::optional<FigureOverGroups> over_groups(const CaseResult& c, const Metric& metric,
                                            Middles& middles) {
  const auto series = series_of(metric, "t_max");
  if (!has_series(c, series)) return std::nullopt;
  std::vector<double> medians;
  std::size_t worst = 0;
  double worst_median = 0, best_median = 0;
  const auto worse = [&](double a, double b) {
    return metric.better == Better::higher ? a < b : a > b;
  };
  const std::size_t groups = group_count(c.samples);
  for (std::size_t group = 0; group < groups; ++group) {
    const auto from = origin(c, metric, group, "t_max");
    if (from.series.empty()) continue;
    const double p50 = median(metric, from, middles.of(series, group, from.series));
    if (medians.empty() || worse(p50, worst_median)) {
      worst = group;
      worst_median = p50;
    }
    if (medians.empty() || worse(best_median, p50)) best_median = p50;
    medians.push_back(p50);
  }
  if (medians.empty()) return std::nullopt;
  return FigureOverGroups{.worst = summarise(metric, worst, origin(c, metric, worst, "t_max")),
                          .best_p50 = best_median,
                          .median_p50 = stats::order_quantile(medians, 0.5),
                          .groups = medians.size()};
}

}  // namespace

std::string sync_of(const CaseResult& c) {
  const auto note = c.notes.find("sync");
  return note == c.notes.end() ? std::string() : note->second;
}

std::size_t group_count(const Samples& samples) {
  std::size_t groups = 0;
  for (const auto& series : samples.series) groups = std::max(groups, series.group + 1);
  return groups;
}

const Series* find_series(const Samples& samples, std::string_view name, std::size_t group) {
  const auto& all = samples.series;
  const auto matches = [&](const Series& s) { return s.group == group && s.name == name; };
  // As documents are read: series by series, each with all groups in order.
  const std::size_t groups = all.empty() ? 1 : all.back().group + 1;
  for (std::size_t i = group; i < all.size(); i += groups)
    if (matches(all[i])) return &all[i];
  const auto found = std::find_if(all.begin(), all.end(), matches);
  return found == all.end() ? nullptr : &*found;
}

MetricValues metric_values(const CaseResult& c, const Metric& metric, std::size_t group,
                           std::string_view series) {
  if (auto reason = stated_reason(c, metric); !reason.empty())
    return {.values = {}, .reason = std::move(reason)};
  return values_of(metric, origin(c, metric, group, series));
}

std::optional<Figure> figure(const CaseResult& c, const Metric& metric, std::size_t group) {
  if (!stated_reason(c, metric).empty()) return std::nullopt;
  const auto from = origin(c, metric, group, "t_max");
  if (from.series.empty()) return std::nullopt;
  return summarise(metric, group, from);
}

std::optional<FigureOverGroups> figure_over_groups(const CaseResult& c, const Metric& metric) {
  if (!stated_reason(c, metric).empty()) return std::nullopt;
  Middles middles;
  return over_groups(c, metric, middles);
}

CaseFigures figures_of(const CaseResult& c) {
  CaseFigures result{.figures = {}, .absent = c.absent};
  if (c.status != Status::measured) return result;
  Middles middles;
  for (const auto& metric : metrics) {
    if (!yields(c, metric)) continue;
    if (auto found = over_groups(c, metric, middles)) {
      result.absent.erase(std::string(metric.name));
      result.figures.push_back(std::move(*found));
    } else {
      result.absent.emplace(metric.name, origin(c, metric, 0, "t_max").reason);
    }
  }
  return result;
}

}  // namespace assay::result
