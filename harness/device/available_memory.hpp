// How much memory this process can still have: asked before a large allocation, because Linux
// promises more than it has and kills whoever believes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace assay::device {

/// Bytes that the machine, and the control groups (v1 or v2) that this process is in, have left;
/// file cache counts as free. nullopt where `root` holds no /proc/meminfo. Local; never throws.
/// Processes that ask at the same moment see the same bytes.
std::optional<std::uint64_t> available_memory(const std::filesystem::path& root = "/") noexcept;

}  // namespace assay::device
