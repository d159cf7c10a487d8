#include "harness/run/rank_inventory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "harness/device/available_memory.hpp"
#include "harness/result/recorded_environment.hpp"
#include "harness/run/hwloc_machine.hpp"
#include "kernels/kernels.hpp"

namespace assay::run {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const std::string_view full(name.data());
  return std::string(full.substr(0, full.find('.')));
}

std::string kernel_release() {
  utsname names{};
  return uname(&names) == 0 ? names.release : "unknown";
}

/// The kernel's sum; NUMA nodes may know only part of it (memory added later to a virtual machine).
double machine_memory_bytes() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The choice in brackets of "always [madvise] never".
std::string huge_pages() {
  const auto line = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const auto open = line.find('['), close = line.find(']');
  if (open == line.npos || close == line.npos || close < open) return "none";
  return line.substr(open + 1, close - open - 1);
}

/// Libraries pad their version with line ends and zeros.
std::string one_line(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const auto last = text.find_last_not_of(" \t\r\n");
  return std::string(last == text.npos ? std::string_view() : text.substr(0, last + 1));
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

CpuTicks cpu_ticks_now() {
  std::ifstream in("/proc/stat");
  std::ostringstream text;
  text << in.rdbuf();
  return parse_cpu_ticks(text.str());
}

/// CPUs kept busy by others while this process sleeps.
double other_cpus(double window_s) {
  const auto before = cpu_ticks_now();
  const double own_before = own_cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(window_s));
  const auto after = cpu_ticks_now();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const double busy_s = (static_cast<double>(after.busy) - static_cast<double>(before.busy)) /
                        static_cast<double>(sysconf(_SC_CLK_TCK));
  const double others_s = busy_s - (own_cpu_seconds() - own_before);
  return std::max(0.0, others_s / elapsed.count());
}

std::map<std::string, std::string> fingerprint(const HwlocMachine& machine, double quota,
                                               std::string_view mpi_library) {
  constexpr double gibibyte = 1 << 30, mebibyte = 1 << 20;
  return {
      {"cpu", machine.cpu_model()},
      {"cores", std::to_string(machine.cores())},
      {"pus", std::to_string(machine.processing_units())},
      {"sockets", std::to_string(machine.sockets())},
      {"numa", std::to_string(machine.numa_nodes())},
      {"l3", fmt::format("{:.0f} MiB",
                         static_cast<double>(machine.last_level_cache().bytes_each) / mebibyte)},
      {"memory", fmt::format("{:.0f} GiB", machine_memory_bytes() / gibibyte)},
      {"kernel", kernel_release()},
      {"governor", cpu_governor()},
      {"huge_pages", huge_pages()},
      {"quota", quota > 0 ? fmt::format("{:g} CPUs", quota) : "none"},
      {"instruction_set", std::string(kernels::instruction_set())},
      {"mpi", one_line(mpi_library)},
  };
}

/// CPUs that the files of one control group grant.
std::optional<double> granted(const fs::path& folder) {
  double quota = 0, period = 0;
  if (std::ifstream in(folder / "cpu.max"); in >> quota >> period && period > 0)
    return quota / period;
  std::ifstream quota_in(folder / "cpu.cfs_quota_us"), period_in(folder / "cpu.cfs_period_us");
  if (quota_in >> quota && period_in >> period && quota > 0 && period > 0) return quota / period;
  return std::nullopt;
}

/// The least that a group and those around it grant. A container may show only its own folder, at
/// the mount point: parents are tried up to there.
std::optional<double> granted_within(const fs::path& mount, const fs::path& group) {
  std::optional<double> least;
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    if (const auto here = granted(mount / at)) least = std::min(*here, least.value_or(*here));
    if (at.empty()) return least;
  }
}

}  // namespace

RankInventory take_inventory(std::string_view mpi_library, double window_s) {
  const HwlocMachine machine;
  const auto bound = machine.bound();
  const auto cache = machine.last_level_cache();
  RankInventory mine;
  mine.host = host_name();
  mine.cpu_quota = cpu_quota().value_or(0);
  mine.fingerprint = fingerprint(machine, mine.cpu_quota, mpi_library);
  mine.host_cores = machine.cores();
  mine.cpus = bound.cpus;
  mine.bound_cores = bound.cores;
  mine.cache_cpus = cache.cpus;
  mine.cache_bytes = cache.bytes;
  mine.available_bytes = device::available_memory().value_or(0);
  mine.environment = result::recorded_environment(environ);
  std::erase_if(mine.environment, [](const auto& setting) {
    return !result::is_recorded_of_every_rank(setting.first);
  });
  mine.other_cpus = other_cpus(window_s);
  return mine;
}

std::string to_text(const RankInventory& inventory) {
  const nlohmann::json json{{"host", inventory.host},
                            {"fingerprint", inventory.fingerprint},
                            {"host_cores", inventory.host_cores},
                            {"cpus", inventory.cpus},
                            {"bound_cores", inventory.bound_cores},
                            {"cpu_quota", inventory.cpu_quota},
                            {"cache_cpus", inventory.cache_cpus},
                            {"cache_bytes", inventory.cache_bytes},
                            {"available_bytes", inventory.available_bytes},
                            {"environment", inventory.environment},
                            {"other_cpus", inventory.other_cpus}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RankInventory rank_inventory_from_text(std::string_view text) {
  const auto json = nlohmann::json::parse(text);
  RankInventory inventory;
  json.at("host").get_to(inventory.host);
  json.at("fingerprint").get_to(inventory.fingerprint);
  json.at("host_cores").get_to(inventory.host_cores);
  json.at("cpus").get_to(inventory.cpus);
  json.at("bound_cores").get_to(inventory.bound_cores);
  json.at("cpu_quota").get_to(inventory.cpu_quota);
  json.at("cache_cpus").get_to(inventory.cache_cpus);
  json.at("cache_bytes").get_to(inventory.cache_bytes);
  json.at("available_bytes").get_to(inventory.available_bytes);
  json.at("environment").get_to(inventory.environment);
  json.at("other_cpus").get_to(inventory.other_cpus);
  return inventory;
}

std::optional<double> cpu_quota(const fs::path& root) {
  std::optional<double> least;
  const auto tighten = [&](std::optional<double> limit) {
    if (limit) least = std::min(*limit, least.value_or(*limit));
  };
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    // "0::/path" in version 2, "7:cpu,cpuacct:/path" in version 1.
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") tighten(granted_within(root / "sys/fs/cgroup", group));
    if (controllers.find(",cpu,") != controllers.npos)
      tighten(granted_within(root / "sys/fs/cgroup/cpu", group));
  }
  return least;
}

CpuTicks parse_cpu_ticks(std::string_view proc_stat) {
  std::istringstream words{std::string(proc_stat.substr(0, proc_stat.find('\n')))};
  std::string label;
  words >> label;
  CpuTicks ticks;
  // user nice system idle iowait irq softirq steal; guest time is part of user's.
  std::uint64_t value = 0;
  for (int column = 0; column < 8 && words >> value; ++column)
    (column == 3 || column == 4 ? ticks.idle : ticks.busy) += value;
  return ticks;
}

std::string cpu_governor(const fs::path& root) {
  std::set<std::string> governors;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root / "sys/devices/system/cpu", ignored)) {
    const auto governor = first_line(entry.path() / "cpufreq/scaling_governor");
    if (!governor.empty()) governors.insert(governor);
  }
  return governors.empty() ? "none" : fmt::format("{}", fmt::join(governors, ","));
}

}  // namespace assay::run
