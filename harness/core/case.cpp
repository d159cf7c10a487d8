#include "harness/core/case.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "harness/core/beside.hpp"
#include "harness/core/error.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 2> cache_names{"cold", "warm"};
constexpr std::array<std::string_view, 4> stop_names{"blocks", "iterations", "time", "precision"};

template <typename Enum, typename Names>
std::optional<Enum> from(const Names& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

/// Dimensions in the order people read them; the shape of a matrix product is one word.
constexpr std::array<std::string_view, 19> label_order{
    "collective", "model",  "parallelism", "scaling", "overlap", "graph",  "step",
    "way",        "bytes",  "m",           "type",    "op",      "counts", "algorithm",
    "progress",   "beside", "backend",     "buffers", "memory"};

std::string shape(const Dims& dims) {
  std::string text;
  for (const auto* side : {"m", "n", "k"})
    if (dims.contains(side))
      text += (text.empty() ? "" : "x") + format_dim(dims.find(side)->second, DimKind::integer);
  return text;
}

/// "" where the dimension says nothing: absent, or what everyone assumes.
std::string word(const Dims& dims, std::string_view dim) {
  const auto at = dims.find(dim);
  if (at == dims.end()) return {};
  if (dim == "m") return shape(dims);
  if (dim == "beside")
    return "beside " + describe_beside(parse_beside(std::get<std::string>(at->second), dim));
  auto text = format_dim(at->second, find_dim(dim)->kind);
  if (dim == "overlap") return text == "off" ? "no overlap" : std::string();
  if (dim == "graph") return text == "on" ? "as a graph" : std::string();
  if (dim == "scaling") return text == "weak" ? "weak scaling" : std::string();
  const bool usual = text == "mpi" || text == "host" || text == "plain" || text == "native" ||
                     text == "direct" || text == "uniform" || (dim == "progress" && text == "none");
  return usual ? std::string() : text;
}

/// " placement 7" for a placement or repetition other than the first.
std::string numbered(const Dims& dims, std::string_view dim) {
  const auto at = dims.find(dim);
  if (at == dims.end() || at->second == DimValue{std::int64_t{0}}) return {};
  return fmt::format(" {} {}", dim, format_dim(at->second, DimKind::integer));
}

}  // namespace

std::string_view name(Pacing pacing) { return pacing_names[static_cast<std::size_t>(pacing)]; }
std::string_view name(Cache cache) { return cache_names[static_cast<std::size_t>(cache)]; }
std::string_view name(StopKind kind) { return stop_names[static_cast<std::size_t>(kind)]; }

std::optional<Pacing> pacing_from(std::string_view text) {
  return from<Pacing>(pacing_names, text);
}
std::optional<Cache> cache_from(std::string_view text) { return from<Cache>(cache_names, text); }
std::optional<StopKind> stop_kind_from(std::string_view text) {
  return from<StopKind>(stop_names, text);
}

std::string_view layout_name(const Case& c) {
  return std::string_view(c.layout).substr(0, c.layout.find('@'));
}

std::string companion_layout(const Case& c) {
  const auto beside = c.dims.find("beside");
  if (beside == c.dims.end()) return {};
  const auto placement = std::string_view(c.layout).substr(layout_name(c).size());
  return parse_beside(std::get<std::string>(beside->second), "beside").layout +
         std::string(placement);
}

std::optional<DimValue> attribute(const Case& c, std::string_view key) {
  if (key == "benchmark") return c.benchmark;
  if (key == "layout") return std::string(layout_name(c));
  if (key == "pacing") return std::string(name(c.protocol.pacing));
  if (key == "cache") return std::string(name(c.protocol.cache));
  const auto at = c.dims.find(key);
  if (at != c.dims.end()) return at->second;
  if (key == "placement" || key == "repetition") return std::int64_t{0};
  if (key == "buffers" && c.dims.contains("backend")) return std::string("plain");
  return std::nullopt;
}

const std::string* traffic_of(const Case& c) {
  const auto counts = c.dims.find("counts");
  const auto* text = counts == c.dims.end() ? nullptr : std::get_if<std::string>(&counts->second);
  return text != nullptr && text->starts_with(traffic_file) ? text : nullptr;
}

std::string label(const Case& c) {
  auto text = c.benchmark;
  for (const auto dim : label_order)
    if (const auto part = word(c.dims, dim); !part.empty()) text += " " + part;
  if (const auto in_place = c.dims.find("in_place");
      in_place != c.dims.end() && in_place->second == DimValue{true})
    text += " in-place";
  if (const auto root = c.dims.find("root");
      root != c.dims.end() && root->second != DimValue{std::string("0")})
    text += " root " + std::get<std::string>(root->second);
  text += fmt::format(" {} {}", layout_name(c), name(c.protocol.pacing));
  if (c.protocol.cache == Cache::warm) text += " warm";
  return text + numbered(c.dims, "placement") + numbered(c.dims, "repetition");
}

}  // namespace assay
