#include "harness/run/rank_log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace assay::run {
namespace {

constexpr std::array<std::string_view, 5> kind_names = {"lost", "stopped", "stuck", "signal",
                                                        "failed"};

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace

std::string rank_log_text(const RankLogEntry& entry, const std::string& utc, int pid) {
  return fmt::format("{} {}: {}\n{} rank {} on host {} (pid {}) was in {}\n", utc,
                     kind_names.at(static_cast<std::size_t>(entry.incident.kind)),
                     entry.incident.sentence, utc, entry.rank, entry.host, pid, entry.position);
}

void append_rank_log(const std::string& folder, const RankLogEntry& entry) noexcept {
  try {
    const std::filesystem::path where = folder.empty() ? "." : folder;
    std::error_code ignored;
    std::filesystem::create_directories(where, ignored);
    std::ofstream file(where / fmt::format("rank-{}.log", entry.rank), std::ios::app);
    file << rank_log_text(entry, utc_now(), ::getpid()) << std::flush;
  } catch (...) {
    // A log that cannot be written must not keep the rank from leaving.
  }
}

}  // namespace assay::run
