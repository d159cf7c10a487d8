#include "harness/bench/step_tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "harness/core/error.hpp"

namespace assay::bench {
namespace {

using step::Access;

constexpr std::size_t line = 64;  ///< to which kernels want their arrays aligned

/// Rough: they only say how often to look.
constexpr double flops_per_s = 1e10, bytes_per_s = 1e10;

double real(std::size_t count) { return static_cast<double>(count); }

/// Whole lines within it.
Region aligned(Region region) {
  const auto at = reinterpret_cast<std::uintptr_t>(region.data);
  const auto skip = std::min((line - at % line) % line, region.bytes);
  return {region.data + skip, (region.bytes - skip) / line * line};
}

std::size_t bytes_of(const std::vector<Region>& regions) {
  std::size_t sum = 0;
  for (const auto& region : regions) sum += region.bytes;
  return sum;
}

/// Of all matrices of a product; more than 256 helps nobody.
std::size_t common_alignment(const device::GemmCall& call, const Tile& tile) {
  const auto& type = device::info(call.type);
  const auto address = [](const std::byte* data) { return reinterpret_cast<std::uintptr_t>(data); };
  const auto bits = 256 | address(tile.a) | address(tile.b) | address(tile.c) |
                    (call.strides.a | call.strides.b) * size_of(type.in) |
                    call.strides.c * size_of(type.out);
  return std::size_t{1} << std::countr_zero(bits);
}

}  // namespace

void StepTiles::Operands::too_small() const {
  throw InternalError(fmt::format("{}: uses too little memory for what it does", name));
}

/// Chunk after chunk of several regions, again from the first one when all have been passed.
class StepTiles::Walk {
 public:
  Walk(std::vector<Region> regions, std::size_t bytes) : regions_(std::move(regions)) {
    for (auto& region : regions_) region = aligned(region);
    std::erase_if(regions_, [](const auto& region) { return region.bytes == 0; });
    left_ = regions_.empty() ? 0 : bytes / line * line;
  }
  bool done() const { return left_ == 0; }
  std::size_t next_bytes(std::size_t most) const {
    return std::min({most, left_, regions_[index_].bytes - at_});
  }
  std::byte* take(std::size_t bytes) {
    auto* data = regions_[index_].data + at_;
    left_ -= bytes;
    at_ += bytes;
    if (at_ == regions_[index_].bytes) {
      at_ = 0;
      index_ = (index_ + 1) % regions_.size();
    }
    return data;
  }

