#include "harness/schedule/step_account.hpp"

#include <algorithm>

namespace assay::step {
namespace {

double real(std::uint64_t count) { return static_cast<double>(count); }

template <typename List>
auto& named(List& list, const std::string& label) {
  for (auto& entry : list)
    if (entry.label == label) return entry;
  list.emplace_back().label = label;
  return list.back();
}

class Flops : public Durations {
 public:
  double operator()(const Work& work) const override { return flops(work); }
};

/// What each work of a schedule costs, worked out once.
struct Cost {
  double flops = 0;
  bool attention = false;
  Traffic traffic{};
  const Group* group = nullptr;
};

Cost cost_of(const Job& job, const Work& work, int rank) {
  Cost cost{flops(work), std::holds_alternative<Attention>(work.what)};
  if (const auto group = group_of(work)) {
    cost.group = &job.groups[*group];
    const auto& axis = cost.group->axis;
    cost.traffic = traffic(work, place(rank, axis), axis.size);
  }
  return cost;
}

RankAccount account_of(const Job& job, const Schedule& schedule, const Share& share) {
  RankAccount account{share};
  account.operations = schedule.operations.size();
  std::vector<Cost> costs;
  for (const auto& work : schedule.works) costs.push_back(cost_of(job, work, share.first));
  for (const auto& operation : schedule.operations) {
    const auto& cost = costs[operation.work];
    auto& flops = operation.repeated ? account.repeated_flops
                  : cost.attention   ? account.attention_flops
                                     : account.gemm_flops;
    flops += cost.flops;
    if (cost.group == nullptr) continue;
    auto& dimension = named(account.dimensions, cost.group->label);
    ++dimension.operations;
    dimension.message_bytes += cost.traffic.message;
    dimension.sent_bytes += cost.traffic.sent;
  }
  for (const auto& buffer : schedule.buffers)
    named(account.memory, buffer.label).bytes += real(buffer.count) * real(size_of(buffer.type));
  return account;
}

double parameters_of(const Schedule& schedule) {
  double sum = 0;
  for (const auto& tensor : schedule.tensors) sum += real(tensor.slice.count) / real(tensor.copies);
  return sum;
}

double bubble_of(const Job& job, const Account& account) {
  double last = 0;
  for (const auto& schedule : ends(job, Flops()))
    for (const auto end : schedule) last = std::max(last, end);
  const double busy = account.model_flops() + account.repeated_flops;
  return last > 0 ? 1 - busy / (last * job.ranks) : 0;
}

}  // namespace

double RankAccount::memory_bytes() const {
  double sum = 0;
  for (const auto& entry : memory) sum += entry.bytes;
  return sum;
}

Dimension RankAccount::dimension(std::string_view label) const {
  for (const auto& entry : dimensions)
    if (entry.label == label) return entry;
  return {std::string(label)};
}

double RankAccount::memory_bytes(std::string_view label) const {
  for (const auto& entry : memory)
    if (entry.label == label) return entry.bytes;
  return 0;
}

Account account_of(const Job& job) {
  Account account;
  const auto shared = shares(job);
  for (std::size_t i = 0; i < job.schedules.size(); ++i) {
    account.ranks.push_back(account_of(job, job.schedules[i], shared[i]));
    const auto& rank = account.ranks.back();
    account.parameters += shared[i].ranks * parameters_of(job.schedules[i]);
    account.gemm_flops += shared[i].ranks * rank.gemm_flops;
    account.attention_flops += shared[i].ranks * rank.attention_flops;
    account.repeated_flops += shared[i].ranks * rank.repeated_flops;
  }
  account.ideal_bubble = bubble_of(job, account);
  return account;
}

}  // namespace assay::step
