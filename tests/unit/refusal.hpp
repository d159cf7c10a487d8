// What a refusal says: tests check the sentence, because the sentence is what a person gets.
#pragma once

#include <string>

#include "harness/core/error.hpp"

namespace assay::test {

/// The sentence of the UsageError that `action` throws; "" when it throws none.
template <typename Action>
std::string refusal(const Action& action) {
  try {
    action();
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

}  // namespace assay::test
