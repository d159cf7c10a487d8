#include "benchmarks/collective_data.hpp"

#include "benchmarks/pattern_check.hpp"

namespace assay::benchmarks {

CollectiveData::CollectiveData(const CollectiveSpec& spec, bench::Context& context)
    : spec_(spec),
      context_(context),
      shape_(spec, context.spec.dims, context.group.size, context.seed, context.spec.traffic.get()),
      in_place_(shape_.call(0).in_place),
      mine_(shape_.extent(context.group.rank)),
      rotation_(bench::rotation_over(context.rotation_bytes, largest_bytes())),
      turn_(rotation_.slots),
      recv_(context.device, mine_.recv * shape_.width(), rotation_.slots,
            memory(largest_bytes()[0])) {
  if (!in_place_)
    send_.emplace(context.device, mine_.send * shape_.width(), rotation_.slots,
                  memory(largest_bytes()[1]));
  const auto input = spec.input(shape_.call(0), context.group.rank);
  if (!in_place_)
    for (std::size_t i = 0; i < turn_.slots(); ++i) {
      context_.device.fill(send_->slot(i), input, {stream(i), 0, mine_.send});
      recv_.poison(i);
    }
  else
    for (std::size_t i = 0; i < turn_.slots(); ++i) fill_in_place(i);
}

Work CollectiveData::work() const {
  Work work;
  const auto call = shape_.call(0);
  const double alg = spec_.alg_elements(call) * static_cast<double>(shape_.width());
  if (spec_.messages > 0) work.amount["messages"] = spec_.messages;
  if (alg == 0) {
    work.absent["alg_bytes"] = work.absent["bus_bytes"] = "no bytes are moved";
    return work;
  }
  work.amount["alg_bytes"] = alg;
  if (spec_.bus_factor(call.ranks) > 0)
    work.amount["bus_bytes"] = alg * spec_.bus_factor(call.ranks);
  else
    work.absent["bus_bytes"] = "one rank alone uses no bus";
  return work;
}

std::map<std::string, std::string> CollectiveData::notes() const {
  return {{"actual_bytes", std::to_string(shape_.actual_bytes())},
          {"count", std::to_string(shape_.call(0).count)},
          {"buffers", std::to_string(rotation_.slots)},
          {"rotated_bytes", std::to_string(rotation_.bytes)}};
}

CollectiveData::Operation CollectiveData::take() noexcept {
  const auto slot = turn_.take();
  const auto root = next_root_;
  next_root_ = next_root_ + 1 == shape_.roots().size() ? 0 : next_root_ + 1;
  return {root, in_place_ ? nullptr : send_->slot(slot), recv_.slot(slot)};
}

void CollectiveData::announce() {
  const auto slot = turn_.announce();
  announced_root_ = next_root_;
  if (in_place_)
    fill_in_place(slot);
  else
    recv_.poison(slot);
}

VerifyReport CollectiveData::compare(std::uint64_t in_place_result_at) const {
  PatternCheck check(context_);
  const auto slot = turn_.announced();
  const auto call = shape_.call(shape_.roots()[announced_root_]);
  const int rank = context_.group.rank;
  const auto shift = in_place_ ? in_place_result_at : 0;
  for (int i = 0; i < spec_.pieces(call, rank); ++i) {
    const auto piece = spec_.expected(call, rank, i);
    const auto at = piece.at + shift;
    check.data(recv_.slot(slot) + at * shape_.width(), piece.pattern,
               {stream(slot), piece.first_index, piece.count}, at);
  }
  check.guards("recv", recv_, slot);
  if (!in_place_) check.guards("send", *send_, slot);
  return check.report();
}

std::vector<std::size_t> CollectiveData::largest_bytes() const {
  const auto most = shape_.largest();
  return {most.recv * shape_.width(), most.send * shape_.width()};
}

bench::RingMemory CollectiveData::memory(std::size_t largest) const {
  const auto kind = buffers_of(context_.spec.dims);
  if (kind == BufferKind::plain) return {};
  return {[kind, &communicator = *context_.communicator](std::size_t bytes) {
            return communicator.allocate(kind, bytes);
          },
          kind == BufferKind::symmetric ? largest : 0};
}

/// Every slot has a stream of its own, so that output of another slot is stale data.
std::uint64_t CollectiveData::stream(std::size_t slot) const {
  return bench::mix(context_.seed ^ slot);
}

/// Where the input lies depends on who is the root: made for the operation that comes next.
void CollectiveData::fill_in_place(std::size_t slot) {
  const auto call = shape_.call(shape_.roots()[next_root_]);
  const int rank = context_.group.rank;
  const auto at = spec_.in_place_input == nullptr ? 0 : spec_.in_place_input(call, rank);
  recv_.poison(slot);
  context_.device.fill(recv_.slot(slot) + at * shape_.width(), spec_.input(call, rank),
                       {stream(slot), 0, spec_.send_elements(call, rank)});
}

}  // namespace assay::benchmarks
