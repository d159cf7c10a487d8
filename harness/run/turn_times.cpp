#include "harness/run/turn_times.hpp"

namespace assay::run {

void append_turns(SeriesByName& series, const bench::Turns& turns,
                  std::span<const double> launches_s) {
  const auto n = turns.launches();
  for (std::size_t at = 0; at + n <= launches_s.size(); at += n) {
    for (std::size_t turn = 0; turn < turns.before.size(); ++turn)
      series[std::string(turns.before[turn])].push_back(static_cast<float>(launches_s[at + turn]));
    if (turns.ratio_of != nullptr)
      series[std::string(turns.ratio)].push_back(
          static_cast<float>(turns.ratio_of(launches_s.subspan(at, n))));
  }
}

}  // namespace assay::run
