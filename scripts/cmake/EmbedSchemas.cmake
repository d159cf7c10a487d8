# Run as a script: cmake -DOUTPUT=schemas.cpp -DFILES="a.schema.json;b.schema.json" -P EmbedSchemas.cmake
# Turns JSON Schemas into a C++ table, so that the program finds them wherever it is copied.
set(rows "")
foreach(file ${FILES})
  get_filename_component(name "${file}" NAME)
  string(REPLACE ".schema.json" "" name "${name}")
  file(READ "${file}" text)
  string(APPEND rows "    {\"${name}\", R\"schema(${text})schema\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Generated from configs/schema: edit those files.
#include \"harness/result/embedded_schemas.hpp\"

namespace assay::result {

std::span<const EmbeddedSchema> embedded_schemas() {
  static constexpr EmbeddedSchema table[] = {
${rows}  };
  return table;
}

}  // namespace assay::result
")
