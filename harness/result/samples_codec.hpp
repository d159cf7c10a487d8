// Samples to bytes and back: little-endian float32 in the sidecar, or inline where there are few.
//
// In the sidecar a case owns one contiguous block; blocks follow one another in the order of the
// cases, without gaps. Within a block: series by series, each with its groups in order.
//
//   "samples":{"block_length":93,"groups":2,
//              "file":"samples.f32","offset":0,"bytes":16000,"sha256":"…",
//              "series":[{"name":"t_max","unit":"s","axis":"iteration","counts":2000}]}
//   "samples":{"block_length":0,"groups":2,
//              "inline":[{"name":"t_max","unit":"s","axis":"iteration","values":[[1e-6],[2e-6]]}]}
//
// "counts" is one number where all groups have equally many values, else one per group. Inline,
// null stands for a value that is not finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/core/samples.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/result/digest.hpp"
#include "harness/result/files.hpp"

namespace assay::result {

/// Up to this many values of a case stand in the document itself.
inline constexpr std::size_t max_inline_values = 64;

struct EncodedSamples {
  nlohmann::ordered_json json = {};  ///< the case's "samples"
  std::vector<float> block = {};     ///< what belongs into the sidecar at `offset`; empty: inline
};
/// `groups` is the number of groups of the case's layout; `offset` the size of the sidecar so far,
/// in bytes. Throws InternalError for a group beyond the layout, for a series that a group has
/// twice, or for one with two units or axes.
EncodedSamples encode_samples(const Samples& samples, std::size_t groups, std::uint64_t offset);

/// The sidecar as it is read: block after block, each byte once.
class Sidecar {
 public:
  /// UsageError where the file cannot be read.
  explicit Sidecar(std::filesystem::path path);

  struct Block {
    std::uint64_t offset = 0, bytes = 0;
    std::string sha256 = {};
    std::string case_id = {};
  };
  /// The values of a block; valid until the next call. UsageError naming file and case where the
  /// block does not follow the one before it, is not within the file, or has another SHA-256.
  std::span<const float> read(const Block& block);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return file_.size(); }
  std::uint64_t read_so_far() const { return next_; }
  /// SHA-256 of the whole file: what follows the last block is read now.
  std::string sha256_of_all();

 private:
  std::filesystem::path path_;
  InputFile file_;
  std::uint64_t next_ = 0;
  Sha256 digest_;
  std::vector<float> buffer_;
};

/// Opens the sidecar only when a case needs it: runs with few samples have an empty one.
class SidecarSource {
 public:
  explicit SidecarSource(std::filesystem::path path) : path_(std::move(path)) {}
  Sidecar& open();
  /// Absent while no case has needed it.
  std::optional<Sidecar>& opened() { return sidecar_; }

 private:
  std::filesystem::path path_;
  std::optional<Sidecar> sidecar_;
};

/// Reads a case's "samples". `groups` is the number of groups of its layout: samples of another
/// number of groups are a UsageError. Every group has every series, if only an empty one, in the
/// order that find_series() counts on. Flags are not part of it.
Samples decode_samples(const plan::JsonValue& value, SidecarSource& sidecar, std::size_t groups,
                       const std::string& case_id);

}  // namespace assay::result
