#include "harness/result/samples_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>

#include "harness/core/error.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/figures.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little,
              "the sidecar is little-endian: a big-endian host needs a byte swap here");

constexpr std::string_view name(Axis axis) {
  return axis == Axis::iteration ? "iteration" : "rank";
}

/// One series with its values by group; nullptr where a group has none.
struct Column {
  const Series* first = nullptr;
  std::vector<const Series*> groups;
  std::size_t values(std::size_t group) const {
    return groups[group] == nullptr ? 0 : groups[group]->values.size();
  }
};

/// Series by name, in the order in which names first appear.
std::vector<Column> columns(const Samples& samples, std::size_t groups) {
  std::vector<Column> result;
  for (const auto& series : samples.series) {
    const auto same = [&](const Column& c) { return c.first->name == series.name; };
    auto column = std::find_if(result.begin(), result.end(), same);
    if (column == result.end())
      column = result.insert(column, {&series, std::vector<const Series*>(groups, nullptr)});
    invariant(column->first->unit == series.unit && column->first->axis == series.axis,
              "a series has two units or two axes");
    invariant(column->groups[series.group] == nullptr, "a group has a series twice");
    column->groups[series.group] = &series;
  }
  return result;
}

Json counts_of(const Column& column) {
  Json list = Json::array();
  bool alike = true;
  for (std::size_t g = 0; g < column.groups.size(); ++g) {
    list.push_back(column.values(g));
    alike = alike && column.values(g) == column.values(0);
  }
  return alike ? list[0] : list;
}

/// Few digits where they lead back to the same float32, else all digits of the double.
Json inline_value(float value) {
  if (!std::isfinite(value)) return nullptr;
  const double shortest = std::strtod(fmt::format("{}", value).c_str(), nullptr);
  return static_cast<float>(shortest) == value ? shortest : double{value};
}

Json inline_values(const Column& column) {
  Json groups = Json::array();
  for (const auto* series : column.groups) {
    Json list = Json::array();
    if (series != nullptr)
      for (const float value : series->values) list.push_back(inline_value(value));
    groups.push_back(std::move(list));
  }
  return groups;
}

std::vector<float> concatenate(const std::vector<Column>& columns, std::size_t total) {
  std::vector<float> block;
  block.reserve(total);
  for (const auto& column : columns)
    for (const auto* series : column.groups)
      if (series != nullptr)
        block.insert(block.end(), series->values.begin(), series->values.end());
  return block;
}

struct SeriesHead {
  std::string name, unit;
  Axis axis = Axis::iteration;
};

SeriesHead read_head(plan::ObjectReader& reader) {
  SeriesHead head{.name = reader.text("name"), .unit = reader.text("unit")};
  if (reader.value("axis").choice({"iteration", "rank"}) == "rank") head.axis = Axis::rank;
  return head;
}

Series series_of(const SeriesHead& head, std::size_t group, std::vector<float> values) {
  return {head.name, head.unit, head.axis, group, std::move(values)};
}

float read_inline_value(const plan::JsonValue& value) {
  if (value.json().is_null()) return std::numeric_limits<float>::quiet_NaN();
  const auto number = static_cast<float>(value.number());
  if (!std::isfinite(number)) value.refuse("the value does not fit float32", restore);
  return number;
}

void read_inline(const plan::JsonValue& list, std::size_t groups, Samples& into) {
  for (const auto& entry : list.list()) {
    auto reader = entry.object();
    const auto head = read_head(reader);
    const auto values = reader.value("values");
    const auto by_group = values.list();
    if (by_group.size() != groups)
      values.refuse(fmt::format("{} groups where the layout has {}", by_group.size(), groups),
                    restore);
    for (std::size_t g = 0; g < groups; ++g) {
      std::vector<float> numbers;
      for (const auto& value : by_group[g].list()) numbers.push_back(read_inline_value(value));
      into.series.push_back(series_of(head, g, std::move(numbers)));
    }
    reader.finish();
  }
}

/// Groups times series that few bytes of the document can claim: an entry costs memory even where
/// it is empty.
void check_entries(const plan::JsonValue& list, std::size_t series, std::size_t groups,
                   std::size_t values) {
  constexpr std::size_t most_empty = 16;
  if (series > most_empty * values / std::max<std::size_t>(groups, 1))
    list.refuse(fmt::format("{} series of {} groups, but {} values", series, groups, values),
                restore);
}

/// A count of values, which can't exceed what the block has left.
std::size_t read_count(const plan::JsonValue& value, std::size_t left) {
  const auto count = static_cast<std::uint64_t>(value.integer_at_least(0));
  if (count > left)
    value.refuse(fmt::format("{} values where the block has {} left", count, left), restore);
  return static_cast<std::size_t>(count);
}

void read_column(plan::ObjectReader reader, std::size_t groups, std::span<const float>& left,
                 Samples& into) {
  const auto head = read_head(reader);
  const auto counts = reader.value("counts");
  const auto by_group = counts.list_or_one();
  if (counts.is_list() && by_group.size() != groups)
    counts.refuse(fmt::format("{} counts where the layout has {} groups", by_group.size(), groups),
                  restore);
  for (std::size_t g = 0; g < groups; ++g) {
    const auto count = read_count(by_group[counts.is_list() ? g : 0], left.size());
    const auto values = left.first(count);
    into.series.push_back(series_of(head, g, {values.begin(), values.end()}));
    left = left.subspan(count);
  }
  reader.finish();
}

