#include "harness/run/progress.hpp"

#include <fmt/format.h>

#include <array>

namespace assay::run {
namespace {

constexpr std::array<std::string_view, 9> phase_names = {"start-up", "preparation", "verification",
                                                         "warm-up",  "pilot",       "timed",
                                                         "control",  "teardown",    "finished"};

std::string describe_phase(const Position& position) {
  switch (position.phase) {
    case Phase::warm_up:
    case Phase::pilot:
    case Phase::timed:
      return fmt::format("{} iteration {}, {}", name(position.phase), position.iteration,
                         position.inside ? "inside the operation" : "between operations");
    case Phase::control:
      return "a control-plane call";
    case Phase::finished:
      return "its last step";
    default:
      return fmt::format("{}{}", name(position.phase),
                         position.inside ? ", inside the operation" : "");
  }
}

}  // namespace

std::string_view name(Phase phase) {
  const auto index = static_cast<std::size_t>(phase);
  return index < phase_names.size() ? phase_names[index] : "an unknown phase";
}

std::uint64_t progress_order(const Position& position) noexcept {
  // Teardown comes after every case, and no_case + 1 wraps to 0: before every case.
  const bool ended = position.phase == Phase::tear_down || position.phase == Phase::finished;
  const std::uint64_t which =
      ended ? 0x10000u : static_cast<std::uint16_t>(position.case_index + 1);
  return which << 41 | std::uint64_t(position.phase) << 33 |
         std::uint64_t{position.iteration} << 1 | (position.inside ? 1u : 0u);
}

std::string describe(const Position& position, std::span<const std::string> case_labels) {
  if (position.phase == Phase::tear_down || position.phase == Phase::finished)
    return describe_phase(position);
  if (position.case_index == no_case)
    return describe_phase(position) +
           (position.phase == Phase::start_up ? "" : ", before any case");
  const std::string which = position.case_index < case_labels.size()
                                ? case_labels[position.case_index]
                                : fmt::format("#{}", position.case_index);
  return fmt::format("case {}, {}", which, describe_phase(position));
}

}  // namespace assay::run
