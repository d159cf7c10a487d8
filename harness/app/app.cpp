#include "harness/app/app.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <thread>

#include "harness/app/commands.hpp"
#include "harness/app/judging.hpp"
#include "harness/app/together.hpp"
#include "harness/core/error.hpp"
#include "harness/run/deadline.hpp"

namespace assay::app {

namespace {

constexpr double start_up_limit_s = 120;
constexpr double tear_down_limit_s = 30;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// Runs `command`; one sentence on stderr for a failure, from the process that has the word.
template <class F>
ExitCode guarded(bool speak, F command) {
  try {
    return command();
  } catch (const Quiet& quiet) {
    return quiet.code;
  } catch (const Error& error) {
    if (speak) fmt::print(stderr, "assay: {}\n", error.what());
    return error.code();
  } catch (const std::exception& error) {
    if (speak)
      fmt::print(stderr, "assay: {}; this is a defect of assay: please report it\n", error.what());
    return ExitCode::internal;
  }
}

ExitCode run_with_mpi(const RunOptions& options, const Parts& parts,
                      const Environment& environment) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a failed write, not the end
  const auto rank = launcher_rank(environment);
  std::optional<run::Deadline> limit(
      std::in_place, start_up_limit_s,
      run::leave_incomplete(
          fmt::format("assay: rank {}: MPI start-up has taken more than {:.0f} s; check that every "
                      "host can reach every other",
                      rank, start_up_limit_s)));
  const auto session = parts.session();
  limit.reset();
  const bool speak = session->world().rank() == 0 && rank == 0;
  const auto code = guarded(speak, [&] { return run(options, parts, environment, *session); });
  limit.emplace(tear_down_limit_s,
                run::leave_incomplete(fmt::format(
                    "assay: rank {}: MPI has not shut down after {:.0f} s; what was written stays",
                    rank, tear_down_limit_s)));
  session->close();
  return code;
}

ExitCode dispatch(const Options& options, const Parts& parts, const Environment& environment) {
  const bool alone = launcher_rank(environment) == 0;
  const auto locally = [&](auto command) { return alone ? command() : ExitCode::ok; };
  return std::visit(
      Overloaded{
          [&](const Notice& notice) {
            return locally([&] {
              fmt::print("{}", notice.text);
              return ExitCode::ok;
            });
          },
          [&](const RunOptions& o) {
            if (o.dry_run && o.ranks) return locally([&] { return dry_run(o, parts); });
            return run_with_mpi(o, parts, environment);
          },
          // Under a launcher every process would say the same: the first one does, for all.
          [&](const JudgeOptions& o) { return locally([&] { return judge(o); }); },
          [&](const CompareOptions& o) { return locally([&] { return compare(o, parts); }); },
          [&](const ListOptions& o) { return locally([&] { return list(o, parts); }); },
      },
      options);
}

}  // namespace

int run_program(int argc, const char* const* argv, const Parts& parts) {
  const auto environment = process_environment();
  const bool speak = launcher_rank(environment) == 0;
  std::optional<Options> options;
  auto code = guarded(speak, [&] {
    options = parse_options(argc, argv);
    return ExitCode::ok;
  });
  if (options) code = guarded(speak, [&] { return dispatch(*options, parts, environment); });
  // A launcher ends everybody when the first process fails: the one that speaks must come first.
  else if (!speak)
    std::this_thread::sleep_for(std::chrono::seconds(1));
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    if (speak) fmt::print(stderr, "assay: standard output: cannot be written; is the disk full?\n");
    if (code == ExitCode::ok) code = ExitCode::internal;
  }
  return mapped(code, exit_map_of(argc, argv));
}

}  // namespace assay::app
