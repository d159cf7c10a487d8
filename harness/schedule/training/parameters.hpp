// The parameters of a rank in buckets: what is reduced, gathered and updated together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/schedule/step_builder.hpp"
#include "harness/schedule/training/frame.hpp"

namespace assay::training {

class Parameters {
 public:
  enum class Kind { split, replicated, expert };  ///< over tp, on all of tp, over ep

  Parameters(step::Builder& build, const Layout& layout, const Frame& frame)
      : build_(build), layout_(layout), frame_(frame) {}

  struct Declared {
    std::uint64_t count = 0;
    Kind kind = Kind::split;
    std::size_t gradients = 1;  ///< how often weight_gradient() is called for it per micro-batch
    std::uint64_t copies = 1;   ///< beside those that follow from the kind
  };
  /// In the order of the forward pass. Returns its index.
  std::size_t declare(const Declared& declared);
  /// What was declared since the last time gets memory, in buckets that fill in the order of the
  /// backward pass.
  void allocate();

  const step::Slice& weight(std::size_t index) const { return all_[index].weight; }
  /// How the next operation that computes this gradient uses it: it overwrites the last step's.
  step::Use gradient(std::size_t index);
  /// An operation with gradient() has been added. In the last micro-batch, a bucket of which that
  /// was the last one is reduced.
  void computed(std::size_t index, bool last_micro_batch);

  /// ZeRO-1: what other ranks have updated in the last step.
  void gather();
  /// The norm of all gradients, then the optimizer.
  void update();
  /// Sums the gradient of what first and last stage both hold.
  void reduce_tied(std::size_t index);

 private:
  struct Parameter {
    Declared declared;
    std::size_t bucket = 0;
    step::Slice weight{}, gradient{};
    bool computed = false;
  };
  struct Bucket {
    bool expert = false;
    std::uint64_t count = 0;      ///< with what makes it a multiple of the ranks that share it
    std::uint64_t own = 0;        ///< of which this rank updates
    std::size_t first = 0;        ///< the parameter in it that the forward pass needs first
    std::size_t outstanding = 0;  ///< gradients of the last micro-batch
    step::Slice weights{}, gradients{}, optimizer{};
  };

  const Channel& channel(const Bucket& bucket) const {
    return bucket.expert ? frame_.expert : frame_.dense;
  }
  std::uint64_t limit(std::size_t buckets) const;
  std::uint64_t copies(const Declared& declared) const;
  void fill(bool expert);
  void close(std::vector<std::size_t>& members);
  void reduce(const Bucket& bucket);

  step::Builder& build_;
  const Layout& layout_;
  const Frame& frame_;
  std::vector<Parameter> all_;
  std::vector<Bucket> buckets_;
  std::size_t allocated_ = 0;  ///< parameters
};

}  // namespace assay::training
