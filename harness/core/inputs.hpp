// Files that cases name: what they hold is part of what is measured, and is kept with the run.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/case.hpp"

namespace assay {

/// What files hold: by dimension, and by what cases call the file.
using InputTexts = std::map<std::string, std::map<std::string, std::string>, std::less<>>;

/// SHA-256 of what they hold, by kept_input().
using InputDigests = std::map<std::string, std::string>;

/// A file that a case names; or the trace that its parallelism's routing names, which is called by
/// the parallelism's name under "routing".
struct Input {
  std::string dim;   ///< "counts", "model", "parallelism", "routing"
  std::string name;  ///< the dimension's value: "file:moe.csv#0123456789ab", "llama-3.1-8b"
  std::string label() const { return dim + "=" + name; }
};

/// What the dimensions name, in the order of their names.
std::vector<Input> inputs_of(const Case& c);

/// The file in a run's folder: "counts-0123456789ab.csv", "model-llama-3.1-8b.json".
std::string kept_input(const Input& input);

/// Whether kept_input() can come to this.
bool is_kept_input(std::string_view file);

/// Whether cases may call a file so: letters, digits, '.', '_', '-', not beginning with '.' or
/// '-', not ending in ".json" as paths of files do, of a reasonable length.
bool is_plain_name(std::string_view name);

}  // namespace assay
