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

/// Every launch of turn `which` among `launches`, which begin with turn 0.
template <class T>
std::vector<T> of_turn(std::span<const T> launches, const bench::Turns& turns, std::size_t which) {
  std::vector<T> values;
  for (auto i = which; i < launches.size(); i += turns.launches()) values.push_back(launches[i]);
  return values;
}

/// The operation itself.
template <class T>
std::vector<T> of_last_turn(const std::vector<T>& launches, const bench::Turns& turns) {
  return of_turn(std::span<const T>(launches), turns, turns.before.size());
}

using SeriesByName = std::map<std::string, std::vector<float>>;

/// Appends to `series` what the turns name but for the last one: times in seconds, and ratios.
/// Whole iterations.
void append_turns(SeriesByName& series, const bench::Turns& turns,
                  std::span<const double> launches_s);

}  // namespace assay::run
