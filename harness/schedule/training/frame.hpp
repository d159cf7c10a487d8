// Streams and groups of a training step.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/schedule/step.hpp"
#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::training {

/// Where communication of one kind goes. A group of one rank is not used.
struct Channel {
  std::uint32_t group = 0;
  std::uint16_t stream = 0;
  int size = 1;
};

/// Messages between neighbours of a pipeline have a communicator and a stream per edge and
/// direction, so that what a stage sends never waits for what it receives: edges take turns between
/// two of them, and where an odd ring closes there is a third.
struct Edges {
  std::vector<Channel> forward, backward;
  int stages = 1;

  /// Of the edge from `stage` to the next one.
  std::size_t colour(int stage) const {
    const bool closes = stage == stages - 1 && stages % 2 == 1;
    return closes ? 2 : static_cast<std::size_t>(stage % 2);
  }
};

struct Frame {
  step::Job job;  ///< without schedules
  std::uint16_t compute = 0;
  Channel tp, cp, ep;
  Channel dense, expert;  ///< who reduce the gradients of all but experts, and of experts
  Channel world;
  Channel ends;  ///< first and last stage
  Edges edges;
};

/// Only what operations use.
Frame frame_of(const Model& model, const Layout& layout);

}  // namespace assay::training
