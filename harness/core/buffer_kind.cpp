#include "harness/core/buffer_kind.hpp"

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay {

BufferKind buffers_of(const Dims& dims) {
  if (!dims.contains("buffers")) return BufferKind::plain;
  const auto& names = buffer_kind_names;
  const auto* at = std::find(names.begin(), names.end(), text_dim(dims, "buffers"));
  invariant(at != names.end(), "dimension buffers is checked when the plan is made");
  return static_cast<BufferKind>(at - names.begin());
}

}  // namespace assay
