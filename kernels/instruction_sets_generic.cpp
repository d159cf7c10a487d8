// Machines other than x86-64: portable code only.
#include "kernels/instruction_set.hpp"

namespace assay::kernels {

const InstructionSet* const* instruction_sets() noexcept {
  static const InstructionSet* const sets[] = {&baseline_set, nullptr};
  return sets;
}

}  // namespace assay::kernels
