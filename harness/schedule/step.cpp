#include "harness/schedule/step.hpp"

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay::step {
namespace {

double real(std::uint64_t count) { return static_cast<double>(count); }

double flops_of(const Gemm& gemm) {
  double sum = 0;
  for (const auto& shape : gemm.shapes) sum += 2 * real(shape.m) * real(shape.n) * real(shape.k);
  return sum;
}

double flops_of(const Attention& attention) {
  const double keys = real(attention.keys), window = real(attention.window);
  const bool windowed = attention.window > 0 && window < keys;
  const double attended = windowed ? window - window * window / (2 * keys) : keys / 2;
  const double pairs = real(attention.batch) * real(attention.queries) * attended;
  const double dims = real(attention.qk_dim + attention.v_dim);
  return (attention.backward ? 2 : 1) * 2 * pairs * real(attention.heads) * dims;
}

template <typename Other>
double flops_of(const Other&) {
  return 0;
}

struct Volume {
  int index, size;

  Traffic operator()(const Collect& call) const {
    const auto bytes = real(call.count) * real(size_of(call.type));
    const auto others = real(static_cast<std::uint64_t>(size - 1)), all = others + 1;
    switch (call.collective) {
      case Collective::all_reduce:
        return {bytes, 2 * bytes * others / all};
      case Collective::all_gather:
      case Collective::reduce_scatter:
      case Collective::all_to_all:
        return {bytes * all, bytes * others};
      case Collective::all_to_all_v:
        return uneven(call);
      case Collective::send_recv:
        return {bytes, bytes};
      default:
        throw InternalError("a step has no such collective");
    }
  }
  Traffic operator()(const Message& message) const {
    const auto bytes = real(message.count) * real(size_of(message.type));
    return {bytes, message.way == Message::Way::send ? bytes : 0};
  }
  template <typename Local>
  Traffic operator()(const Local&) const {
    return {};
  }

 private:
  Traffic uneven(const Collect& call) const {
    const auto& counts = *call.counts;
    const auto sent = counts.sent(index, size), received = counts.received(index, size);
    const auto width = real(size_of(call.type));
    return {real(std::max(sent, received)) * width, real(sent - counts(index, index)) * width};
  }
};

}  // namespace

std::size_t schedule_of(const Job& job, int rank) {
  std::size_t index = 0, scale = 1;
  for (const auto& axis : job.distinct) {
    index += scale * static_cast<std::size_t>(place(rank, axis));
    scale *= static_cast<std::size_t>(axis.size);
  }
  return index;
}

std::vector<Share> shares(const Job& job) {
  std::vector<Share> found(job.schedules.size());
  for (int rank = job.ranks - 1; rank >= 0; --rank) {
    auto& share = found.at(schedule_of(job, rank));
    share.first = rank;
    ++share.ranks;
  }
  return found;
}

std::vector<int> members(const Group& group, int rank, int ranks) {
  const auto& axis = group.axis;
  const int first = rank - place(rank, axis) * axis.stride;
  if (first + (axis.size - 1) * axis.stride >= ranks) return {};
  std::vector<int> found(static_cast<std::size_t>(axis.size));
  for (int i = 0; i < axis.size; ++i) found[static_cast<std::size_t>(i)] = first + i * axis.stride;
  return found;
}

double flops(const Work& work) {
  return std::visit([](const auto& what) { return flops_of(what); }, work.what);
}

std::optional<std::uint32_t> group_of(const Work& work) {
  if (const auto* call = std::get_if<Collect>(&work.what)) return call->group;
  if (const auto* message = std::get_if<Message>(&work.what)) return message->group;
  return std::nullopt;
}

bool has_volume(Collective collective) {
  switch (collective) {
    case Collective::all_reduce:
    case Collective::all_gather:
    case Collective::reduce_scatter:
    case Collective::all_to_all:
    case Collective::all_to_all_v:
    case Collective::send_recv:
      return true;
    default:
      return false;
  }
}

Traffic traffic(const Work& work, int index, int size) {
  return std::visit(Volume{index, size}, work.what);
}

}  // namespace assay::step
