// What softmax and its gradient should be, in fp64.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/softmax.hpp"

namespace assay::test {

inline constexpr std::array softmax_types{DataType::fp64, DataType::fp32, DataType::fp16,
                                          DataType::bf16};

/// Rows of numbers and the gradients of their softmax.
class SoftmaxCheck {
 public:
  SoftmaxCheck(DataType type, const kernels::Rows& shape, double most = 4)
      : type_(type), shape_(shape) {
    for (std::size_t i = 0; i < shape.count * shape.width; ++i) {
      x_.push_back(rounded(most * std::sin(static_cast<double>(i) * 1.7)));
      g_.push_back(rounded(std::cos(static_cast<double>(i) * 0.9)));
    }
  }
  DataType type() const { return type_; }
  const kernels::Rows& shape() const { return shape_; }
  /// As they lie in memory, behind `offset` elements that are zero.
  std::vector<std::byte> rows(std::size_t offset) const { return stored(x_, offset); }
  std::vector<std::byte> gradient(std::size_t offset) const { return stored(g_, offset); }

  /// The first difference of what softmax() made of rows() and then softmax_gradient() of
  /// gradient(), "" for none.
  std::string wrong(const std::vector<std::byte>& rows, const std::vector<std::byte>& gradient,
                    std::size_t offset) const {
    for (std::size_t i = 0; i < offset; ++i)
      if (value(rows, i) != 0 || value(gradient, i) != 0) return "written before the rows";
    for (std::size_t row = 0; row < shape_.count; ++row) {
      const auto expected = expected_row(row);
      double sum = 0;  // of the probabilities as they were rounded
      for (std::size_t j = 0; j < shape_.width; ++j)
        sum += value(rows, offset + row * shape_.width + j) * g_[row * shape_.width + j];
      for (std::size_t j = 0; j < shape_.width; ++j) {
        const auto at = row * shape_.width + j;
        const double p = value(rows, offset + at), dx = value(gradient, offset + at);
        if (!near(p, expected[j], expected[j]))
          return place("p", row, j) + std::to_string(p) + " for " + std::to_string(expected[j]);
        const double wanted = shape_.scale * p * (g_[at] - sum);
        if (!near(dx, wanted, shape_.scale * p * 2))
          return place("gradient", row, j) + std::to_string(dx) + " for " + std::to_string(wanted);
      }
    }
    return {};
  }

 private:
  static std::string place(const char* what, std::size_t row, std::size_t column) {
    return std::string(what) + " of row " + std::to_string(row) + ", column " +
           std::to_string(column) + ": ";
  }
  /// Rounded once to the type, and a little more for what was calculated; subnormal fp16 and bf16
  /// are rounded to fewer bits.
  bool near(double actual, double wanted, double size) const {
    const double one_part = type_ == DataType::fp64   ? 1e-13
                            : type_ == DataType::fp32 ? 1e-5
                            : type_ == DataType::fp16 ? 1.0 / 1024
                                                      : 1.0 / 128;
    const double least = type_ == DataType::fp16 ? 1e-7 : 1e-35;
    return std::abs(actual - wanted) <= one_part * std::abs(size) + least;
  }
  std::vector<double> expected_row(std::size_t row) const {
    const auto* x = x_.data() + row * shape_.width;
    const double most = *std::max_element(x, x + shape_.width);
    std::vector<double> p(shape_.width);
    double sum = 0;
    for (std::size_t j = 0; j < p.size(); ++j) sum += p[j] = std::exp(shape_.scale * (x[j] - most));
    for (auto& one : p) one /= sum;
    return p;
  }
  double value(const std::vector<std::byte>& bytes, std::size_t index) const {
    return kernels::with_softmax_format(type_, [&](auto format) {
      typename decltype(format)::Stored stored;
      std::memcpy(&stored, bytes.data() + index * sizeof stored, sizeof stored);
      return static_cast<double>(format.widen(stored));
    });
  }
  double rounded(double number) const {
    return kernels::with_softmax_format(type_, [&](auto format) {
      using Value = typename decltype(format)::Value;
      return static_cast<double>(format.widen(format.narrow(static_cast<Value>(number))));
    });
  }
  std::vector<std::byte> stored(const std::vector<double>& numbers, std::size_t offset) const {
    std::vector<std::byte> bytes((offset + numbers.size()) * size_of(type_));
    kernels::with_softmax_format(type_, [&](auto format) {
      using Value = typename decltype(format)::Value;
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto word = format.narrow(static_cast<Value>(numbers[i]));
        std::memcpy(bytes.data() + (offset + i) * sizeof word, &word, sizeof word);
      }
    });
    return bytes;
  }

  DataType type_;
  kernels::Rows shape_;
  std::vector<double> x_, g_;
};

}  // namespace assay::test
