#include <fmt/format.h>

#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "harness/schedule/step_order.hpp"

namespace assay::step {
namespace {

using Tuple = std::vector<std::size_t>;  ///< schedules of a group's members, in order

/// Finds which operations meet, group by group.
class Matcher {
 public:
  explicit Matcher(const Job& job) : job_(job) {
    result_.base.push_back(0);
    for (const auto& schedule : job.schedules)
      result_.base.push_back(result_.base.back() + schedule.operations.size());
    result_.meeting.resize(result_.base.back());
    std::iota(result_.meeting.begin(), result_.meeting.end(), 0U);
    of_group_.resize(job.groups.size(),
                     std::vector<std::vector<std::uint32_t>>(job.schedules.size()));
    for (std::size_t s = 0; s < job.schedules.size(); ++s) sort(s);
  }

  Meetings match() {
    for (std::size_t group = 0; group < job_.groups.size() && result_.problem.empty(); ++group)
      match(group);
    for (std::uint32_t i = 0; i < result_.meeting.size(); ++i) result_.meeting[i] = root(i);
    return std::move(result_);
  }

 private:
  /// The operations of a schedule in each group.
  void sort(std::size_t schedule) {
    const auto& operations = job_.schedules[schedule].operations;
    for (std::uint32_t i = 0; i < operations.size(); ++i)
      if (const auto group = group_of(job_.schedules[schedule].works[operations[i].work]))
        of_group_[*group][schedule].push_back(i);
  }

  void match(std::size_t group) {
    std::set<Tuple> tuples;
    for (int rank = 0; rank < job_.ranks; ++rank) {
      const auto& axis = job_.groups[group].axis;
      const bool first = place(rank, axis) == 0;
      const bool beyond =
          rank - place(rank, axis) * axis.stride + (axis.size - 1) * axis.stride >= job_.ranks;
      if (beyond && !of_group_[group][schedule_of(job_, rank)].empty())
        return complain(fmt::format("rank {} uses {}, which it is not in", rank, name(group)));
      if (!first || beyond) continue;
      Tuple tuple;
      for (const int member : members(job_.groups[group], rank, job_.ranks))
        tuple.push_back(schedule_of(job_, member));
      tuples.insert(std::move(tuple));
    }
    for (const auto& tuple : tuples) {
      match_collectives(group, tuple);
      match_messages(group, tuple);
    }
  }

  const Work& work(std::size_t schedule, std::uint32_t operation) const {
    const auto& all = job_.schedules[schedule];
    return all.works[all.operations[operation].work];
  }

  std::vector<std::uint32_t> collectives(std::size_t group, std::size_t schedule) const {
    std::vector<std::uint32_t> found;
    for (const auto operation : of_group_[group][schedule])
      if (std::holds_alternative<Collect>(work(schedule, operation).what))
        found.push_back(operation);
    return found;
  }

  void match_collectives(std::size_t group, const Tuple& tuple) {
    const auto reference = collectives(group, tuple.front());
    for (const auto schedule : std::set<std::size_t>(tuple.begin(), tuple.end())) {
      if (schedule == tuple.front()) continue;
      const auto other = collectives(group, schedule);
      if (other.size() != reference.size())
        return complain(fmt::format("{}: {} collectives in schedule {}, {} in schedule {}",
                                    name(group), reference.size(), tuple.front(), other.size(),
                                    schedule));
      for (std::size_t i = 0; i < other.size(); ++i) {
        const auto& a = work(tuple.front(), reference[i]);
        const auto& b = work(schedule, other[i]);
        if (std::get<Collect>(a.what) != std::get<Collect>(b.what))
          return complain(fmt::format("{}: collective {} is {} in schedule {}, another {} in {}",
                                      name(group), i, a.name, tuple.front(), b.name, schedule));
        meet(number(tuple.front(), reference[i]), number(schedule, other[i]));
      }
    }
  }

  using Ends = std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint32_t>>;

  /// By sender and receiver, indices within the group: who sends, or receives, when.
  Ends ends_of(std::size_t group, const Tuple& tuple, Message::Way way) const {
    Ends found;
    for (std::size_t index = 0; index < tuple.size(); ++index)
      for (const auto operation : of_group_[group][tuple[index]]) {
        const auto* message = std::get_if<Message>(&work(tuple[index], operation).what);
        if (message == nullptr || message->way != way) continue;
        const auto peer = static_cast<std::size_t>(message->peer);
        const auto pair =
            way == Message::Way::send ? std::pair(index, peer) : std::pair(peer, index);
        found[pair].push_back(operation);
      }
    return found;
  }

  void match_messages(std::size_t group, const Tuple& tuple) {
    const auto sends = ends_of(group, tuple, Message::Way::send);
    auto receives = ends_of(group, tuple, Message::Way::receive);
    for (const auto& [pair, sent] : sends) match_pair(group, tuple, pair, {sent, receives[pair]});
    for (const auto& [pair, received] : receives)
      if (!sends.contains(pair)) match_pair(group, tuple, pair, {{}, received});
  }

  struct Both {
    std::vector<std::uint32_t> sent, received;
  };

  void match_pair(std::size_t group, const Tuple& tuple, std::pair<std::size_t, std::size_t> pair,
                  const Both& both) {
    const auto [from, to] = pair;
    const auto where = fmt::format("{}: from place {} to {}", name(group), from, to);
    if (from >= tuple.size() || to >= tuple.size() || from == to)
      return complain(where + ": no such peer");
    if (both.sent.size() != both.received.size())
      return complain(
          fmt::format("{}: {} sends, {} receives", where, both.sent.size(), both.received.size()));
    for (std::size_t i = 0; i < both.sent.size(); ++i) {
      const auto& send = std::get<Message>(work(tuple[from], both.sent[i]).what);
      const auto& receive = std::get<Message>(work(tuple[to], both.received[i]).what);
      if (send.count != receive.count || send.type != receive.type)
        return complain(fmt::format("{}: message {} has {} elements of {}, {} of {} are expected",
                                    where, i, send.count, assay::name(send.type), receive.count,
                                    assay::name(receive.type)));
      meet(number(tuple[from], both.sent[i]), number(tuple[to], both.received[i]));
    }
  }

  std::string name(std::size_t group) const { return "group " + job_.groups[group].name; }
  void complain(std::string what) {
    if (result_.problem.empty()) result_.problem = std::move(what);
  }

  std::uint32_t number(std::size_t schedule, std::uint32_t operation) const {
    return static_cast<std::uint32_t>(result_.base[schedule]) + operation;
  }
  std::uint32_t root(std::uint32_t i) {
    auto& meeting = result_.meeting;
    while (meeting[i] != i) i = meeting[i] = meeting[meeting[i]];
    return i;
  }
  void meet(std::uint32_t a, std::uint32_t b) {
    const auto first = root(a), second = root(b);
    result_.meeting[std::max(first, second)] = std::min(first, second);
  }

  const Job& job_;
  Meetings result_;
  std::vector<std::vector<std::vector<std::uint32_t>>> of_group_;  ///< [group][schedule]
};

}  // namespace

Meetings meetings_of(const Job& job) { return Matcher(job).match(); }

}  // namespace assay::step