 private:
  std::vector<Region> regions_;
  std::size_t left_ = 0, index_ = 0, at_ = 0;
};

StepTiles::StepTiles(const step::Schedule& schedule, StepMemory& memory, device::Device& device,
                     const TileSizes& sizes)
    : schedule_(schedule),
      memory_(memory),
      device_(device),
      sizes_(sizes),
      enqueues_(device.memory() != device::MemoryKind::host),
      folded_(memory.more(sizeof(std::uint64_t))) {}

TileRange StepTiles::add(std::size_t index) {
  const auto& operation = schedule_.operations[index];
  const auto& work = schedule_.works[operation.work];
  stream_ = operation.stream;
  Operands operands{work.name, {}, {}};
  for (const auto& [slice, access] : operation.uses) {
    if (access != Access::write) operands.reads.push_back(memory_.of(slice));
    if (access != Access::read) operands.writes.push_back(memory_.of(slice));
  }
  const auto first = tiles_.size();
  if (const auto* gemm = std::get_if<step::Gemm>(&work.what)) compile(*gemm, operands);
  if (const auto* attention = std::get_if<step::Attention>(&work.what))
    compile(*attention, operands);
  if (const auto* moved = std::get_if<step::ElementWise>(&work.what)) compile(*moved, operands);
  return {first, tiles_.size()};
}

void StepTiles::push(Tile tile, double seconds) {
  since_look_s_ += seconds;
  tile.look = !enqueues_ && since_look_s_ >= sizes_.seconds;
  if (tile.look) since_look_s_ = 0;
  tiles_.push_back(tile);
}

std::uint32_t StepTiles::product(const device::GemmCall& call) {
  const auto [known, added] =
      known_.try_emplace({stream_, call}, static_cast<std::uint32_t>(products_.size()));
  if (added) products_.push_back(device_.gemm(call));
  return known->second;
}

Region StepTiles::grown(Region& region, std::size_t bytes) {
  if (region.bytes < bytes) region = memory_.more(bytes);
  return region;
}

/// One product of a batch after the other, where somebody looks or where all go to the same place:
/// there they add up.
void StepTiles::multiply(const device::GemmCall& call, const std::byte* a, const std::byte* b,
                         std::byte* c) {
  const bool together = enqueues_ && call.strides.c != 0;
  if (together || call.batch == 1) return multiply_rows(call, a, b, c);
  const auto in = size_of(device::info(call.type).in), out = size_of(device::info(call.type).out);
  auto one = call;
  one.batch = 1;
  one.strides = {};
  for (std::size_t i = 0; i < call.batch; ++i) {
    multiply_rows(one, a + i * call.strides.a * in, b + i * call.strides.b * in,
                  c + i * call.strides.c * out);
    if (call.strides.c == 0) one.accumulate = true;
  }
}

/// Rows of A, and with them of C, tile by tile; where A is stored by columns, in one.
void StepTiles::multiply_rows(const device::GemmCall& call, const std::byte* a, const std::byte* b,
                              std::byte* c) {
  if (call.m == 0 || call.n == 0) return;
  const auto& type = device::info(call.type);
  const bool whole = enqueues_ || call.a == device::Stored::by_columns;
  const auto parts = whole ? 1 : std::max<std::size_t>(1, call.m / sizes_.rows);
  for (std::size_t i = 0; i < parts; ++i) {
    const auto begin = call.m * i / parts, end = call.m * (i + 1) / parts;
    auto part = call;
    part.m = end - begin;
    part.threads = sizes_.threads;
    Tile tile{.what = Tile::What::product,
              .a = a + begin * call.k * size_of(type.in),
              .b = b,
              .c = c + begin * call.n * size_of(type.out)};
    part.alignment = common_alignment(part, tile);
    tile.product = product(part);
    push(tile, 2 * real(part.m) * real(part.n) * real(part.k) / flops_per_s);
  }
}

device::GemmType StepTiles::type_of_product(const std::string& name, DataType in, DataType out) {
  for (const auto& row : device::gemm_types)
    if (row.in == in && row.out == out && row.type != device::GemmType::tf32) return row.type;
  throw UnsupportedError({name,
                          fmt::format("there is no product of {} matrices that gives {}",
                                      assay::name(in), assay::name(out)),
                          "choose other types"});
}

void StepTiles::compile(const step::Gemm& gemm, const Operands& operands) {
  const auto type = type_of_product(operands.name, gemm.inputs, gemm.output);
  const auto in = size_of(gemm.inputs), out = size_of(gemm.output);
  std::size_t a_bytes = 0, b_bytes = 0, c_bytes = 0;
  for (const auto& [m, n, k] : gemm.shapes) {
    a_bytes += m * k * in;
    b_bytes += k * n * in;
    c_bytes += m * n * out;
  }
  const auto& reads = operands.reads;
  const std::byte *a = nullptr, *b = nullptr;
  for (std::size_t i = 0; i < reads.size() && a == nullptr; ++i)
    for (std::size_t j = 0; j < reads.size() && a == nullptr; ++j)
      if (i != j && reads[i].bytes >= a_bytes && reads[j].bytes >= b_bytes) {
        a = reads[i].data;
        b = reads[j].data;
      }
  const auto& writes = operands.writes;
  const auto target = std::find_if(writes.begin(), writes.end(),
                                   [&](const auto& region) { return region.bytes >= c_bytes; });
  if (a == nullptr || target == writes.end()) operands.too_small();
  auto* c = target->data;
  for (auto shape = gemm.shapes.begin(); shape != gemm.shapes.end();) {
    const auto next =
        std::find_if(shape, gemm.shapes.end(), [&](const auto& other) { return other != *shape; });
    const auto [m, n, k] = *shape;
    const auto batch = static_cast<std::size_t>(next - shape);
    multiply({.type = type,
              .m = m,
              .n = n,
              .k = k,
              .accumulate = gemm.accumulate,
              .batch = batch,
              .strides = {.a = m * k, .b = k * n, .c = m * n}},
             a, b, c);
    a += batch * m * k * in;
    b += batch * k * n * in;
    c += batch * m * n * out;
    shape = next;
  }
}

/// As a[i] = b[i] + 0·c[i], c being what is read, a what is written, and b ordinary numbers in the
/// nearest cache: what is written stays finite from step to step, as what is read does. What is
/// read beyond what is written is folded into a word; less than a cache line is not written.
void StepTiles::compile(const step::ElementWise& work, const Operands& operands) {
  const auto readable = bytes_of(operands.reads), writable = bytes_of(operands.writes);
  if (readable + writable == 0) return;
  const auto bytes = static_cast<std::size_t>(work.bytes);
  const auto to_write =
      static_cast<std::size_t>(real(bytes) * real(writable) / real(readable + writable));
  Walk writes(operands.writes, to_write), reads(operands.reads, bytes - to_write);
  const auto ordinary = memory_.ordinary();
  while (!writes.done() || !reads.done()) {
    auto chunk = ordinary.bytes;
    if (!writes.done()) chunk = writes.next_bytes(chunk);
    if (!reads.done()) chunk = reads.next_bytes(chunk);
    Tile tile{.what = writes.done() ? Tile::What::fold : Tile::What::triad,
              .count = chunk / sizeof(double),
              .a = ordinary.data,
              .b = reads.done() ? ordinary.data : reads.take(chunk)};
    if (!writes.done()) tile.c = writes.take(chunk);
    push(tile, 2 * real(chunk) / bytes_per_s);
  }
}

bool StepTiles::run(std::size_t index) noexcept {
  const auto& tile = tiles_[index];
  const auto doubles = [](const std::byte* data) { return reinterpret_cast<const double*>(data); };
  switch (tile.what) {
    case Tile::What::product:
      products_[tile.product]->launch(tile.a, tile.b, tile.c);
      break;
    case Tile::What::softmax:
      device_.softmax(tile.c, tile.rows, tile.type);
      break;
    case Tile::What::softmax_gradient:
      device_.softmax_gradient(tile.a, tile.c, tile.rows, tile.type);
      break;
    case Tile::What::triad:
      device_.triad(reinterpret_cast<double*>(tile.c), doubles(tile.a), doubles(tile.b), 0,
                    tile.count);
      break;
    case Tile::What::fold:
      device_.fold(folded_.data, tile.b, tile.count);
      break;
  }
  return tile.look;
}

void StepTiles::check() const {
  for (const auto& product : products_) product->check();
}

}  // namespace assay::bench
