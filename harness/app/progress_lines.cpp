#include "harness/app/progress_lines.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "harness/core/metric.hpp"
#include "harness/result/figures.hpp"

namespace assay::app {

namespace {

std::string figure_text(const result::CaseResult& c) {
  if (c.status != result::Status::measured) return c.reason;
  std::string text;
  for (const char* name : {"time", "busbw", "bandwidth", "flops"}) {
    const auto& metric = *find_metric(name);
    const auto figure = result::figure_over_groups(c, metric);
    if (figure)
      text += fmt::format("  {} {}", name, format_quantity(figure->worst.p50, metric.unit));
  }
  if (c.verify.before.wrong + c.verify.after.wrong > 0) text += "  WRONG DATA";
  return text;
}

}  // namespace

void ProgressLines::finished(const result::CaseResult& c) {
  ++done_;
  const auto now = Clock::now();
  const bool due = done_ == cases_ || now - spoken_ >= std::chrono::seconds(1);
  if (volume_ == Volume::quiet || !due) return;
  spoken_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - begun_).count();
  const double left_s =
      elapsed_s / static_cast<double>(done_) * static_cast<double>(cases_ - done_);
  fmt::print(stderr, "[{}/{}] {}{}  (about {:.0f} s left)\n", done_, cases_, label(c.spec),
             figure_text(c), left_s);
  std::fflush(stderr);
}

}  // namespace assay::app
