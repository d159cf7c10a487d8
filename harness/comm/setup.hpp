// What is done before data can move, for measuring what it takes: making a communicator, telling
// the library of memory.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "harness/comm/team.hpp"

namespace assay::comm {

class Communicator;

enum class Making {
  init,      ///< from nothing
  split,     ///< of a communicator into itself
  duplicate  ///< of a communicator
};
inline constexpr std::array<std::string_view, 3> making_names{"init", "split", "duplicate"};

/// One thing that is set up again and again. All is collective over the communicator that it was
/// asked of, which outlives it, but check() and data().
class Setup {
 public:
  virtual ~Setup() = default;
  /// Ends what was set up last, and has the ranks of `team`, which are the communicator's, agree on
  /// what the next needs. Throws RunError.
  virtual void prepare(Team& team) = 0;
  /// Sets up, once after each prepare(). What fails is kept for check().
  virtual void operator()() noexcept = 0;
  /// Throws RunError if anything so far failed.
  virtual void check() const = 0;
  /// On which data can move now, until the next prepare().
  virtual Communicator& communicator() = 0;
  /// The memory that was told of; null: any will do.
  virtual std::byte* data() const { return nullptr; }
};

}  // namespace assay::comm
