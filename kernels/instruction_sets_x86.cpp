#include <cpuid.h>

#include "kernels/instruction_set.hpp"

namespace assay::kernels {
namespace {

/// F16C is asked of the CPU itself: not every compiler's __builtin_cpu_supports knows its name. The
/// operating system keeps its registers if it keeps AVX2's.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool has_avx2() { return __builtin_cpu_supports("avx2") && has_f16c(); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

struct Available {
  const InstructionSet* sets[4] = {};
  Available() {
    __builtin_cpu_init();
    const InstructionSet** next = sets;
    if (has_avx512()) *next++ = &avx512_set;
    if (has_avx2()) *next++ = &avx2_set;
    *next = &baseline_set;
  }
};

}  // namespace

const InstructionSet* const* instruction_sets() noexcept {
  static const Available available;
  return available.sets;
}

}  // namespace assay::kernels
