#include "harness/result/recorded_environment.hpp"

#include <algorithm>
#include <array>

namespace assay::result {
namespace {

constexpr std::array<std::string_view, 5> allowed{"NCCL_", "UCX_", "CUDA_", "SLURM_", "OMPI_MCA_"};
/// How mpirun tells its ranks about itself.
constexpr std::array<std::string_view, 6> launcher{
    "OMPI_MCA_orte_", "OMPI_MCA_ess",          "OMPI_MCA_pmix",
    "OMPI_MCA_prte_", "OMPI_MCA_initial_wdir", "OMPI_MCA_shmem_RUNTIME"};
constexpr std::array<std::string_view, 7> secret{"TOKEN", "KEY",  "SECRET", "PASS",
                                                 "AUTH",  "CRED", "JWT"};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

bool is_recorded(std::string_view name) {
  const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (std::ranges::none_of(allowed, starts) || std::ranges::any_of(launcher, starts)) return false;
  const std::string loud = upper(name);
  const auto speaks_of = [&](std::string_view word) { return loud.find(word) != loud.npos; };
  return std::ranges::none_of(secret, speaks_of);
}

bool is_recorded_of_every_rank(std::string_view name) {
  return is_recorded(name) && !name.starts_with("SLURM_");
}

std::map<std::string, std::string> recorded_environment(const char* const* environment) {
  std::map<std::string, std::string> recorded;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const auto equals = entry.find('=');
    if (equals == entry.npos) continue;
    const auto name = entry.substr(0, equals), value = entry.substr(equals + 1);
    if (is_recorded(name))
      recorded.emplace(name, value.find("://") == value.npos ? value : withheld);
  }
  return recorded;
}

}  // namespace assay::result
