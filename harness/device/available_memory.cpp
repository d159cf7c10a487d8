#include "harness/device/available_memory.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>

namespace assay::device {
namespace {

namespace fs = std::filesystem;

/// The number behind `key` in a file of "key number" lines.
std::optional<std::uint64_t> field(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t value = 0;
    if (words >> name >> value && name == key) return value;
  }
  return std::nullopt;
}

/// The number that a file consists of; nullopt for "max".
std::optional<std::uint64_t> number(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// Where one version of control groups keeps its figures.
struct GroupFiles {
  const char* limit;
  const char* usage;
};
constexpr GroupFiles version_1{"memory.limit_in_bytes", "memory.usage_in_bytes"};
constexpr GroupFiles version_2{"memory.max", "memory.current"};

std::optional<std::uint64_t> left_in_group(const fs::path& folder, const GroupFiles& files) {
  const auto limit = number(folder / files.limit);
  const auto usage = number(folder / files.usage);
  if (!limit || !usage) return std::nullopt;
  const auto stat = folder / "memory.stat";
  const std::uint64_t cache =
      field(stat, "inactive_file").value_or(0) + field(stat, "active_file").value_or(0);
  const std::uint64_t used = *usage > cache ? *usage - cache : 0;
  return *limit > used ? *limit - used : 0;
}

/// The least that a group and those around it leave. A container may show only its own folder, at
/// the mount point: parents are tried up to there.
std::optional<std::uint64_t> left_in_groups(const fs::path& mount, fs::path group,
                                            const GroupFiles& files) {
  std::optional<std::uint64_t> least;
  for (group = group.relative_path();; group = group.parent_path()) {
    if (const auto left = left_in_group(mount / group, files))
      least = std::min(*left, least.value_or(*left));
    if (group.empty()) return least;
  }
}

/// Lines of /proc/self/cgroup: "0::/path" in version 2, "7:memory:/path" in version 1.
std::optional<std::uint64_t> left_in_control_groups(const fs::path& root) {
  std::optional<std::uint64_t> least;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    std::optional<std::uint64_t> left;
    if (controllers == ",,") left = left_in_groups(root / "sys/fs/cgroup", group, version_2);
    if (controllers.find(",memory,") != std::string::npos)
      left = left_in_groups(root / "sys/fs/cgroup/memory", group, version_1);
    if (left) least = std::min(*left, least.value_or(*left));
  }
  return least;
}

}  // namespace

std::optional<std::uint64_t> available_memory(const fs::path& root) noexcept {
  try {
    const auto kibibytes = field(root / "proc/meminfo", "MemAvailable:");
    if (!kibibytes) return std::nullopt;
    const std::uint64_t machine = *kibibytes * 1024;
    return std::min(machine, left_in_control_groups(root).value_or(machine));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace assay::device
