#include "harness/schedule/order.hpp"

#include <algorithm>
#include <compare>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "harness/core/error.hpp"

namespace assay::schedule {

namespace {

enum class Kind { receive, send, local };  // in the order in which they are to begin

Kind kind_of(const Operation& operation) {
  if (std::holds_alternative<Receive>(operation.action)) return Kind::receive;
  return std::holds_alternative<Send>(operation.action) ? Kind::send : Kind::local;
}

/// Of what is local and waits for no message.
constexpr int before_all_rounds = std::numeric_limits<int>::min();

class Ordering {
 public:
  explicit Ordering(const Schedule& schedule)
      : operations_(schedule.operations), states_(operations_.size()) {
    link();
    for (std::size_t i = 0; i < states_.size(); ++i)
      if (states_[i].waits_for == 0) ready_.insert({kind_of(operations_[i]), i});
  }

  std::vector<Step> run() {
    for (std::size_t first = 0; first < states_.size();) {
      begin_what_is_ready();
      while (first < states_.size() && states_[first].begun) ++first;
      if (first < states_.size()) finish(pending_dependency(first));
    }
    for (std::size_t i = 0; i < states_.size(); ++i)
      if (!states_[i].complete) finish(i);
    return std::move(steps_);
  }

 private:
  struct State {
    std::size_t waits_for = 0;
    std::vector<std::size_t> completion_releases;
    std::optional<std::size_t> beginning_releases;  ///< the next message on the same way
    bool begun = false, complete = false;
  };
  struct Ready {
    Kind kind;
    std::size_t operation;
    auto operator<=>(const Ready&) const = default;
  };

  void link() {
    std::map<int, std::size_t> last_sends, last_receives;
    const auto behind = [&](std::map<int, std::size_t>& last, int peer, std::size_t i) {
      const auto [before, first] = last.try_emplace(peer, i);
      if (first) return;
      states_[before->second].beginning_releases = i;
      ++states_[i].waits_for;
      before->second = i;
    };
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const auto& action = operations_[i].action;
      const auto& after = operations_[i].after;
      states_[i].waits_for = after.size();
      for (const auto dependency : after) {
        invariant(dependency < i, "an operation depends on earlier ones");
        states_[dependency].completion_releases.push_back(i);
      }
      if (const auto* send = std::get_if<Send>(&action)) behind(last_sends, send->peer, i);
      if (const auto* receive = std::get_if<Receive>(&action))
        behind(last_receives, receive->peer, i);
    }
  }

  void begin_what_is_ready() {
    while (!ready_.empty()) {
      const auto [kind, i] = *ready_.begin();
      ready_.erase(ready_.begin());
      states_[i].begun = true;
      steps_.push_back({Step::What::begin, i});
      if (states_[i].beginning_releases) release(*states_[i].beginning_releases);
      if (kind == Kind::local) complete(i);
    }
  }

  /// A transfer: all before `operation` has begun, and what is local is complete once begun.
  std::size_t pending_dependency(std::size_t operation) const {
    const auto& after = operations_[operation].after;
    const auto found = std::find_if(after.begin(), after.end(),
                                    [&](auto dependency) { return !states_[dependency].complete; });
    invariant(found != after.end(), "what has not begun waits for something");
    return *found;
  }

  void finish(std::size_t transfer) {
    steps_.push_back({Step::What::finish, transfer});
    complete(transfer);
  }

  void complete(std::size_t operation) {
    states_[operation].complete = true;
    for (const auto i : states_[operation].completion_releases) release(i);
  }

  void release(std::size_t operation) {
    if (--states_[operation].waits_for == 0)
      ready_.insert({kind_of(operations_[operation]), operation});
  }

  const std::vector<Operation>& operations_;
  std::vector<State> states_;
  std::set<Ready> ready_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> order(const Schedule& schedule) { return Ordering(schedule).run(); }

std::vector<Step> order_in_rounds(const Schedule& schedule) {
  struct Round {
    std::vector<std::size_t> transfers, local;
  };
  std::map<int, Round> rounds;
  std::vector<int> round_of;
  for (std::size_t i = 0; i < schedule.operations.size(); ++i) {
    const auto& operation = schedule.operations[i];
    const bool local = kind_of(operation) == Kind::local;
    int round = local ? before_all_rounds : operation.round;
    if (local)
      for (const auto dependency : operation.after) round = std::max(round, round_of[dependency]);
    round_of.push_back(round);
    (local ? rounds[round].local : rounds[round].transfers).push_back(i);
  }
  std::vector<Step> steps;
  for (const auto& [round, operations] : rounds) {
    for (const auto i : operations.transfers) steps.push_back({Step::What::begin, i});
    for (const auto i : operations.transfers) steps.push_back({Step::What::finish, i});
    for (const auto i : operations.local) steps.push_back({Step::What::begin, i});
  }
  return steps;
}

}  // namespace assay::schedule
