// The kernels of kernels_cuda.hpp on the double: the same bodies, one thread after the other.
#include <atomic>
#include <chrono>
#include <thread>

#include "kernels/kernels_cuda.hpp"
#include "tests/fakes/cuda/serial_launcher.hpp"
#include "tests/fakes/cuda/state.hpp"

namespace assay::kernels::cuda {
namespace {

using fakes::SerialLauncher;
using fakes::cuda::reach;
using fakes::cuda::told;

/// Enough for the work to be shared, in an uneven way.
constexpr std::size_t threads = 37;

/// A launch returns what cudaGetLastError() knows: an error of earlier, too, if nobody asked.
template <class Work>
cudaError_t launch(const char* kernel, const Queue& queue, Work work, void* written,
                   std::size_t bytes) {
  fakes::cuda::enqueue(kernel, queue.stream, work, written, bytes);
  return cudaGetLastError();
}

}  // namespace

cudaError_t fill(const Queue& queue, void* out, const Pattern& pattern, const Slice& slice) {
  const std::size_t bytes = slice.count * size_of(pattern.type);
  void* to = reach(out, bytes);
  if (to == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "fill", queue,
      [=] {
        SerialLauncher launcher(threads);
        fill_with(launcher, to, pattern, slice);
      },
      to, bytes);
}

cudaError_t verify(const Queue& queue, const void* data, const Pattern& pattern, const Slice& slice,
                   Findings* findings) {
  const void* from = reach(data, slice.count * size_of(pattern.type));
  auto* found = static_cast<Findings*>(reach(findings, sizeof(Findings)));
  if (from == nullptr || found == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "verify", queue,
      [=] {
        SerialLauncher launcher(threads, found);
        verify_with(launcher, from, pattern, slice);
      },
      found, sizeof(Findings));
}

cudaError_t reduce(const Queue& queue, void* acc, const void* in, std::size_t count, DataType type,
                   ReduceOp op) {
  const std::size_t bytes = count * size_of(type);
  void* to = reach(acc, bytes);
  const void* from = reach(in, bytes);
  if (to == nullptr || from == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "reduce", queue,
      [=] {
        SerialLauncher launcher(threads);
        reduce_with(launcher, to, from, count, type, op);
      },
      to, bytes);
}

cudaError_t divide(const Queue& queue, void* data, std::size_t count, DataType type, int divisor) {
  const std::size_t bytes = count * size_of(type);
  void* to = reach(data, bytes);
  if (to == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "divide", queue,
      [=] {
        SerialLauncher launcher(threads);
        divide_with(launcher, to, count, type, divisor);
      },
      to, bytes);
}

cudaError_t copy(const Queue& queue, double* b, const double* a, std::size_t count) {
  const std::size_t bytes = count * sizeof(double);
  auto* to = static_cast<double*>(reach(b, bytes));
  const auto* from = static_cast<const double*>(reach(a, bytes));
  if (to == nullptr || from == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "copy", queue,
      [=] {
        const Copy body{to, from, count};
        SerialLauncher(threads).run(body, body.split().units());
      },
      to, bytes);
}

cudaError_t triad(const Queue& queue, double* a, const double* b, const double* c, double s,
                  std::size_t count) {
  const std::size_t bytes = count * sizeof(double);
  auto* to = static_cast<double*>(reach(a, bytes));
  const auto* x = static_cast<const double*>(reach(b, bytes));
  const auto* y = static_cast<const double*>(reach(c, bytes));
  if (to == nullptr || x == nullptr || y == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "triad", queue,
      [=] {
        const Triad body{to, x, y, s, count};
        SerialLauncher(threads).run(body, body.split().units());
      },
      to, bytes);
}

cudaError_t write(const Queue& queue, double* a, double value, std::size_t count) {
  const std::size_t bytes = count * sizeof(double);
  auto* to = static_cast<double*>(reach(a, bytes));
  if (to == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "write", queue,
      [=] {
        const Write body{to, value, count};
        SerialLauncher(threads).run(body, body.split().units());
      },
      to, bytes);
}

cudaError_t fold(const Queue& queue, std::uint64_t* bits, const void* a, std::size_t count) {
  auto* to = static_cast<std::uint64_t*>(reach(bits, sizeof *bits));
  const auto* from = static_cast<const std::uint64_t*>(reach(a, count * sizeof *bits));
  if (to == nullptr || from == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "fold", queue,
      [=] {
        const Fold body{from, count};
        SerialLauncher(threads).run_fold(body, to, body.split().units());
      },
      to, sizeof *bits);
}

cudaError_t softmax(const Queue& queue, void* data, const Rows& rows, DataType type) {
  const std::size_t bytes = rows.count * rows.width * size_of(type);
  void* to = reach(data, bytes);
  if (to == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "softmax", queue, [=] { kernels::softmax(to, rows, type); }, to, bytes);
}

cudaError_t softmax_gradient(const Queue& queue, const void* data, void* gradient, const Rows& rows,
                             DataType type) {
  const std::size_t bytes = rows.count * rows.width * size_of(type);
  const void* from = reach(data, bytes);
  void* to = reach(gradient, bytes);
  if (from == nullptr || to == nullptr) return told(cudaErrorIllegalAddress);
  return launch(
      "softmax_gradient", queue, [=] { kernels::softmax_gradient(from, to, rows, type); }, to,
      bytes);
}

cudaError_t launch_nothing(const Queue& queue) {
  return launch(
      "launch_nothing", queue, [] {}, nullptr, 0);
}

cudaError_t wait_for_gate(const Queue& queue, Gate* gate, unsigned number, double limit_s) {
  return launch(
      "wait_for_gate", queue,
      [=] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limit_s);
        while (std::atomic_ref(gate->opened).load() < number) {
          if (std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(std::chrono::microseconds(20));
            continue;
          }
          std::atomic_ref(gate->expired).fetch_add(1);
          return;
        }
      },
      nullptr, 0);
}

}  // namespace assay::kernels::cuda
