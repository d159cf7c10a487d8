// Whom a fault strikes, and what it does around a launch.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <random>
#include <thread>

#include "tests/fakes/faults.hpp"

namespace assay::fakes {

inline bool strikes(const Fault& fault, int world_rank) {
  return fault.ranks.empty() ||
         std::find(fault.ranks.begin(), fault.ranks.end(), world_rank) != fault.ranks.end();
}

/// What happens around a launch, wherever the launch is.
class Trouble {
 public:
  Trouble(const Fault& fault, bool struck) : fault_(fault), struck_(struck) {}

  template <class F>
  void around(F launch) noexcept {
    const bool now = struck_ && launches_++ >= fault_.after;
    if (now && fault_.kind == Fault::Kind::hang)
      while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
    if (now && fault_.kind == Fault::Kind::die) std::raise(SIGKILL);
    if (now && fault_.kind == Fault::Kind::skip) return;
    const auto begin = std::chrono::steady_clock::now();
    launch(now);
    if (now && fault_.kind == Fault::Kind::pace)
      std::this_thread::sleep_until(begin + std::chrono::duration<double>(floor_s()));
    if (!now || fault_.kind != Fault::Kind::slow) return;
    const auto end = begin + (std::chrono::steady_clock::now() - begin) * fault_.factor;
    while (std::chrono::steady_clock::now() < end) {
    }
    if (fault_.delay_s > 0)
      std::this_thread::sleep_for(std::chrono::duration<double>(fault_.delay_s));
  }

 private:
  double floor_s() {
    const double uniform = static_cast<double>(random_()) / static_cast<double>(random_.max());
    return fault_.floor_s * (1 + fault_.spread * uniform);
  }

  Fault fault_;
  bool struck_;
  std::int64_t launches_ = 0;
  std::minstd_rand random_;
};

}  // namespace assay::fakes
