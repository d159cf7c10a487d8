// Collectives that move blocks, as one group of sends and receives.
#include "harness/comm/nccl_launch.hpp"
#include "harness/comm/nccl_live.hpp"

namespace assay::comm::nccl {
namespace {

/// A block of the caller's buffers, to or from a rank.
struct Message {
  int peer = 0;
  std::size_t offset = 0, bytes = 0;
  /// In place, it stays where it is.
  bool own_block = false;
};

struct Messages {
  std::vector<Message> sends, receives;
};

std::size_t place(int index, std::size_t bytes) { return static_cast<std::size_t>(index) * bytes; }

Messages all_to_all(int size, std::size_t bytes) {
  Messages messages;
  for (int peer = 0; peer < size; ++peer) {
    messages.sends.push_back({peer, place(peer, bytes), bytes});
    messages.receives.push_back({peer, place(peer, bytes), bytes});
  }
  return messages;
}

Messages all_to_all_v(const CommView& view, const PairCounts& counts, std::size_t width) {
  Messages messages;
  std::size_t sent = 0, received = 0;
  for (int peer = 0; peer < view.size; ++peer) {
    messages.sends.push_back({peer, sent, counts(view.rank, peer) * width});
    messages.receives.push_back({peer, received, counts(peer, view.rank) * width});
    sent += messages.sends.back().bytes;
    received += messages.receives.back().bytes;
  }
  return messages;
}

/// What moves between the root and all others, on the root `on_root` and elsewhere `elsewhere`.
void add_rooted(const CommView& view, int root, std::size_t bytes, std::vector<Message>& on_root,
                std::vector<Message>& elsewhere) {
  elsewhere.push_back({root, 0, bytes, view.rank == root});
  if (view.rank != root) return;
  for (int peer = 0; peer < view.size; ++peer)
    on_root.push_back({peer, place(peer, bytes), bytes, peer == root});
}

Messages messages_of(const CommView& view, const CollectiveCall& call) {
  const std::size_t width = size_of(call.type), bytes = call.count * width;
  Messages messages;
  switch (call.collective) {
    case Collective::all_to_all:
      return all_to_all(view.size, bytes);
    case Collective::all_to_all_v:
      return all_to_all_v(view, *call.counts, width);
    case Collective::gather:
      add_rooted(view, call.root, bytes, messages.receives, messages.sends);
      return messages;
    case Collective::scatter:
      add_rooted(view, call.root, bytes, messages.sends, messages.receives);
      return messages;
    default:  // send_recv
      messages.sends.push_back({(view.rank + 1) % view.size, 0, bytes});
      messages.receives.push_back({(view.rank + view.size - 1) % view.size, 0, bytes});
      return messages;
  }
}

class Grouped final : public NcclLaunch {
 public:
  Grouped(const CommView& comm, const CollectiveCall& call)
      : NcclLaunch(comm, {"grouped send/recv", ""}), messages_(messages_of(comm, call)) {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    const bool in_place = send == nullptr;
    const std::byte* from = in_place ? recv : send;
    const Passage passage;
    note(ncclGroupStart(), "ncclGroupStart");
    for (const auto& [peer, offset, bytes, own] : messages_.sends)
      if (bytes > 0 && !(own && in_place))
        note(ncclSend(from + offset, bytes, ncclUint8, view().peer(peer), view().comm(),
                      view().stream()),
             "ncclSend");
    for (const auto& [peer, offset, bytes, own] : messages_.receives)
      if (bytes > 0 && !(own && in_place))
        note(ncclRecv(recv + offset, bytes, ncclUint8, view().peer(peer), view().comm(),
                      view().stream()),
             "ncclRecv");
    note(ncclGroupEnd(), "ncclGroupEnd");
  }

 private:
  Messages messages_;
};

}  // namespace

std::unique_ptr<Launch> make_grouped(const CommView& view, const CollectiveCall& call) {
  switch (call.collective) {
    case Collective::all_to_all:
    case Collective::all_to_all_v:
    case Collective::gather:
    case Collective::scatter:
    case Collective::send_recv:
      return std::make_unique<Grouped>(view, call);
    default:
      return nullptr;
  }
}

}  // namespace assay::comm::nccl
