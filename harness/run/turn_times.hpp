// Times of launches that take turns, sorted out by turn. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/bench/turns.hpp"

namespace assay::run {

/// Of whole iterations, what belongs to the operation itself.
template <class T>
std::vector<T> of_last_turn(const std::vector<T>& launches, const bench::Turns& turns) {
  std::vector<T> values;
  values.reserve(launches.size() / turns.launches());
  for (auto i = turns.before.size(); i < launches.size(); i += turns.launches())
    values.push_back(launches[i]);
  return values;
}

using SeriesByName = std::map<std::string, std::vector<float>>;

/// Appends to `series` what the turns name but for the last one: times in seconds, and ratios.
/// Whole iterations.
void append_turns(SeriesByName& series, const bench::Turns& turns,
                  std::span<const double> launches_s);

}  // namespace assay::run
