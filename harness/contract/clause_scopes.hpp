// The figures that one clause is tested on. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/contract/clause_judge.hpp"
#include "harness/contract/evaluate.hpp"

namespace assay::contract {

/// A case that the clause selects, with what its scopes share.
struct Selected : CaseGroups {
  Blocking cut;
};

/// One scope, with the least that ranking needs: a document may hold a hundred thousand.
struct Ranked {
  const Selected* of = nullptr;
  std::optional<std::size_t> group;
  Outcome outcome = Outcome::not_measured;
  double margin = 0;  ///< estimate over bound (at_most: the inverse): low is bad
};

class ClauseScopes {
 public:
  ClauseScopes(const Clause& clause, const Evidence& evidence);
  ClauseScopes(const ClauseScopes&) = delete;  // Ranked points into selected_
  ClauseScopes& operator=(const ClauseScopes&) = delete;

  /// Why nothing can be tested: no case, or no reference to test against. Empty: go on.
  const std::string& problem() const { return problem_; }
  const Question& question() const { return question_; }
  /// Ids of all cases used, the reference last.
  const std::vector<std::string>& cases() const { return cases_; }
  std::size_t selected_cases() const { return selected_.size(); }

  /// Every scope, the worst first: by outcome, margin, case and group.
  std::vector<Ranked> ranked() const;
  /// All that is said of a scope.
  Scope scope(const Ranked& one) const;
  /// Median over blocks of each group of a case.
  std::vector<double> group_medians(const Selected& of) const;

 private:
  void select();
  void pose();
  void pose_relative(const Relative& relative);
  std::string incomparable(const result::CaseResult& reference) const;
  double margin(double estimate) const;
  Ranked rank(const Selected& of, std::optional<std::size_t> group) const;
  Blocks blocks(const Selected& of, std::optional<std::size_t> group) const;
  Evaluation evaluation(const Selected& of, const Blocks& found) const;
  void describe_place(const Ranked& one, Scope& scope) const;
  void describe_rank(const Ranked& one, const Blocks& found, Scope& scope) const;
  void describe_decision(const Evaluation& found, Scope& scope) const;

  const Clause& clause_;
  const Evidence& evidence_;
  std::string problem_;
  Question question_;
  std::vector<Selected> selected_;
  std::vector<std::string> cases_;
};

}  // namespace assay::contract
