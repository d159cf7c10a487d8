#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "harness/core/beside.hpp"
#include "harness/core/printable.hpp"
#include "harness/report/step_text.hpp"
#include "harness/report/table.hpp"
#include "harness/report/text.hpp"
#include "harness/result/figures.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::report {
namespace {

using result::CaseResult;
using result::Figure;
using result::ResultDocument;

/// Benchmarks whose rows have the same columns.
enum class Family { collective, overlap, congestion, memory, compute, step, plain };

/// Rows of collectives that are compared with something that goes on meanwhile.
bool is_concurrent(Family family) {
  return family == Family::overlap || family == Family::congestion;
}

Family family_of(const CaseResult& c) {
  if (c.spec.dims.contains("parallelism")) return Family::step;
  if (c.spec.dims.contains("beside")) return Family::congestion;
  if (c.spec.dims.contains("progress")) return Family::overlap;
  if (c.spec.dims.contains("backend") && c.spec.dims.contains("bytes")) return Family::collective;
  if (c.spec.dims.contains("m")) return Family::compute;
  return c.spec.dims.contains("bytes") ? Family::memory : Family::plain;
}

std::string dim_text(const CaseResult& c, std::string_view dim) {
  const auto at = c.spec.dims.find(dim);
  return at == c.spec.dims.end() ? "-" : format_dim(at->second, DimKind::integer);
}

std::string companion(const CaseResult& c) {
  return describe_beside(parse_beside(text_dim(c.spec.dims, "beside"), "beside"));
}

std::int64_t bytes_of(const CaseResult& c) {
  const auto at = c.spec.dims.find("bytes");
  const auto* bytes = at == c.spec.dims.end() ? nullptr : std::get_if<std::int64_t>(&at->second);
  return bytes == nullptr ? 0 : *bytes;
}

/// As many digits as a reader needs: 0.0261, 4.25, 371.2, 12345.
std::string number(double value) {
  const int digits = value >= 10'000 ? 0 : value >= 100 ? 1 : value >= 1 ? 2 : 4;
  return fmt::format("{:.{}f}", value, digits);
}

std::string microseconds(double seconds) { return number(seconds * 1e6); }
std::string giga(double value) { return number(value / 1e9); }

std::string count_of(const CaseResult& c) {
  const auto at = c.notes.find("count");
  return at == c.notes.end() ? "-" : at->second;
}

std::string wrong(const CaseResult& c) {
  if (!c.verify.done) return "N/A";
  return fmt::format("{}", c.verify.before.wrong + c.verify.after.wrong);
}

/// Mean rate of the group, from summed time.
std::string plain_rate(const CaseResult& c, std::string_view metric, std::size_t group) {
  const auto found = result::figure(c, *find_metric(metric), group);
  return found ? number(found->mean) : "-";
}

/// The same in billions.
std::string rate(const CaseResult& c, std::string_view metric, std::size_t group) {
  const auto found = result::figure(c, *find_metric(metric), group);
  return found ? giga(found->mean) : "-";
}

/// "0.62 [0.58, 0.66]": the median and its interval.
std::string ratio(const CaseResult& c, std::string_view metric, std::size_t group) {
  const auto found = result::figure(c, *find_metric(metric), group);
  if (!found) return "-";
  auto text = number(found->p50);
  if (found->p50_lower && found->p50_upper)
    text += fmt::format(" [{}, {}]", number(*found->p50_lower), number(*found->p50_upper));
  return text;
}

std::string place(const CaseResult& c) {
  const auto at = c.spec.dims.find("in_place");
  if (at == c.spec.dims.end()) return "-";
  return at->second == DimValue{true} ? "in" : "out";
}

/// What else tells rows apart: "nccl", "ring", "skewed:7", "window 64"; "-" where all is as usual.
std::string variant(const CaseResult& c) {
  std::vector<std::string> words;
  for (const auto* dim : {"backend", "step", "algorithm", "counts", "buffers"})
    if (const auto word = dim_text(c, dim); word != "mpi" && word != "native" && word != "direct" &&
                                            word != "uniform" && word != "plain" && word != "-")
      words.push_back(word);
  if (const auto window = dim_text(c, "window"); window != "-") words.push_back("window " + window);
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

std::vector<std::string> shape(const CaseResult& c, Family family) {
  switch (family) {
    case Family::collective:
      return {fmt::format("{}", bytes_of(c)),
              count_of(c),
              dim_text(c, "type"),
              dim_text(c, "op"),
              dim_text(c, "root"),
              place(c),
              variant(c)};
    case Family::overlap:
    case Family::congestion:
      return {dim_text(c, "collective"), fmt::format("{}", bytes_of(c)), dim_text(c, "type"),
              dim_text(c, "op"),
              family == Family::overlap ? dim_text(c, "progress") : companion(c)};
    case Family::memory:
      return {fmt::format("{}", bytes_of(c)), dim_text(c, "way"), dim_text(c, "memory")};
    case Family::compute:
      return {dim_text(c, "m"), dim_text(c, "n"), dim_text(c, "k"), dim_text(c, "type")};
    case Family::step:
      return {dim_text(c, "model"), dim_text(c, "parallelism"), dim_text(c, "overlap"),
              dim_text(c, "progress")};
    case Family::plain:
      return {variant(c)};
  }
  return {};
}

std::vector<std::string> rates(const CaseResult& c, Family family, std::size_t group) {
  switch (family) {
    case Family::collective:
      return {rate(c, "algbw", group), rate(c, "busbw", group), wrong(c)};
    case Family::overlap:
      return {ratio(c, "overlap", group), wrong(c)};
    case Family::congestion:
      return {ratio(c, "slowdown", group), wrong(c)};
    case Family::memory:
      return {rate(c, "bandwidth", group), wrong(c)};
    case Family::compute:
      return {rate(c, "flops", group), wrong(c)};
    case Family::step:
      return {plain_rate(c, "tokens_per_s", group), rate(c, "model_flops", group),
              plain_rate(c, "mfu", group), wrong(c)};
    case Family::plain:
      break;
  }
  return {};
}

std::vector<Column> columns(Family family) {
  std::vector<Column> all;
  const auto add = [&all](std::initializer_list<std::string_view> headers) {
    for (const auto header : headers) all.push_back({std::string(header), Align::right});
  };
  if (family == Family::collective) add({"size(B)", "count", "type", "redop", "root", "place"});
  if (family == Family::collective || family == Family::plain)
    all.push_back({"variant", Align::right, "-"});
  if (is_concurrent(family)) add({"collective", "size(B)", "type", "redop"});
  if (family == Family::overlap) add({"progress"});
  if (family == Family::congestion) add({"beside"});
  if (family == Family::memory) {
    add({"size(B)"});
    all.push_back({"way", Align::right, "-"});
    all.push_back({"memory", Align::right, "host"});
  }
  if (family == Family::compute) add({"m", "n", "k", "type"});
  if (family == Family::step) {
    add({"model", "parallelism"});
    all.push_back({"overlap", Align::right, "on"});
    all.push_back({"progress", Align::right, "poll"});
  }
  add({"time(us)"});
  if (family == Family::collective) add({"algbw(GB/s)", "busbw(GB/s)", "#wrong"});
  if (family == Family::overlap) add({"overlap p50", "#wrong"});
  if (family == Family::congestion) add({"slowdown p50", "#wrong"});
  if (family == Family::memory) add({"bandwidth(GB/s)", "#wrong"});
  if (family == Family::compute) add({"GFLOP/s", "#wrong"});
  if (family == Family::step) {
    add({"tokens/s", "GFLOP/s"});
    all.push_back({"mfu", Align::right, "-"});
    add({"#wrong"});
  }
  add({"p50(us)", "95% of p50(us)"});
  all.push_back({"p99(us)", Align::right, "-"});
  add({"n"});
  for (const auto* header : {"layout", "pacing", "group"}) all.push_back({header, Align::left});
  return all;
}

std::string interval(const Figure& time) {
  if (!time.p50_lower || !time.p50_upper) return "-";
  return fmt::format("{} … {}", microseconds(*time.p50_lower), microseconds(*time.p50_upper));
}

void append(std::vector<std::string>& row, std::vector<std::string> cells) {
  for (auto& cell : cells) row.push_back(std::move(cell));
}

std::vector<std::string> row_of(const CaseResult& c, Family family) {
  auto row = shape(c, family);
  const auto found = result::figure_over_groups(c, *find_metric("time"));
  if (!found) return row;
  const auto& time = found->worst;
  row.push_back(microseconds(time.mean));
  append(row, rates(c, family, time.group));
  const bool says_p99 =
      family != Family::step || std::cmp_greater_equal(time.n, stats::least_iterations(0.99));
  append(row,
         {microseconds(time.p50), interval(time), says_p99 ? microseconds(time.p99) : "-",
          fmt::format("{}", time.n), c.spec.layout, std::string(name(c.spec.protocol.pacing)),
          found->groups == 1 ? "only" : fmt::format("{}, worst of {}", time.group, found->groups)});
  return row;
}

/// In the order that people read: benchmark, layout, size, then what else tells cases apart.
std::vector<const CaseResult*> in_order(const ResultDocument& document) {
  std::vector<const CaseResult*> cases;
  for (const auto& c : document.cases) cases.push_back(&c);
  const auto key = [](const CaseResult* c) {
    const auto& s = c->spec;
    return std::make_tuple(s.benchmark, s.layout, bytes_of(*c), s.dims, s.protocol.pacing, s.id);
  };
  std::sort(cases.begin(), cases.end(),
            [&](const auto* a, const auto* b) { return key(a) < key(b); });
  return cases;
}

std::string missing_text(const CaseResult& c) {
  const auto what = c.status == result::Status::skipped ? "skipped" : "not finished";
  return wrapped(fmt::format("# {} ", what), fmt::format("{}: {}", label(c.spec), c.reason), 119);
}

/// How often which rank of the run came last, over all iterations of a group.
struct LastComer {
  int rank = 0, group_size = 0;
  double share = 0;
};

/// Of the group where one rank is last most often.
LastComer last_comer(const CaseResult& c, const Layout& layout) {
  LastComer most;
  for (std::size_t group = 0; group < layout.group_count(); ++group) {
    const auto* series = result::find_series(c.samples, "last_arriver", group);
    const auto ranks = layout.group(group).ranks();
    if (series == nullptr || series->values.empty()) continue;
    std::vector<std::size_t> counts(ranks.size());
    for (const float value : series->values)
      if (value >= 0 && value < static_cast<float>(ranks.size()))
        ++counts[static_cast<std::size_t>(value)];
    const auto at = std::max_element(counts.begin(), counts.end());
    const double share = static_cast<double>(*at) / static_cast<double>(series->values.size());
    if (ranks.size() == 1 || share <= most.share) continue;
    most = {ranks[static_cast<std::size_t>(at - counts.begin())], static_cast<int>(ranks.size()),
            share};
  }
  return most;
}

/// Named only where the others wait for one rank, rather than by chance.
std::string last_comer_text(const CaseResult& c, const ResultDocument& document) {
  const auto layout = document.layouts.find(c.spec.layout);
  if (layout == document.layouts.end()) return {};
  const auto last = last_comer(c, layout->second);
  if (last.group_size == 0 || last.share <= std::max(0.5, 2.0 / last.group_size)) return {};
  return wrapped("# ",
                 fmt::format("last to arrive: rank {} in {:.0f}% of iterations of {}", last.rank,
                             100 * last.share, label(c.spec)),
                 119);
}

std::string benchmark_table(const std::vector<const CaseResult*>& cases,
                            const ResultDocument& document) {
  const auto family = family_of(*cases.front());
  Table table(columns(family));
  std::string missing, last;
  std::size_t rows = 0;
  for (const auto* c : cases) {
    if (c->status == result::Status::measured) {
      table.add(row_of(*c, family));
      last += last_comer_text(*c, document);
      ++rows;
    } else {
      missing += missing_text(*c);
    }
  }
  return fmt::format("# {}\n{}{}{}{}", printable(cases.front()->spec.benchmark),
                     rows > 0 ? table.text() : "", step_parts(cases, document), last, missing);
}

}  // namespace

std::string result_table(const ResultDocument& document) {
  std::map<std::string, std::vector<const CaseResult*>> by_benchmark;
  for (const auto* c : in_order(document)) by_benchmark[c->spec.benchmark].push_back(c);
  std::string text;
  for (const auto& [benchmark, cases] : by_benchmark) {
    if (!text.empty()) text += "\n";
    text += benchmark_table(cases, document);
  }
  if (text.empty()) return text;
  return "# time: mean of T_max over the n iterations of the slowest group; GB = 10^9 bytes\n" +
         text;
}

}  // namespace assay::report
