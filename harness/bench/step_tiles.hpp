// Local work of a step, cut into tiles: what is done between two looks at what goes on beside it.
// Where work is only enqueued nobody looks: tiles are as large as can be, so that there are few.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "harness/bench/step_memory.hpp"

namespace assay::bench {

struct TileSizes {
  /// Rows of a product's tile: each packs the other matrix again.
  std::size_t rows = 256;
  /// Work between two looks, by a rough estimate of what it takes.
  double seconds = 10e-6;
  int threads = 1;
};

struct Tile {
  enum class What : std::uint8_t { product, softmax, softmax_gradient, triad, fold };
  What what = What::triad;
  bool look = false;  ///< afterwards
  DataType type = DataType::fp32;
  std::uint32_t product = 0;  ///< index
  kernels::Rows rows{};       ///< softmax
  std::size_t count = 0;      ///< triad, fold: of eight bytes
  const std::byte* a = nullptr;
  const std::byte* b = nullptr;
  std::byte* c = nullptr;
};

/// The tiles [first, last) of an operation.
struct TileRange {
  std::size_t first = 0, last = 0;
};

/// What an operation's memory is for does not stand in the schedule, only how it is accessed and
/// how much it is. A product takes the first pair of what it reads that is large enough for A and
/// B; attention takes what it reads first for its queries. No matrix is transposed.
class StepTiles {
 public:
  /// All three outlive it; memory is the device's.
  StepTiles(const step::Schedule& schedule, StepMemory& memory, device::Device& device,
            const TileSizes& sizes);

  /// Resolves the local operation of that index, whose stream is in use, where the device has some.
  /// Throws UnsupportedError: no such product here; InternalError: memory too small for the work.
  TileRange add(std::size_t operation);
  /// Tile `index`; true: it is time to look at what goes on beside.
  bool run(std::size_t index) noexcept;
  /// Throws RunError.
  void check() const;

 private:
  struct Operands {
    const std::string& name;
    std::vector<Region> reads, writes;  ///< what is updated is in both

    [[noreturn]] void too_small() const;
  };
  /// Of attention: one block's scores, their gradients, and what its own memory has no room for.
  struct Scratch {
    Region scores, gradients, result;
  };
  struct Heads;
  struct Block;
  class Walk;

  void compile(const step::Gemm& gemm, const Operands& operands);
  void compile(const step::Attention& attention, const Operands& operands);
  void compile(const step::ElementWise& work, const Operands& operands);
  void attend(const step::Attention& what, const Heads& heads);
  void probabilities(const step::Attention& what, const Heads& heads, const Block& block);
  void gradients(const step::Attention& what, const Heads& heads, const Block& block,
                 bool accumulate);
  void soften(Tile::What kind, const step::Attention& what, const kernels::Rows& rows);
  Region grown(Region& region, std::size_t bytes);
  static device::GemmType type_of_product(const std::string& name, DataType in, DataType out);
  std::uint32_t product(const device::GemmCall& call);
  void multiply(const device::GemmCall& call, const std::byte* a, const std::byte* b, std::byte* c);
  void multiply_rows(const device::GemmCall& call, const std::byte* a, const std::byte* b,
                     std::byte* c);
  void push(Tile tile, double seconds);

  const step::Schedule& schedule_;
  StepMemory& memory_;
  device::Device& device_;
  TileSizes sizes_;
  bool enqueues_;  ///< the device does: nobody looks between tiles
  /// By stream, too: see device::Streams::use().
  std::map<std::tuple<std::uint16_t, device::GemmCall>, std::uint32_t> known_;
  std::uint16_t stream_ = 0;  ///< of the operation that is being resolved
  std::vector<std::unique_ptr<device::Gemm>> products_;
  std::vector<Tile> tiles_;
  double since_look_s_ = 0;
  Region folded_;                             ///< a word
  std::map<std::uint16_t, Scratch> scratch_;  ///< by stream
};

}  // namespace assay::bench
