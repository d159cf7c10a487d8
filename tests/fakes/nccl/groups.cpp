// Groups of the double: what is enqueued when, and how it goes wrong.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/fakes/nccl/task.hpp"

namespace assay::fakes::nccl {
namespace {

struct Group {
  int depth = 0;
  ncclResult_t failed = ncclSuccess;
  std::vector<Task> tasks;
};
Group& group() {
  static thread_local Group the_group;
  return the_group;
}

/// Whether the work goes on after what was planned before it.
bool strike_before(const Task& task) {
  const auto& trouble = task.trouble;
  if (trouble.delay_s > 0)
    std::this_thread::sleep_for(std::chrono::duration<double>(trouble.delay_s));
  while (trouble.hang && !task.core->lost()) usleep(1000);
  if (trouble.async != ncclSuccess) task.core->fail(trouble.async);
  return !trouble.hang && trouble.async == ncclSuccess;
}

/// Of one communicator: all messages at once, then what they are for.
void run(const std::vector<Task>& tasks) {
  auto& core = *tasks.front().core;
  Transfers all;
  for (const auto& task : tasks) {
    if (core.async != ncclSuccess || !strike_before(task)) return;
    const auto& [sends, receives] = task.transfers;
    all.sends.insert(all.sends.end(), sends.begin(), sends.end());
    all.receives.insert(all.receives.end(), receives.begin(), receives.end());
  }
  const End end =
      core.wire.carry_out(Wire::Lane::data, std::move(all), [&] { return core.lost(); });
  if (end != End::complete)
    return core.fail(end == End::stopped ? ncclRemoteError : ncclInvalidUsage);
  for (const auto& task : tasks) {
    if (task.then) task.then();
    if (task.trouble.corrupt && !task.written.empty())
      task.written[task.written.size() / 2] ^= std::byte{4};
  }
}

/// NCCL refuses a message to oneself that nobody receives, as it would for ever wait.
bool misses_itself(const std::vector<Task>& tasks) {
  const auto to_self = [&](const std::vector<Transfer> Transfers::*some) {
    std::ptrdiff_t count = 0;
    for (const auto& task : tasks)
      count += std::count_if((task.transfers.*some).begin(), (task.transfers.*some).end(),
                             [&](const auto& t) { return t.peer == task.core->wire.rank(); });
    return count;
  };
  return to_self(&Transfers::sends) != to_self(&Transfers::receives);
}

ncclResult_t enqueue(std::vector<Task> tasks) {
  if (misses_itself(tasks))
    return told(ncclInvalidUsage, "Trying to send to self without a matching recv");
  const auto* call = tasks.front().call;
  const auto stream = tasks.front().stream;
  const auto code = cuda::enqueue(call, stream, [all = std::move(tasks)] { run(all); });
  return code == cudaSuccess ? ncclSuccess
                             : told(ncclUnhandledCudaError,
                                    std::string("Cuda failure '") + cudaGetErrorString(code) + "'");
}

ncclResult_t close(Group& closing) {
  auto tasks = std::exchange(closing.tasks, {});
  if (const auto failed = std::exchange(closing.failed, ncclSuccess); failed != ncclSuccess)
    return failed;
  while (!tasks.empty()) {
    const auto core = tasks.front().core;
    const auto others = std::stable_partition(tasks.begin(), tasks.end(),
                                              [&](const Task& task) { return task.core == core; });
    std::vector<Task> of_one(tasks.begin(), others);
    tasks.erase(tasks.begin(), others);
    if (const auto code = enqueue(std::move(of_one)); code != ncclSuccess) return code;
  }
  return ncclSuccess;
}

}  // namespace

ncclResult_t submit(Task task) {
  if (task.trouble.error != ncclSuccess)
    return refuse(task.trouble.error, std::string("planned for ") + task.call);
  if (const ncclResult_t broken = task.core->async; broken != ncclSuccess)
    return refuse(broken, std::string(task.call) + " on a communicator that has failed");
  profile(task);
  auto& open = group();
  open.tasks.push_back(std::move(task));
  return open.depth > 0 ? ncclSuccess : close(open);
}

ncclResult_t refuse(ncclResult_t code, const std::string& why) {
  auto& open = group();
  if (open.depth > 0 && open.failed == ncclSuccess) open.failed = code;
  return told(code, why);
}

}  // namespace assay::fakes::nccl

extern "C" {

ncclResult_t ncclGroupStart() {
  ++assay::fakes::nccl::group().depth;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  auto& open = assay::fakes::nccl::group();
  if (open.depth == 0)
    return assay::fakes::nccl::told(ncclInvalidUsage, "ncclGroupEnd: not in a group call.");
  return --open.depth > 0 ? ncclSuccess : assay::fakes::nccl::close(open);
}

}  // extern "C"
