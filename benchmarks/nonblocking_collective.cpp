#include "benchmarks/nonblocking_collective.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/collective_benchmark.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

bool can_be_nonblocking(const CollectiveSpec& spec) {
  return spec.in_libraries && spec.collective != Collective::barrier;
}

/// What the collective's own benchmark would be given, with what nonblocking cases do not vary.
Case case_of(const Case& outer) {
  auto spec = outer;
  spec.dims.insert_or_assign("in_place", false);
  spec.dims.insert_or_assign("root", std::string("0"));
  spec.dims.insert_or_assign("counts", std::string("uniform"));
  return spec;
}

const CollectiveSpec& spec_of_case(const Case& spec) {
  return spec_named(text_dim(spec.dims, "collective"));
}

}  // namespace

std::vector<std::string> nonblocking_names() {
  std::vector<std::string> names;
  for (const auto* spec : collective_specs())
    if (can_be_nonblocking(*spec)) names.emplace_back(name(spec->collective));
  return names;
}

const CollectiveSpec& spec_named(std::string_view wanted) {
  for (const auto* spec : collective_specs())
    if (name(spec->collective) == wanted) return *spec;
  throw InternalError(fmt::format("there is no collective '{}'", wanted));
}

std::vector<DimSpec> nonblocking_dims() {
  return {{"collective", std::string("all_reduce"), nonblocking_names()},
          {"backend", std::string("mpi"), {}},
          {"type", std::string("fp32"), all_type_names()},
          {"bytes", std::int64_t{1} << 20, {}},
          {"op", std::string("sum"), all_op_names()}};
}

std::string nonblocking_refusal(const Dims& dims, const bench::Facts& facts) {
  if (auto reason = bench::backend_refusal(dims, facts); !reason.empty()) return reason;
  for (const auto& row : facts.backends)
    if (row.name == text_dim(dims, "backend") && !row.no_nonblocking.empty())
      return fmt::format("{}: {}", row.name, row.no_nonblocking);
  if (facts.layout.smallest_group() < 2)
    return "a group of one rank communicates with nobody: use groups of two ranks and more";
  return {};
}

NonblockingCollective::NonblockingCollective(const bench::Context& outer)
    : case_(case_of(outer.spec)),
      context_(bench::for_case(outer, case_)),
      data_(spec_of_case(case_), context_) {
  invariant(context_.communicator != nullptr, "a collective needs a communicator");
  const auto call = data_.shape().call(0);
  const auto collective = spec_of_case(case_).collective;
  launch_ = context_.communicator->nonblocking(
      {collective, call.type, call.op, call.count, call.root, call.counts});
  if (launch_ == nullptr)
    throw RunError({std::string(name(collective)),
                    fmt::format("the library has no nonblocking form for {} elements", call.count),
                    "choose a smaller size or another collective"});
}

void NonblockingCollective::start() noexcept {
  const auto operation = data_.take();
  launch_->start(operation.send, operation.recv);
}

comm::LaunchInfo NonblockingCollective::info() const {
  auto info = launch_->info();
  info.path += " nonblocking";
  return info;
}

}  // namespace assay::benchmarks
