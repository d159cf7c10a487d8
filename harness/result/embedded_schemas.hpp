// The JSON Schemas of configs/schema as they were when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace assay::result {

struct EmbeddedSchema {
  std::string_view name;  ///< "result" of result.schema.json
  std::string_view text;
};

std::span<const EmbeddedSchema> embedded_schemas();

}  // namespace assay::result
