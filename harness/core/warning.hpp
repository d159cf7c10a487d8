// Typed warnings: what was seen, the evidence, and what to do about it.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace assay {

enum class WarningCode {
  oversubscribed,
  unbound,
  cpu_governor,
  not_stationary,
  debug_build,
  other_load,
  fingerprint_differs,
  time_cap,
  resumed,
  changed_between_attempts,
  late_start,
  clock_unsteady,
  clock_error,
  gpus_differ,
  gpu_shared,
  gate_expired,
  socket_fallback,
};

struct WarningInfo {
  WarningCode code;
  std::string_view name;
  std::string_view remedy;
};

inline constexpr std::array<WarningInfo, 17> warning_table{{
    {WarningCode::oversubscribed, "oversubscribed",
     "start no more ranks than cores: these figures show function, not speed"},
    {WarningCode::unbound, "unbound", "bind ranks to cores: mpirun --bind-to core"},
    {WarningCode::cpu_governor, "cpu_governor", "set the governor to performance"},
    {WarningCode::not_stationary, "not_stationary",
     "warm up longer (--warmup-time) or find what else is running"},
    {WarningCode::debug_build, "debug_build", "measure with the release preset"},
    {WarningCode::other_load, "other_load", "stop the other processes, or expect a wider spread"},
    {WarningCode::fingerprint_differs, "fingerprint_differs",
     "bring the host to the same versions and settings as the others"},
    {WarningCode::time_cap, "time_cap",
     "raise --max-time-per-case, or stop.time where a suite sets it, or ask for fewer blocks"},
    {WarningCode::resumed, "resumed", "for evidence of one piece, start the run anew"},
    {WarningCode::changed_between_attempts, "changed_between_attempts",
     "be careful where figures of cases before and after it are compared, or start the run anew"},
    {WarningCode::late_start, "late_start",
     "stop what interrupts the ranks, or start iterations by a barrier: --sync barrier"},
    {WarningCode::clock_unsteady, "clock_unsteady",
     "find what stops or moves the host, such as a suspended or migrated virtual machine"},
    {WarningCode::clock_error, "clock_error",
     "span and transfer of short operations are absent: bind ranks, quieten the control network"},
    {WarningCode::gpus_differ, "gpus_differ",
     "see nvidia-smi -q of that GPU: a slot, a cable, or settings that the others do not have"},
    {WarningCode::gpu_shared, "gpu_shared",
     "start no more ranks than GPUs: these figures show function, not speed"},
    {WarningCode::gate_expired, "gate_expired",
     "its times contain launching: find what held a rank up, or use shorter operations"},
    {WarningCode::socket_fallback, "socket_fallback",
     "see with NCCL_DEBUG=INFO why no faster network was used: its devices, NCCL_IB_*, NCCL_NET"},
}};

constexpr const WarningInfo& info(WarningCode code) {
  return warning_table[static_cast<std::size_t>(code)];
}

struct Warning {
  std::string code;
  std::string evidence;
  std::string remedy;
  std::string where;  ///< host, case or empty

  friend bool operator==(const Warning&, const Warning&) = default;
};

inline Warning warn(WarningCode code, std::string evidence, std::string where = {}) {
  const auto& row = info(code);
  return {std::string(row.name), std::move(evidence), std::string(row.remedy), std::move(where)};
}

}  // namespace assay
