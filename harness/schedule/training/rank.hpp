// One rank while its schedule is built: memory, and the operations of which layers consist.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/schedule/step_builder.hpp"
#include "harness/schedule/training/frame.hpp"
#include "harness/schedule/training/parameters.hpp"

namespace assay::training {

using step::Slice;

/// Activations that the backward pass needs.
using Kept = std::vector<Slice>;

/// Rows of each matrix product of a group; one: a plain product.
using Rows = std::vector<std::uint64_t>;

/// A matrix product with parameters: `in` columns to `out` columns.
struct Linear {
  std::string name;
  std::uint64_t in = 0, out = 0;
  std::size_t parameter = 0;
};

struct Rank {
  Rank(const Model& the_model, const Layout& the_layout, const Frame& the_frame);

  Rank(const Rank&) = delete;  // its parameters refer to it
  Rank& operator=(const Rank&) = delete;

  const Model& model;
  const Layout& layout;
  const Frame& frame;
  step::Builder build;
  Parameters parameters;
  int tp;
  std::uint64_t positions;   ///< of a sequence on this rank: s/c
  std::uint64_t tokens;      ///< T = b·s/c
  std::uint64_t own_tokens;  ///< outside of tensor-parallel parts: T/t under sequence parallelism
  bool last_micro_batch = false;
  std::uint64_t most_received = 0;  ///< rows of a layer's experts on this rank, at most

  std::uint64_t hidden() const { return model.hidden; }

  Slice keep(Kept& kept, std::uint64_t count);  ///< until the backward pass
  Slice temporary(std::uint64_t count);
  void drop(const Slice& slice) { build.give_back(slice); }
  void drop(Kept& kept);

  /// Reads and writes `elements` of the activations' type, together.
  void element_wise(const std::string& name, std::uint64_t elements, std::vector<step::Use> uses);
  void communicate(const Channel& channel, const std::string& name, const step::Collect& call,
                   std::vector<step::Use> uses);

  /// From this rank's part of a tensor to all of it, under sequence parallelism; else the same.
  Slice gathered(const std::string& name, const Slice& own);
  /// What gathered() has taken, if anything.
  void drop_gathered(const Slice& own, const Slice& full);
  /// The sum over tp: this rank's part under sequence parallelism, else all. Takes `partial` over.
  Slice reduced(const std::string& name, const Slice& partial);

  /// Declares the parameters of a norm: their index, for weight() and gradient().
  std::size_t norm_parameter(std::uint64_t width);
  void norm(std::size_t parameter, const Slice& from, const Slice& to);
  /// `gradient` of the output is added to that of the input, `into`.
  void norm_backward(std::size_t parameter, const Slice& input, const Slice& gradient,
                     const Slice& into);

  struct Product {
    const Linear& linear;
    const Rows& rows;
    Slice input{}, output{};  ///< or their gradients
    bool accumulate = false;
  };
  void forward(const Product& product);
  /// From the gradient of the output to that of the input.
  void input_gradient(const Product& product);
  /// From the input and the gradient of the output to that of the weights.
  void weight_gradient(const Product& product);

 private:
  step::Work gemm(const std::string& name, const std::vector<step::GemmShape>& shapes) const;
};

}  // namespace assay::training
