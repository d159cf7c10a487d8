// Softmax of rows and its gradient as one thread of a team sees them, which share a row. A `Team`
// gives
//   place                      which of its threads this is
//   all<Op>(value)             Op over the values of all its threads, for each; nobody is given it
//                              before all have come
// The host is a team of one thread. Memory is touched 16 bytes at a time where rows are aligned.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/grid.hpp"

namespace assay::kernels {
namespace {

/// The part of a row that is this thread's, of two arrays: `in`, and `data`, which may be the same.
/// Pass after pass each thread has the same part.
template <class Format>
struct RowPart {
  using T = typename Format::Stored;
  using Value = typename Format::Value;
  static constexpr std::size_t lanes = Chunk<T>::lanes;

  const T* in;
  T* data;
  Split<T> split;
  Place place;

  ASSAY_HOST_DEVICE RowPart(const T* in_row, T* data_row, std::size_t width, Place of)
      : in(in_row),
        data(data_row),
        split(past_chunk(in) == past_chunk(data) ? Split<T>(data, width) : Split<T>(width)),
        place(of) {}

  /// Op over of(in[i], data[i]), by the lanes of a chunk side by side.
  template <class Op, class Of>
  ASSAY_HOST_DEVICE Value gather(Value neutral, Of of) const {
    Value part[lanes];
    for (std::size_t k = 0; k < lanes; ++k) part[k] = neutral;
    split.share(
        place,
        [&](std::size_t i) {
          const Chunk<T> a = Chunk<T>::at(in + i), b = Chunk<T>::at(data + i);
          for (std::size_t k = 0; k < lanes; ++k)
            part[k] = Op::apply(part[k], of(Format::widen(a.lane[k]), Format::widen(b.lane[k])));
        },
        [&](std::size_t i) {
          part[0] = Op::apply(part[0], of(Format::widen(in[i]), Format::widen(data[i])));
        });
    for (std::size_t k = 1; k < lanes; ++k) part[0] = Op::apply(part[0], part[k]);
    return part[0];
  }

  /// data[i] = to(in[i], data[i])
  template <class To>
  ASSAY_HOST_DEVICE void update(To to) const {
    split.share(
        place,
        [&](std::size_t i) {
          const Chunk<T> a = Chunk<T>::at(in + i);
          Chunk<T> b = Chunk<T>::at(data + i);
          for (std::size_t k = 0; k < lanes; ++k)
            b.lane[k] = Format::narrow(to(Format::widen(a.lane[k]), Format::widen(b.lane[k])));
          Chunk<T>::at(data + i) = b;
        },
        [&](std::size_t i) {
          data[i] = Format::narrow(to(Format::widen(in[i]), Format::widen(data[i])));
        });
  }
};

/// x_j becomes exp(scale·(x_j − largest)) over the sum of these: the largest is one pass more over
/// a row that is near by then, and without it sums overflow (fp16 already for x = 12).
template <class Format>
struct Softmax {
  using T = typename Format::Stored;
  using Value = typename Format::Value;
  static constexpr Value lowest = std::numeric_limits<Value>::lowest();
  T* rows;
  std::size_t width;
  Value scale;

  template <class Team>
  ASSAY_HOST_DEVICE void operator()(const Team& team, std::size_t row) const {
    T* data = rows + row * width;
    const RowPart<Format> part(data, data, width, team.place);
    const Value most =
        team.template all<Max>(part.template gather<Max>(lowest, [](Value x, Value) { return x; }));
    const auto raised = [this, most](Value x, Value) { return std::exp(scale * (x - most)); };
    const auto same = [](Value x, Value) { return x; };
    // What is stored as it is calculated is not calculated twice; what would be rounded, is.
    constexpr bool stays = std::is_same_v<T, Value>;
    if constexpr (stays) part.update(raised);
    Value sum = 0;
    if constexpr (stays)
      sum = part.template gather<Sum>(0, same);
    else
      sum = part.template gather<Sum>(0, raised);
    const Value factor = 1 / team.template all<Sum>(sum);
    if constexpr (stays)
      part.update([factor](Value x, Value) { return x * factor; });
    else
      part.update([raised, factor](Value x, Value y) { return raised(x, y) * factor; });
  }
};

/// From p = softmax(x) and g, the gradient of p, to that of x: g_j = scale·p_j·(g_j − Σ p·g)
template <class Format>
struct SoftmaxGradient {
  using T = typename Format::Stored;
  using Value = typename Format::Value;
  const T* rows;
  T* gradient;
  std::size_t width;
  Value scale;

  template <class Team>
  ASSAY_HOST_DEVICE void operator()(const Team& team, std::size_t row) const {
    const RowPart<Format> part(rows + row * width, gradient + row * width, width, team.place);
    const Value sum = team.template all<Sum>(
        part.template gather<Sum>(0, [](Value p, Value g) { return p * g; }));
    part.update([this, sum](Value p, Value g) { return scale * p * (g - sum); });
  }
};

/// Calls `f` with the format of a type that has a softmax: fp64, fp32, fp16 or bf16.
template <class F>
auto with_softmax_format(DataType type, F f) {
  if (type == DataType::fp64) return f(Plain<double>{});
  if (type == DataType::fp16) return f(Half{});
  if (type == DataType::bf16) return f(Bfloat{});
  return f(Plain<float>{});
}

/// `launcher.run_rows(body, rows)` runs void operator()(Team, row) for each row; its results, all
/// of one type, are handed on.
template <class Launcher>
auto softmax_with(Launcher& launcher, void* data, const Rows& rows, DataType type) {
  return with_softmax_format(type, [&](auto format) {
    using Body = Softmax<decltype(format)>;
    return launcher.run_rows(Body{static_cast<typename Body::T*>(data), rows.width,
                                  static_cast<typename Body::Value>(rows.scale)},
                             rows);
  });
}

template <class Launcher>
auto softmax_gradient_with(Launcher& launcher, const void* data, void* gradient, const Rows& rows,
                           DataType type) {
  return with_softmax_format(type, [&](auto format) {
    using Body = SoftmaxGradient<decltype(format)>;
    return launcher.run_rows(
        Body{static_cast<const typename Body::T*>(data), static_cast<typename Body::T*>(gradient),
             rows.width, static_cast<typename Body::Value>(rows.scale)},
        rows);
  });
}

/// Rows one after the other, as the host does it.
struct OneThread {
  Place place{};
  template <class Op, class Value>
  ASSAY_HOST_DEVICE Value all(Value value) const {
    return value;
  }
  template <class Body>
  void run_rows(const Body& body, const Rows& rows) const {
    if (rows.width == 0) return;
    for (std::size_t row = 0; row < rows.count; ++row) body(*this, row);
  }
};

}  // namespace
}  // namespace assay::kernels
