// The dimensions of a case: what varies from one case of a benchmark to the next. One table gives
// each its kind, so that suites, contracts and the command line read them alike.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace assay {

enum class DimKind { text, integer, bytes, flag };

struct DimInfo {
  std::string_view name;
  DimKind kind;
  std::string_view help;
};

inline constexpr std::array<DimInfo, 28> dim_table{{
    {"collective", DimKind::text, "which collective is under way: see list collectives"},
    {"backend", DimKind::text,
     "communication library, and with it where the buffers are: see list backends"},
    {"memory", DimKind::text, "where the buffers are: host, or device (a GPU's)"},
    {"way", DimKind::text,
     "host_copy: to_device, to_host, both at once; peer_copy: there (from the lower rank), back, "
     "both"},
    {"type", DimKind::text,
     "element type: int8 … fp64, fp8_e4m3, fp8_e5m2, fp16, bf16; gemm: tf32, fp16_fp32, bf16_fp32, "
     "too"},
    {"op", DimKind::text, "reduction: sum, prod, min, max, avg"},
    {"bytes", DimKind::bytes, "message size: max(send, receive) bytes on a rank"},
    {"root", DimKind::text,
     "a rank of the group, all (each in turn, a case of its own), or rotating (next at each "
     "launch)"},
    {"algorithm", DimKind::text, "native: the library's own; or one composed of send and receive"},
    {"counts", DimKind::text, "who sends how much to whom: uniform, skewed:SEED or file:CSV"},
    {"window", DimKind::integer, "messages under way at once"},
    {"in_place", DimKind::flag, "send and receive buffer are the same"},
    {"buffers", DimKind::text,
     "what the library knows of them before: plain (nothing), registered, symmetric"},
    {"step", DimKind::text, "how a communicator comes to be: init, split or duplicate"},
    {"progress", DimKind::text,
     "during a nonblocking collective: none (the caller computes), poll (and tests now and then)"},
    {"beside", DimKind::text,
     "what else goes on meanwhile: all_to_all:layout=node,bytes=1MiB (also type=, op=)"},
    {"m", DimKind::integer, "rows of A and C"},
    {"n", DimKind::integer, "columns of B and C"},
    {"k", DimKind::integer, "columns of A, rows of B"},
    {"model", DimKind::text, "of a training step: a name (see list models) or a file"},
    {"parallelism", DimKind::text,
     "how a training step is spread over the ranks: a name (see list parallelisms) or a file"},
    {"scaling", DimKind::text,
     "of a training step: none (on as many ranks as its parallelism says), weak (dp and the global "
     "batch grow with the ranks)"},
    {"overlap", DimKind::text, "of a training step: on, or off (compute and collectives in turn)"},
    {"parts", DimKind::text,
     "of a training step: on (its compute and its communication alone, too, in turn), or off"},
    {"graph", DimKind::text,
     "of a training step on GPUs: on (recorded once, and replayed as one launch), or off"},
    {"peak", DimKind::text,
     "what a rank computes at most, such as 989 TFLOP/s: what mfu and hfu are a share of; or none"},
    {"repetition", DimKind::integer, "which repetition of the same case: 0, 1, …"},
    {"placement", DimKind::integer, "seed of the permutation of ranks; 0 = as launched"},
}};

constexpr const DimInfo* find_dim(std::string_view name) {
  for (const auto& row : dim_table)
    if (row.name == name) return &row;
  return nullptr;
}

using DimValue = std::variant<std::string, std::int64_t, bool>;
using Dims = std::map<std::string, DimValue, std::less<>>;

/// "1 GiB", "fp32", "true": for people. `kind` decides how an integer is shown.
std::string format_dim(const DimValue& value, DimKind kind);

/// Of text that parse_dim() has let through: the seed of "skewed:7", a root.
std::uint64_t number_in(std::string_view digits);

/// Reads a dimension given as text ("64MiB", "true", "fp32"). Throws UsageError; `where` names the
/// option or key path.
DimValue parse_dim(const DimInfo& dim, std::string_view text, std::string_view where);

/// Typed access; throws InternalError when the dimension is absent or of another kind.
const std::string& text_dim(const Dims& dims, std::string_view name);
std::int64_t integer_dim(const Dims& dims, std::string_view name);
bool flag_dim(const Dims& dims, std::string_view name);

}  // namespace assay
