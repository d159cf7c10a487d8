// The exceptions of assay: each carries one sentence for a person and the exit code it leads to.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

#include "harness/core/exit_code.hpp"

namespace assay {

/// What a person needs to act: where it happened, what is wrong, and what to do.
struct Fault {
  std::string where;   ///< file and key path, option, or rank and host; may be empty
  std::string what;    ///< what is wrong, with the offending value
  std::string remedy;  ///< what to do about it; may be empty
};

/// One sentence: "where: what; remedy", printable(): a fault often quotes what it found.
std::string sentence(const Fault& fault);

/// Base of all failures. `what()` is the sentence.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, Fault fault)
      : std::runtime_error(sentence(fault)), code_(code), fault_(std::move(fault)) {}
  ExitCode code() const noexcept { return code_; }
  const Fault& fault() const noexcept { return fault_; }

 private:
  ExitCode code_;
  Fault fault_;
};

/// Bad option, configuration, file or placement: nothing was run.
class UsageError : public Error {
 public:
  explicit UsageError(Fault fault) : Error(ExitCode::usage, std::move(fault)) {}
};

/// The run could not go on: a failed MPI, device or file call, a hang, a lost rank.
class RunError : public Error {
 public:
  explicit RunError(Fault fault) : Error(ExitCode::incomplete, std::move(fault)) {}
};

/// What the hardware or the library at hand does not have: the case is skipped, the run goes on.
class UnsupportedError : public RunError {
 public:
  using RunError::RunError;
};

/// A broken invariant: a defect of assay.
class InternalError : public Error {
 public:
  explicit InternalError(std::string what,
                         std::source_location at = std::source_location::current());
};

/// Throws InternalError unless `condition` holds.
inline void invariant(bool condition, const char* what,
                      std::source_location at = std::source_location::current()) {
  if (!condition) throw InternalError(what, at);
}

}  // namespace assay
