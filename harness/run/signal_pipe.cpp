#include "harness/run/signal_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "harness/core/error.hpp"

namespace assay::run {
namespace {

std::atomic<int> handler_fd = -1;
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int number, siginfo_t* info, void*) {
  const int error = errno;
  const SignalPipe::Caught caught{number, info == nullptr ? 0 : info->si_pid};
  // Small enough for a pipe to take whole or not at all; a full pipe already holds the news.
  if (::write(handler_fd.load(std::memory_order_relaxed), &caught, sizeof caught) < 0)
    errno = error;
  errno = error;
}

}  // namespace

SignalPipe::SignalPipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0)
    throw RunError({"watchdog", "cannot make a pipe: " + std::string(std::strerror(errno)), {}});
  read_end_ = Descriptor(ends[0]);
  write_end_ = Descriptor(ends[1]);
  int none = -1;
  invariant(handler_fd.compare_exchange_strong(none, ends[1]), "one watchdog per process");
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  for (std::size_t i = 0; i < numbers.size(); ++i) ::sigaction(numbers[i], &action, &before_[i]);
}

SignalPipe::~SignalPipe() {
  for (std::size_t i = 0; i < numbers.size(); ++i) ::sigaction(numbers[i], &before_[i], nullptr);
  handler_fd = -1;
}

std::vector<SignalPipe::Caught> SignalPipe::take() {
  std::vector<Caught> all;
  Caught caught;
  while (::read(read_end_.get(), &caught, sizeof caught) == sizeof caught) all.push_back(caught);
  return all;
}

std::string_view signal_name(int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT (Ctrl-C)";
    case SIGCONT:
      return "SIGCONT";
    default:
      return "a signal";
  }
}

}  // namespace assay::run
