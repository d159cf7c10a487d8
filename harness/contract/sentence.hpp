// Findings in words. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/evaluate.hpp"
#include "harness/contract/judge.hpp"

namespace assay::contract {

/// A figure of the finding's unit: "371.2 GB/s", "0.983".
std::string figure_text(double value, Unit unit);

/// "median", "5% quantile".
std::string quantile_name(double q);

/// "at least 460 GB/s", "at least 0.03 × median bandwidth across the median of benchmark=copy".
std::string bound_text(const Clause& clause);

/// What is said of one scope that is neither pass nor fail, from the decision or its reason.
std::string reason_text(const Scope& scope, const Evaluation& evaluation, const Question& question);

/// What the sentence of a clause rests on.
struct Account {
  const Clause* clause = nullptr;
  const Scope* worst = nullptr;  ///< the scope that decides the finding
  std::string case_label;        ///< said where several cases were used; else empty
  std::string layout;
  std::size_t groups = 0;  ///< of the worst scope's case
  std::size_t scopes_total = 0, scopes_failed = 0, scopes_same = 0;
  std::string weakest;  ///< joined groups that failed: who is lowest
  std::vector<std::string> named;
};
std::string clause_sentence(const Account& account);

}  // namespace assay::contract
