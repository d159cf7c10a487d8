// What a schema of ours has against a document.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "harness/result/codec.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::test {

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One sentence; "" for a valid document. `schema` is "contract", "verdict", ….
inline std::string schema_errors(const nlohmann::json& document, const std::string& schema) {
  return refusal([&] { result::validate_schema(document, schema, "the document"); });
}

}  // namespace assay::test
