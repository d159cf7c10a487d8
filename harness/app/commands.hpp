// The subcommands. Each returns the exit code or throws an Error.
#pragma once

#include "harness/app/app.hpp"
#include "harness/app/launcher.hpp"
#include "harness/app/options.hpp"
#include "harness/comm/backend.hpp"
#include "harness/core/exit_code.hpp"

namespace assay::app {

/// Collective over the session's world.
ExitCode run(const RunOptions& options, const Parts& parts, const Environment& environment,
             comm::Session& session);
/// Local, without MPI: a dry run for ranks that are not here.
ExitCode dry_run(const RunOptions& options, const Parts& parts);
/// Local, without MPI.
ExitCode judge(const JudgeOptions& options);
ExitCode compare(const CompareOptions& options, const Parts& parts);
ExitCode list(const ListOptions& options, const Parts& parts);

}  // namespace assay::app
