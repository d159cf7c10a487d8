#include "harness/core/beside.hpp"

#include <fmt/format.h>

#include "harness/core/data_type.hpp"
#include "harness/core/error.hpp"
#include "harness/core/units.hpp"

namespace assay {
namespace {

DimValue parse_value(std::string_view key, std::string_view text, std::string_view where) {
  const auto* dim = find_dim(key);
  if (dim->kind == DimKind::bytes) return parse_bytes_option(text, where);
  if (key == "type" && is_way_to_multiply(text))
    throw UsageError({std::string(where),
                      fmt::format("{} is a way to multiply, and nothing that is sent", text),
                      "send fp32"});
  return parse_dim(*dim, text, where);
}

void set(Beside& beside, std::string_view part, std::string_view where) {
  const auto equals = part.find('=');
  const auto key = part.substr(0, equals);
  const bool known = key == "layout" || beside.dims.contains(key);
  if (equals == std::string_view::npos || !known)
    throw UsageError({std::string(where), fmt::format("'{}' says nothing of what is beside", part),
                      "write for example all_to_all:layout=node,bytes=1MiB (or type=, op=)"});
  const auto value = part.substr(equals + 1);
  if (key == "layout")
    beside.layout = value;
  else
    beside.dims.insert_or_assign(std::string(key), parse_value(key, value, where));
}

}  // namespace

Beside beside_of(std::string collective) {
  return {.collective = std::move(collective),
          .layout = "world",
          .dims = {{"type", std::string("fp32")},
                   {"bytes", std::int64_t{1} << 20},
                   {"op", std::string("sum")}}};
}

Beside parse_beside(std::string_view text, std::string_view where) {
  const auto colon = text.find(':');
  auto beside = beside_of(std::string(text.substr(0, colon)));
  if (colon == std::string_view::npos) return beside;
  auto rest = text.substr(colon + 1);
  while (true) {
    // "layout=split:2" has a colon of its own, but no value has a comma.
    const auto comma = rest.find(',');
    set(beside, rest.substr(0, comma), where);
    if (comma == std::string_view::npos) return beside;
    rest = rest.substr(comma + 1);
  }
}

std::string format_beside(const Beside& beside) {
  return fmt::format("{}:layout={},bytes={},type={},op={}", beside.collective, beside.layout,
                     integer_dim(beside.dims, "bytes"), text_dim(beside.dims, "type"),
                     text_dim(beside.dims, "op"));
}

std::string describe_beside(const Beside& beside) {
  const auto& op = text_dim(beside.dims, "op");
  return fmt::format("{} {} {}{} {}", beside.collective,
                     format_bytes(integer_dim(beside.dims, "bytes")), text_dim(beside.dims, "type"),
                     op == "sum" ? "" : " " + op, beside.layout);
}

}  // namespace assay
