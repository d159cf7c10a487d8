// What a communication library is told of a collective's buffers before it is used on them.
#pragma once

#include <array>
#include <string_view>

#include "harness/core/dims.hpp"

namespace assay {

enum class BufferKind {
  plain,       ///< nothing
  registered,  ///< where they are
  symmetric,   ///< where they are on all ranks, at the same place in the memory of each
};
inline constexpr std::array<std::string_view, 3> buffer_kind_names{"plain", "registered",
                                                                   "symmetric"};

/// By dimension `buffers`. A case of plain ones is without: no figure of old says it was.
BufferKind buffers_of(const Dims& dims);

}  // namespace assay
