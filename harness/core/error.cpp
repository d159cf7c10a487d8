#include "harness/core/error.hpp"

#include "harness/core/printable.hpp"

namespace assay {

std::string sentence(const Fault& fault) {
  std::string text;
  if (!fault.where.empty()) text = fault.where + ": ";
  text += fault.what;
  if (!fault.remedy.empty()) text += "; " + fault.remedy;
  return printable(text);
}

InternalError::InternalError(std::string what, std::source_location at)
    : Error(ExitCode::internal, {std::string(at.file_name()) + ":" + std::to_string(at.line()),
                                 std::move(what), "this is a defect of assay: please report it"}) {}

}  // namespace assay
