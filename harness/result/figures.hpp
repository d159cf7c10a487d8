// Figures: (metric, case, group) from samples and work. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/metric.hpp"
#include "harness/result/document.hpp"

namespace assay::result {

/// The series `name` of `group`, or nullptr. In documents that load_result() has read this costs a
/// few comparisons however many groups there are.
const Series* find_series(const Samples& samples, std::string_view name, std::size_t group);

/// How isolated iterations of the case were started, "barrier" or "round-time": figures of one are
/// not those of the other. Empty where the case does not say.
std::string sync_of(const CaseResult& c);

/// Number of groups that the samples speak of: one more than the highest index.
std::size_t group_count(const Samples& samples);

/// The values of `metric` for `group`, one per timed iteration, in double from the stored float32:
/// identical everywhere. `reason` is set and `values` empty where the figure is absent: the case
/// was skipped, the amount or series is not there, or a value is not finite (rates: not positive).
struct MetricValues {
  std::vector<double> values;
  std::string reason;
};
/// `series` names where times come from: "t_max" (default), or "pilot".
MetricValues metric_values(const CaseResult& c, const Metric& metric, std::size_t group,
                           std::string_view series = "t_max");

/// Summary over all iterations of one group, for people: the marginal quantiles with the median's
/// 95% interval (autocorrelation taken into account).
struct Figure {
  std::string metric;
  std::size_t group = 0;
  std::size_t n = 0;
  double p1 = 0, p50 = 0, p99 = 0, min = 0, max = 0;
  double mean = 0;                                       ///< rates: from summed cost (harmonic)
  std::optional<double> p50_lower = {}, p50_upper = {};  ///< absent: too few values
};
std::optional<Figure> figure(const CaseResult& c, const Metric& metric, std::size_t group);

/// The group whose median is worst for `metric` (in the sense of Metric::better; the lowest index
/// among equals), its best and the median over groups: what a document or a table shows of a case.
/// Groups for which the figure is absent are left out; `groups` counts those that remain.
struct FigureOverGroups {
  Figure worst;
  double best_p50 = 0, median_p50 = 0;
  std::size_t groups = 0;
};
std::optional<FigureOverGroups> figure_over_groups(const CaseResult& c, const Metric& metric);

/// All that a case yields: of each metric whose series or amount it has, or ought to have, either
/// the figure or the reason why it is absent.
struct CaseFigures {
  std::vector<FigureOverGroups> figures;  ///< in the order of the metric table
  /// Metric → reason. What CaseResult::absent states is included, unless the samples do give the
  /// figure: stating a figure as absent does not make it so.
  std::map<std::string, std::string> absent;
};
CaseFigures figures_of(const CaseResult& c);

}  // namespace assay::result
