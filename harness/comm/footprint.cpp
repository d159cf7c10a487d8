#include "harness/comm/footprint.hpp"

#include "harness/core/error.hpp"

namespace assay::comm {

Footprint footprint(const CollectiveCall& call, int rank, int size, Form form) {
  const Stretch none, one{0, call.count}, all{0, call.count * static_cast<std::uint64_t>(size)};
  const Stretch own{static_cast<std::uint64_t>(rank) * call.count, call.count};
  const bool root = rank == call.root, in_place = form == Form::in_place;
  switch (call.collective) {
    case Collective::all_reduce:
    case Collective::send_recv:
      return {one, one};
    case Collective::reduce:
      return {one, root ? one : none};
    case Collective::reduce_scatter:
      return {all, one};
    case Collective::all_gather:
      return {in_place ? own : one, all};
    case Collective::all_to_all:
      return {all, all};
    case Collective::all_to_all_v:
      return {{0, call.counts->sent(rank, size)}, {0, call.counts->received(rank, size)}};
    case Collective::gather:
      return {in_place && root ? own : one, root ? all : none};
    case Collective::scatter:
      return {root ? all : none, in_place && root ? none : one};
    case Collective::broadcast:
      return {root ? one : none, root ? none : one};
    case Collective::barrier:
      return {};
    default:
      throw InternalError("no library has this collective");
  }
}

}  // namespace assay::comm
