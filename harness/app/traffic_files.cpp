#include "harness/app/traffic_files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "harness/core/error.hpp"
#include "harness/core/printable.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/files.hpp"

namespace assay::app {

namespace {

/// What cases call the file that `counts` names; its text goes into `texts`.
std::string read(const std::string& counts, TrafficTexts& texts) {
  const auto wanted = traffic_name(counts);
  auto text = result::read_text(wanted.path);
  parse_traffic(text, wanted.path);
  const auto digest = result::sha256(text).substr(0, traffic_digits);
  if (!wanted.digest.empty() && wanted.digest != digest)
    throw UsageError({wanted.path,
                      fmt::format("its digest is {}, and {} is asked for", digest, wanted.digest),
                      "give the file that is meant, or leave the digest out"});
  const auto file = std::filesystem::path(wanted.path).filename().string();
  if (printable(file) != file)
    throw UsageError({wanted.path, "its name stands in every case and is no plain UTF-8 text",
                      "rename the file"});
  auto name = format_traffic({file, digest});
  texts.emplace(name, std::move(text));
  return name;
}

}  // namespace

TrafficTexts read_traffic(plan::Suite& suite) {
  TrafficTexts texts;
  for (auto& request : suite.requests) {
    const auto counts = request.dims.find("counts");
    if (counts == request.dims.end()) continue;
    for (auto& value : counts->second)
      if (auto* text = std::get_if<std::string>(&value); text && text->starts_with(traffic_file))
        *text = read(*text, texts);
  }
  return texts;
}

void check_traffic(const plan::Plan& plan) {
  for (const auto& spec : plan.cases) {
    if (spec.traffic == nullptr) continue;
    const auto rows = static_cast<std::size_t>(spec.traffic->ranks);
    const auto& layout = plan.layouts.at(spec.layout);
    for (const auto size : {layout.smallest_group(), layout.largest_group()})
      if (size != rows)
        throw UsageError(
            {traffic_name(*traffic_of(spec)).path,
             fmt::format(
                 "its matrix is of {0} lines and {0} columns, and a group of layout {1} has "
                 "{2} rank{3}",
                 rows, layout_name(spec), size, size == 1 ? "" : "s"),
             "give one line and one column per rank, or choose another layout"});
  }
}

}  // namespace assay::app
