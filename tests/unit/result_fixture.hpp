// A small result that uses every part of the documents, and folders to write it into.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "harness/result/codec.hpp"

namespace assay::test {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "assay-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void spill(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// Two hosts of two ranks; five cases: a long one in the sidecar, a short one inline, one with work
/// per group and wrong elements, a skipped and a failed one. Same bytes every time.
result::ResultDocument rich_document();

/// How rich_document() ended.
result::RunWriter::Ending rich_ending();

/// Writes header, cases and ending of rich_document() through a RunWriter.
void write_rich(const std::filesystem::path& folder);

/// Rewrites result.json as edited by `change`, without the files that would betray the edit
/// (SHA256SUMS and the journal).
void edit_result(const std::filesystem::path& folder,
                 const std::function<void(nlohmann::json&)>& change);

}  // namespace assay::test
