// Exit codes of the assay process and of `assay judge`. Documented in README.md.
#pragma once

namespace assay {

/// Codes that launchers use themselves (1, 134, 137, 139, 255) are avoided on purpose.
enum class ExitCode : int {
  ok = 0,           ///< run complete, data correct, every clause passes
  not_met = 10,     ///< the contract is not met, or data was wrong
  undecided = 11,   ///< inconclusive or not measured: more evidence is needed
  incomplete = 12,  ///< the run did not complete: hang, lost rank, device error
  usage = 64,       ///< usage or configuration error: nothing was run
  internal = 70,    ///< a defect of assay itself
};

}  // namespace assay
