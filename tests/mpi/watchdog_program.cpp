// A small run under the watchdog, to be disturbed from outside (watchdog_test.py) or by itself.
//
//   watchdog_program FOLDER PLAN [RANK]
//
// PLAN: steady (until disturbed), short (a normal end), slow (RANK arrives late at every operation,
// so that the others wait inside), spin (RANK loops for ever), raise (RANK announces a failure),
// unwind (RANK's exception destroys the watchdog), absent (RANK does not come to the watchdog's
// start), inventory (RANK stops itself before the inventory), alone (RANK works for longer than the
// others' deadline while they wait; a normal end), linger (RANK does not come to the end). Leaves
// in FOLDER: pid-N, journal-N (one line per 10 operations with a monotonic time), and, from the
// incident, heard-N ("speak" or "listen") and footer-N (the speaker's).
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "harness/comm/backend.hpp"
#include "harness/run/deadline.hpp"
#include "harness/run/inventory.hpp"
#include "harness/run/watchdog.hpp"
#include "harness/run/watchdog_clock.hpp"

namespace assay::run {
namespace {

struct Script {
  std::string folder, plan;
  int actor = -1;
};

void nap(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

class Act {
 public:
  Act(Script script, comm::Team& world)
      : script_(std::move(script)),
        world_(world),
        watchdog_(world, progress_, options(),
                  [this](const Incident& incident, bool speak) { write(incident, speak); }) {}

  void play() {
    watchdog_.set_case_labels({"c000 (noop)", "c001 (all_reduce 8 B)"});
    progress_.enter_phase(1, Phase::timed);
    note("pid", std::to_string(::getpid()));
    const bool ends =
        script_.plan == "short" || script_.plan == "alone" || script_.plan == "linger";
    const int last = ends ? 300 : 1'000'000;
    for (int i = 0; i < last; ++i) {
      if (world_.rank() == script_.actor) disturb(i);
      operate();
      if (i % 10 == 0) append_journal();
    }
    if (script_.plan == "alone") wait_for_actor();
    if (script_.plan == "linger" && world_.rank() == script_.actor) nap(30);
    watchdog_.stop();
    note("finished", "");
  }

 private:
  WatchdogOptions options() const {
    WatchdogOptions options;
    options.deadlines = {.start_up_s = script_.plan == "absent" ? 2.0 : 8.0,
                         .operation_s = 2.5,
                         .control_s = 2.5,
                         .tear_down_s = 5,
                         .heartbeat_s = 1};
    for (int rank = 0; rank < world_.size(); ++rank)
      options.host_names.push_back(fmt::format("n{}", rank / 2));
    options.log_folder = script_.folder;
    return options;
  }

  void disturb(int i) {
    if (script_.plan == "slow") nap(0.05);
    if (i != 100) return;
    if (script_.plan == "raise") {
      watchdog_.announce_failure(
          fmt::format("rank {} on host n{}: no space left in the imaginary "
                      "file; free some",
                      world_.rank(), world_.rank() / 2));
    }
    if (script_.plan == "unwind") throw std::runtime_error("a defect");
    static std::atomic<bool> never = false;
    while (script_.plan == "spin" && !never) {
    }
  }

  void wait_for_actor() {
    if (world_.rank() == script_.actor) {
      for (int i = 0; i < 400; ++i) {
        progress_.enter_launch();
        nap(0.01);
        progress_.exit_launch();
      }
    }
    progress_.enter_phase(1, Phase::control);
    world_.barrier();
  }

  void operate() {
    progress_.enter_launch();
    std::array<double, 1> value{1};
    world_.max(value);
    progress_.exit_launch();
    nap(0.001);
  }

  void append_journal() {
    watchdog_.await_clearance();
    std::ofstream(path("journal"), std::ios::app) << fmt::format("{:.3f}\n", steady_now_s());
  }

  void write(const Incident& incident, bool speak) const {
    note("heard", speak ? "speak" : "listen");
    if (!speak) return;
    note("footer", incident.sentence);
    std::fprintf(stderr, "%s\n", incident.sentence.c_str());
  }

  std::string path(const std::string& name) const {
    return fmt::format("{}/{}-{}", script_.folder, name, world_.rank());
  }
  void note(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text << std::flush;
  }

  Script script_;
  comm::Team& world_;
  Progress progress_;
  Watchdog watchdog_;
};

/// As a run begins: a deadline stands for the watchdog, which has yet to learn of the hosts.
void take_stock(const Script& script, comm::Team& world) {
  const Deadline limit(
      3,
      leave_incomplete(world.rank() == script.actor ? "" : "the ranks have not all come together"));
  if (world.rank() == script.actor) std::raise(SIGSTOP);
  gather_inventory(world, {});
}

int play(const Script& script) {
  std::optional<Deadline> limit(std::in_place, 8, leave_incomplete("MPI start-up takes too long"));
  const auto session = comm::open_session();
  limit.reset();
  if (script.plan == "absent" && session->world().rank() == script.actor) nap(30);
  if (script.plan == "inventory") take_stock(script, session->world());
  try {
    Act(script, session->world()).play();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank %d: %s\n", session->world().rank(), error.what());
    nap(1);
    std::_Exit(12);
  }
  limit.emplace(8, leave_incomplete("MPI teardown takes too long"));
  session->close();
  return 0;
}

}  // namespace
}  // namespace assay::run

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  return assay::run::play({argv[1], argv[2], argc > 3 ? std::stoi(argv[3]) : -1});
}
