#include "benchmarks/step_check.hpp"

#include <algorithm>

namespace assay::benchmarks {

StepCheck::StepCheck(const bench::Context& context,
                     std::span<comm::Communicator* const> communicators,
                     const step::Schedule& schedule)
    : context_(context), communicators_(communicators) {
  report_.method = "every communication of an untimed step";
  std::map<std::uint32_t, std::uint64_t> most;
  for (const auto& work : schedule.works)
    if (const auto group = step::group_of(work))
      most[*group] = std::max(most[*group], bytes_sent(work));
  for (const auto& [group, bytes] : most) sent_[group] = context.device.allocate(bytes);
}

/// Where it is not in place.
std::uint64_t StepCheck::bytes_sent(const step::Work& work) const {
  if (const auto* message = std::get_if<step::Message>(&work.what))
    return message->way == step::Message::Way::send ? message->count * size_of(message->type) : 0;
  const auto& call = std::get<step::Collect>(work.what);
  const auto& among = *communicators_[call.group];
  const OracleCall oracle{.type = call.type,
                          .op = call.op,
                          .ranks = among.size(),
                          .count = call.count,
                          .counts = call.counts.get()};
  return spec_of(call.collective).send_elements(oracle, among.rank()) * size_of(call.type);
}

/// Operations of a group, and messages of a pair in it, have an order that is the same for all that
/// take part: so each has a stream of its own, and what another one left is stale data.
std::uint64_t StepCheck::stream(std::uint32_t group, int from, int to) {
  const auto nth = passed_[{group, from, to}]++;
  auto seed = bench::mix(context_.seed ^ nth);
  for (const auto part : {static_cast<std::int64_t>(group), std::int64_t{from}, std::int64_t{to}})
    seed = bench::mix(seed ^ static_cast<std::uint64_t>(part));
  return seed;
}

const std::byte* StepCheck::before(const bench::Rehearsed& rehearsed) {
  if (const auto* call = std::get_if<step::Collect>(&rehearsed.work.what))
    return collect(rehearsed, *call);
  return pass(rehearsed, std::get<step::Message>(rehearsed.work.what));
}

void StepCheck::after(const bench::Rehearsed& rehearsed) {
  if (const auto* call = std::get_if<step::Collect>(&rehearsed.work.what))
    collected(rehearsed, *call);
  else
    passed(rehearsed, std::get<step::Message>(rehearsed.work.what));
  expected_.erase(rehearsed.operation);
}

const std::byte* StepCheck::collect(const bench::Rehearsed& rehearsed, const step::Collect& call) {
  const auto& among = *communicators_[call.group];
  auto& [oracle, seed] = expected_[rehearsed.operation];
  seed = stream(call.group, -1, -1);
  oracle = {.type = call.type,
            .op = call.op,
            .ranks = among.size(),
            .count = call.count,
            .in_place = rehearsed.send == nullptr,
            .seed = seed,
            .counts = call.counts.get()};
  const auto& spec = spec_of(call.collective);
  const auto rank = among.rank();
  const auto width = size_of(call.type);
  const auto elements = spec.send_elements(oracle, rank);
  const auto received = spec.recv_elements(oracle, rank);
  auto& device = context_.device;
  std::byte* input = rehearsed.recv;
  device.poison(rehearsed.recv,
                (oracle.in_place ? std::max(elements, received) : received) * width);
  if (!oracle.in_place) {
    input = sent_.at(call.group).data();
  } else if (spec.in_place_input != nullptr) {
    input += spec.in_place_input(oracle, rank) * width;
  }
  device.fill(input, spec.input(oracle, rank), {seed, 0, elements});
  return input;
}

void StepCheck::collected(const bench::Rehearsed& rehearsed, const step::Collect& call) {
  const auto& oracle = expected_.at(rehearsed.operation).call;
  const auto& spec = spec_of(call.collective);
  const auto rank = communicators_[call.group]->rank();
  const auto shift = oracle.in_place ? rehearsed.in_place_result_at : 0;
  for (int i = 0; i < spec.pieces(oracle, rank); ++i) {
    const auto piece = spec.expected(oracle, rank, i);
    compare(rehearsed, piece, piece.at + shift);
  }
}

const std::byte* StepCheck::pass(const bench::Rehearsed& rehearsed, const step::Message& message) {
  const auto& among = *communicators_[message.group];
  const bool sends = message.way == step::Message::Way::send;
  auto& seed = expected_[rehearsed.operation].stream;
  seed = sends ? stream(message.group, among.rank(), message.peer)
               : stream(message.group, message.peer, among.rank());
  const auto bytes = message.count * size_of(message.type);
  if (!sends) {
    context_.device.poison(rehearsed.recv, bytes);
    return nullptr;
  }
  auto* const sent = sent_.at(message.group).data();
  context_.device.fill(sent, kernels::movement(message.type, among.rank(), seed),
                       {seed, 0, message.count});
  return sent;
}

void StepCheck::passed(const bench::Rehearsed& rehearsed, const step::Message& message) {
  if (message.way == step::Message::Way::send) return;
  const auto seed = expected_.at(rehearsed.operation).stream;
  compare(rehearsed, {kernels::movement(message.type, message.peer, seed), 0, 0, message.count}, 0);
}

void StepCheck::compare(const bench::Rehearsed& rehearsed, const Piece& piece, std::uint64_t at) {
  PatternCheck check(context_);
  const auto& [pattern, from, first_index, count] = piece;
  check.data(rehearsed.recv + at * size_of(pattern.type), pattern,
             {expected_.at(rehearsed.operation).stream, first_index, count}, at);
  const auto& found = check.report();
  report_.checked += found.checked;
  report_.wrong += found.wrong;
  if (report_.first || !found.first) return;
  report_.first = found.first;
  report_.first->buffer = rehearsed.work.name;
}

}  // namespace assay::benchmarks
