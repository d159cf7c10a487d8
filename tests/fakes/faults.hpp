// Faults that can be switched on in a benchmark or a communicator, so that every outcome can be
// seen in a fast test. Never linked into the program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/app/app.hpp"

namespace assay::fakes {

struct Fault {
  enum class Kind {
    none,
    slow,      ///< every launch takes `factor` times as long, and `delay_s` longer
    pace,      ///< every launch takes `floor_s` at least: hiccups of the machine vanish below it
    corrupt,   ///< one bit of the received data flips
    swap,      ///< the two halves of the received data change places
    partial,   ///< the last element received is overwritten with what it was before
    overrun,   ///< one byte behind the receive buffer is written
    hang,      ///< the launch never returns
    throttle,  ///< matrix products take `factor` times as long
    skip,      ///< the launch does nothing: what is received is what was there before
    die,       ///< the process kills itself
    fail,      ///< preparing throws
    tarry,     ///< a barrier before a collective is left `delay_s` late
    lag,       ///< messages of the control plane are sent `delay_s` late: clocks are ill known
    clock,     ///< the rank's clock is `shift_s` ahead, gains `drift`, is stepped after `step_at_s`
  };
  Kind kind = Kind::none;
  std::vector<int> ranks;  ///< world ranks that have it; empty: all
  std::string benchmark;   ///< only this one; empty: all
  double factor = 2;
  double delay_s = 0;  ///< asleep: takes no core from those that are not slow
  double floor_s = 0;  ///< asleep too
  double spread = 0;   ///< the floor is up to this share longer, without memory
  double shift_s = 0;
  double drift = 0;        ///< seconds per second
  double step_at_s = 0;    ///< seconds after the start at which the clock gains a minute; 0: never
  std::int64_t after = 0;  ///< launches that go well before it begins
};

/// "slow:ranks=1,3:factor=3:benchmark=copy", "slow:ranks=1:delay=0.02" (seconds),
/// "corrupt:ranks=2", "hang:ranks=0:after=100". Throws std::invalid_argument.
Fault parse_fault(const std::string& text);

/// Wraps every benchmark's Prepared: works for local benchmarks too.
bench::Benchmarks faulty_benchmarks(bench::Benchmarks inner, const Fault& fault);
/// Wraps every communicator: what it receives is touched, or its launches are slow.
std::vector<comm::Backend> faulty_backends(std::vector<comm::Backend> inner, const Fault& fault);

/// A session whose teams tarry or lag where the fault is one of these.
std::unique_ptr<comm::Session> faulty_session(std::unique_ptr<comm::Session> inner,
                                              const Fault& fault);
/// This rank's clock; empty where it has no fault.
run::CommonClock::Lens faulty_clock(const Fault& fault);

}  // namespace assay::fakes
