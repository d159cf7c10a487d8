// What a refusal says: tests check the sentence, because the sentence is what a person gets.
#pragma once

#include <string>

#include "harness/core/error.hpp"

namespace assay::test {

/// The sentence of the Expected that `action` throws; "" when it throws none.
template <typename Expected, typename Action>
std::string said_by(const Action& action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.what();
  }
  return {};
}

template <typename Action>
std::string refusal(const Action& action) {
  return said_by<UsageError>(action);
}
template <typename Action>
std::string failure(const Action& action) {
  return said_by<RunError>(action);
}

}  // namespace assay::test