/// What encode_samples() would not write: which of two would be the evidence?
void check_names(const plan::JsonValue& value, const Samples& samples) {
  std::set<std::string_view> names;
  for (const auto& series : samples.series)
    if (series.group == 0 && !names.insert(series.name).second)
      value.refuse(fmt::format("series {} stands twice", series.name), restore);
}

Sidecar::Block read_block(plan::ObjectReader& reader, const std::string& case_id) {
  const auto file = reader.value("file");
  if (file.text() != sidecar_name)
    file.refuse(fmt::format("\"{}\" is not the sidecar", file.text()),
                fmt::format("it must be \"{}\"", sidecar_name));
  Sidecar::Block block{.sha256 = reader.text("sha256"), .case_id = case_id};
  block.offset = static_cast<std::uint64_t>(reader.value("offset").integer_at_least(0));
  block.bytes = static_cast<std::uint64_t>(reader.value("bytes").integer_at_least(0));
  return block;
}

}  // namespace

EncodedSamples encode_samples(const Samples& samples, std::size_t groups, std::uint64_t offset) {
  invariant(group_count(samples) <= groups, "samples of a group that the layout does not have");
  const auto table = columns(samples, groups);
  std::size_t total = 0;
  for (const auto& series : samples.series) total += series.values.size();
  const bool inlined = total <= max_inline_values;

  EncodedSamples encoded{.json = {{"block_length", samples.block_length}, {"groups", groups}}};
  Json list = Json::array();
  for (const auto& column : table) {
    Json entry{{"name", column.first->name},
               {"unit", column.first->unit},
               {"axis", name(column.first->axis)}};
    entry[inlined ? "values" : "counts"] = inlined ? inline_values(column) : counts_of(column);
    list.push_back(std::move(entry));
  }
  if (!inlined) {
    encoded.block = concatenate(table, total);
    encoded.json["file"] = sidecar_name;
    encoded.json["offset"] = offset;
    encoded.json["bytes"] = total * sizeof(float);
    encoded.json["sha256"] = sha256(std::as_bytes(std::span(encoded.block)));
  }
  encoded.json[inlined ? "inline" : "series"] = std::move(list);
  return encoded;
}

Sidecar::Sidecar(std::filesystem::path path) : path_(std::move(path)), file_(path_) {}

std::span<const float> Sidecar::read(const Block& block) {
  const auto refuse = [&](std::string what, std::string remedy) {
    throw UsageError({.where = path_.string(), .what = std::move(what), .remedy = remedy});
  };
  if (block.offset != next_)
    refuse(fmt::format("the samples of case {} are said to begin at byte {}, but those of the "
                       "cases before it end at byte {}",
                       block.case_id, block.offset, next_),
           "a case was dropped, moved or edited after the run");
  if (block.bytes % sizeof(float) != 0)
    refuse(fmt::format("the samples of case {} are said to have {} bytes, which is no whole number "
                       "of float32 values",
                       block.case_id, block.bytes),
           restore);
  if (block.bytes > size() - next_)
    refuse(fmt::format("the file has {} bytes, but the samples of case {} end at byte {}", size(),
                       block.case_id, next_ + block.bytes),
           "the file was truncated: copy it again");
  buffer_.resize(block.bytes / sizeof(float));
  const auto bytes = std::as_writable_bytes(std::span(buffer_));
  file_.read(next_, bytes);
  if (sha256(bytes) != block.sha256)
    refuse(fmt::format("the samples of case {} do not match their SHA-256", block.case_id),
           "the file was changed after the run");
  digest_.add(bytes);
  next_ += block.bytes;
  return buffer_;
}

std::string Sidecar::sha256_of_all() {
  std::vector<std::byte> piece(std::size_t{1} << 20);
  while (next_ < size()) {
    const auto bytes = std::span(piece).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size() - next_)));
    file_.read(next_, bytes);
    digest_.add(bytes);
    next_ += bytes.size();
  }
  return digest_.hex();
}

Sidecar& SidecarSource::open() {
  if (!sidecar_) sidecar_.emplace(path_);
  return *sidecar_;
}

Samples decode_samples(const plan::JsonValue& value, SidecarSource& sidecar, std::size_t groups,
                       const std::string& case_id) {
  auto reader = value.object();
  Samples samples;
  samples.block_length = reader.value("block_length").integer_at_least(0);
  const auto stored = reader.value("groups");
  const auto stored_groups = static_cast<std::uint64_t>(stored.integer_at_least(0));
  if (stored_groups != groups)
    stored.refuse(
        fmt::format("samples of {} groups where the layout has {}", stored_groups, groups),
        restore);
  if (const auto few = reader.optional_value("inline")) {
    read_inline(*few, groups, samples);
  } else {
    const auto block = read_block(reader, case_id);
    auto left = sidecar.open().read(block);
    const auto series = reader.value("series");
    const auto columns = series.list();
    check_entries(series, columns.size(), groups, left.size());
    for (const auto& entry : columns) read_column(entry.object(), groups, left, samples);
    if (!left.empty())
      value.refuse(fmt::format("{} values of the block belong to no series", left.size()), restore);
  }
  reader.finish();
  check_names(value, samples);
  return samples;
}

}  // namespace assay::result
