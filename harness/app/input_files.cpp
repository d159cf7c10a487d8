#include "harness/app/input_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "harness/core/error.hpp"
#include "harness/core/printable.hpp"
#include "harness/plan/training_json.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/files.hpp"

namespace assay::app {

namespace {

namespace fs = std::filesystem;

/// Keeps the text under what cases call it. Throws UsageError where another file is called so.
void keep(const Input& input, std::string text, const std::string& path, InputTexts& inputs) {
  const auto [at, added] = inputs[input.dim].try_emplace(input.name, std::move(text));
  if (!added && at->second != text)
    throw UsageError({path,
                      fmt::format("another file was given that is called {} too", input.label()),
                      "give one of them another \"name\""});
}

/// What cases call the matrix that `counts` names.
std::string read_counts(const std::string& counts, InputTexts& inputs) {
  const auto wanted = traffic_name(counts);
  auto text = result::read_text(wanted.path);
  parse_traffic(text, wanted.path);
  const auto digest = result::sha256(text).substr(0, traffic_digits);
  if (!wanted.digest.empty() && wanted.digest != digest)
    throw UsageError({wanted.path,
                      fmt::format("its digest is {}, and {} is asked for", digest, wanted.digest),
                      "give the file that is meant, or leave the digest out"});
  const auto file = fs::path(wanted.path).filename().string();
  if (printable(file) != file)
    throw UsageError({wanted.path, "its name stands in every case and is no plain UTF-8 text",
                      "rename the file"});
  auto name = format_traffic({file, digest});
  keep({"counts", name}, std::move(text), wanted.path, inputs);
  return name;
}

/// A path as it is, a name in the folder of its kind.
std::string path_of(const ConfigFolder& of, const std::string& named,
                    const std::vector<fs::path>& configs) {
  if (named.find('/') != std::string::npos || named.ends_with(".json")) return named;
  const auto where = fmt::format("{}={}", of.dim, named);
  std::vector<std::string> names;
  for (const auto& config : configs) {
    auto path = config / of.folder / (named + ".json");
    if (result::is_there(path)) return path.string();
    for (const auto& file : documents_in(config / of.folder)) names.push_back(file.stem().string());
  }
  const auto folder = configs.front() / of.folder;
  if (names.empty())
    throw UsageError({where, fmt::format("there is no folder {} here", folder.string()),
                      "run this where assay's configs folder is, or give the path of a file"});
  throw UsageError({where,
                    fmt::format("there is no {} of that name in {}", of.dim, folder.string()),
                    fmt::format("give the path of a file, or one of {}", fmt::join(names, ", "))});
}

/// The trace that a layout's routing names, from the layout's folder.
void read_trace(const Input& layout, const fs::path& path, InputTexts& inputs) {
  const auto& text = inputs.at(layout.dim).at(layout.name);
  const auto routing = plan::parse_training_layout(text, path.string()).routing;
  if (routing.kind != training::RoutingKind::trace) return;
  const auto file = (path.parent_path() / routing.trace_name).string();
  auto trace = result::read_text(file);
  plan::parse_routing_trace(trace, file);
  keep({"routing", layout.name}, std::move(trace), file, inputs);
}

/// What cases call the file: as it says itself.
std::string read_config(const ConfigFolder& of, const std::string& path, InputTexts& inputs) {
  auto text = result::read_text(path);
  auto name = of.name_in(text, path);
  if (!is_plain_name(name))
    throw UsageError(
        {path, fmt::format("name: \"{}\" stands in every case", printable(name)),
         "give a short one of letters, digits, '.', '_' and '-', without .json at its end"});
  keep({of.dim, name}, std::move(text), path, inputs);
  if (of.dim == std::string_view(parallelisms_folder.dim)) read_trace({of.dim, name}, path, inputs);
  return name;
}

/// Has every value that is a text call its file by what `read` returns.
template <class F>
void rename(std::vector<DimValue>& values, F read) {
  for (auto& value : values)
    if (auto* text = std::get_if<std::string>(&value)) *text = read(*text);
}

}  // namespace

const ConfigFolder models_folder{"model", "models",
                                 [](std::string_view text, std::string_view where) {
                                   return plan::parse_model(text, where).name;
                                 }};
const ConfigFolder parallelisms_folder{"parallelism", "layouts",
                                       [](std::string_view text, std::string_view where) {
                                         return plan::parse_training_layout(text, where).name;
                                       }};

std::vector<fs::path> documents_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> configs_beside(const std::vector<std::string>& files) {
  std::vector<fs::path> folders{"configs"};
  for (const auto& file : files)
    if (!file.empty()) folders.push_back(fs::path(file).parent_path() / "..");
  return folders;
}

void read_inputs(plan::Suite& suite, const Catalogue& catalogue,
                 const std::vector<fs::path>& configs) {
  for (auto& request : suite.requests) {
    if (const auto counts = request.dims.find("counts"); counts != request.dims.end())
      rename(counts->second, [&](const std::string& text) {
        return text.starts_with(traffic_file) ? read_counts(text, suite.inputs) : text;
      });
    const auto* info = find_benchmark(catalogue, request.benchmark);
    if (info == nullptr) continue;
    for (const auto& of : {models_folder, parallelisms_folder}) {
      const auto* spec = find_dim_spec(*info, of.dim);
      if (spec == nullptr) continue;
      auto& values = request.dims.try_emplace(of.dim, 1, spec->fallback).first->second;
      rename(values, [&](const std::string& text) {
        return read_config(of, path_of(of, text, configs), suite.inputs);
      });
    }
  }
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
