// peer_copy: what goes from a GPU's memory into that of another GPU of the host, over NVLink or
// PCIe. The sender's GPU does it: a copy into memory that the receiver's process shares.
#include <fmt/format.h>

#include <optional>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::string_view there = "there", back = "back", both = "both";

/// Rank 0 of the pair sends there, rank 1 back.
bool sends(const Dims& dims, int rank) {
  const auto& way = text_dim(dims, "way");
  return way == both || way == (rank == 0 ? there : back);
}

class PreparedPeerCopy final : public bench::Prepared {
 public:
  explicit PreparedPeerCopy(bench::Context& context)
      : context_(context),
        link_(*context.device.peer_link()),
        bytes_(static_cast<std::size_t>(integer_dim(context.spec.dims, "bytes"))),
        sends_(sends(context.spec.dims, context.group.rank)),
        receives_(sends(context.spec.dims, 1 - context.group.rank)),
        rotation_(bench::rotation_over(context.rotation_bytes, {bytes_, bytes_})),
        turn_(rotation_.slots),
        out_(context.device, bytes_, rotation_.slots),
        in_(context.device, bytes_, rotation_.slots) {
    for (std::size_t slot = 0; slot < rotation_.slots; ++slot) {
      context.device.fill(out_.slot(slot), pattern_of(context.group.rank), slice(slot));
      in_.poison(slot);
    }
  }

  Work work() const override {
    Work work;
    if (bytes_ > 0)
      work.amount["bytes"] = static_cast<double>(bytes_) * (sends_ && receives_ ? 2 : 1);
    else
      work.absent["bytes"] = "no bytes are moved";
    return work;
  }
  std::map<std::string, std::string> notes() const override {
    return {{"buffers", std::to_string(rotation_.slots)},
            {"rotated_bytes", std::to_string(rotation_.bytes)}};
  }

  /// Who receives tells the other whether it can share its memory, and how to open it.
  bench::Support calibrate(comm::Team& pair) override {
    pair_ = &pair;
    std::string reason;
    Offer mine;
    if (receives_) try {
        mine = {.made = true, .ticket = link_.share(in_.memory())};
      } catch (const UnsupportedError& error) {
        reason = error.what();
      }
    const auto theirs = exchange(mine);
    if (sends_ && theirs.made) try {
        peer_ = link_.open(theirs.ticket, in_.memory().size());
      } catch (const UnsupportedError& error) {
        reason = error.what();
      }
    return {reason};
  }

  void reset(bench::Iteration iteration) override {
    if (iteration.last) announce();
  }
  void launch() noexcept override {
    const auto slot = turn_.take();
    if (sends_) context_.device.copy(peer_.data() + in_.offset_of(slot), out_.slot(slot), bytes_);
  }

  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      announce();
      pair_->barrier();  // poisoned on both sides
      launch();
      context_.device.wait();
      context_.device.check();
    }
    pair_->barrier();  // arrived on both sides
    PatternCheck check(context_);
    const auto slot = turn_.announced();
    if (receives_) check.data(in_.slot(slot), pattern_of(1 - context_.group.rank), slice(slot), 0);
    check.guards("recv", in_, slot);
    check.guards("send", out_, slot);
    auto report = check.report();
    report.method = moment == Moment::before ? "extra call on the timed buffers" : "timed output";
    return report;
  }

  /// CUDA: memory may be freed only when the others have closed it.
  void let_go() override {
    peer_ = {};
    pair_->barrier();
  }

 private:
  struct Offer {
    bool made = false;
    device::PeerTicket ticket = {};
  };

  Offer exchange(const Offer& mine) {
    const int other = 1 - pair_->rank();
    if (other == 1) {
      comm::send_value(*pair_, mine, other);
      return comm::receive_value<Offer>(*pair_, other);
    }
    const auto theirs = comm::receive_value<Offer>(*pair_, other);
    comm::send_value(*pair_, mine, other);
    return theirs;
  }

  void announce() { in_.poison(turn_.announce()); }
  kernels::Pattern pattern_of(int rank) const {
    return kernels::movement(DataType::uint8, rank, context_.seed);
  }
  /// Every slot has a stream of its own, so that what another slot got is stale data.
  kernels::Slice slice(std::size_t slot) const {
    return {bench::mix(context_.seed ^ slot), 0, bytes_};
  }

  bench::Context& context_;
  device::PeerLink& link_;
  std::size_t bytes_;
  bool sends_, receives_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  bench::BufferRing out_, in_;
  device::Buffer peer_;  ///< the other rank's in_, where this one sends
  comm::Team* pair_ = nullptr;
};

class PeerCopyBenchmark final : public bench::Benchmark {
 public:
  PeerCopyBenchmark() {
    info_.name = "peer_copy";
    info_.what = "GPU: copies into the memory of another GPU of the host";
    info_.dims = {
        {"memory", std::string("device"), {"device"}},
        {"way", std::string(there), {std::string(there), std::string(back), std::string(both)}},
        {"bytes", std::int64_t{256} << 20, {}}};
    info_.metrics = {"bandwidth", "time", "wall_time"};
    info_.default_layout = "node_pairs";
    info_.memory_bytes = [](const Case& spec, int) {
      return 2.0 * static_cast<double>(integer_dim(spec.dims, "bytes"));
    };
    info_.seconds = [](const Case& spec, int) {
      return static_cast<double>(integer_dim(spec.dims, "bytes")) / 20e9;
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case&, const bench::Facts& facts) const override {
    for (const auto& round : facts.layout.rounds)
      for (const auto& group : round.at_once) {
        const auto ranks = group.ranks();
        if (ranks.size() != 2)
          return {fmt::format("it is between two ranks, and a group has {}: use layout node_pairs",
                              ranks.size())};
        const auto &first = facts.topology.host_name(ranks[0]),
                   &second = facts.topology.host_name(ranks[1]);
        if (first != second)
          return {
              fmt::format("ranks {} and {} are on {} and {}, and copies go between GPUs of one "
                          "host: use layout node_pairs",
                          ranks[0], ranks[1], first, second)};
      }
    return {};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    invariant(context.device.peer_link() != nullptr, "a device has a link to its peers");
    return std::make_unique<PreparedPeerCopy>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_peer_copy() {
  return std::make_shared<PeerCopyBenchmark>();
}

}  // namespace assay::benchmarks
