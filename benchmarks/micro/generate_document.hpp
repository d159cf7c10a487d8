// Results of any size, generated: what readers, the judge and reports are tried on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "harness/result/codec.hpp"

namespace assay::test {

/// Of ten cases, six are all_reduce over `world`, three all_reduce over `node`, and one is `copy`
/// over `each`.
struct DocumentShape {
  int hosts = 2;
  int ranks_per_host = 2;
  std::size_t cases = 10;
  std::size_t world_iterations = 2000, node_iterations = 200, each_iterations = 100;
  std::uint64_t seed = 1;
};

/// All of a document but its cases; plan.sha256 is that of the cases that generate_case() makes.
result::ResultDocument generate_header(const DocumentShape& shape);

/// Case `index` of the plan: complete, correct, every group about equally fast.
result::CaseResult generate_case(const DocumentShape& shape, const result::ResultDocument& header,
                                 std::size_t index);

/// Writes the document into `folder` case by case, so that it never is in memory as a whole.
void write_document(const DocumentShape& shape, const std::filesystem::path& folder);

}  // namespace assay::test
