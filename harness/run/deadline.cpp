#include "harness/run/deadline.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "harness/core/exit_code.hpp"

namespace assay::run {
namespace {

std::chrono::steady_clock::time_point from_now(double limit_s) {
  const std::chrono::duration<double> limit(limit_s);
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
}

}  // namespace

Deadline::Deadline(double limit_s, Action action)
    : due_(from_now(limit_s)), action_(std::move(action)), thread_([this] { wait(); }) {}

Deadline::~Deadline() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Deadline::restart(double limit_s, Action action) {
  {
    const std::lock_guard lock(mutex_);
    due_ = from_now(limit_s);
    action_ = std::move(action);
  }
  changed_.notify_one();
}

void Deadline::wait() {
  std::unique_lock lock(mutex_);
  while (!cancelled_) {
    if (Clock::now() >= due_) {
      lock.unlock();
      action_();
      return;
    }
    changed_.wait_until(lock, due_);
  }
}

Deadline::Action leave_incomplete(std::string sentence) {
  if (!sentence.empty()) sentence += '\n';
  return [sentence] {
    // write(2): the stuck main thread may hold the lock of stdio.
    if (!sentence.empty() && ::write(STDERR_FILENO, sentence.data(), sentence.size()) < 0) {
      // Nobody is listening; the exit code still says it.
    }
    std::_Exit(static_cast<int>(ExitCode::incomplete));
  };
}

}  // namespace assay::run
