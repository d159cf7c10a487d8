#include "harness/schedule/training/frame.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace assay::training {
namespace {

class Framer {
 public:
  Framer(const Model& model, const Layout& layout) : model_(model), layout_(layout) {}

  Frame frame() {
    auto& job = frame_.job;
    const int replica = layout_.tp * layout_.cp, stage = replica * layout_.dp;
    job.ranks = ranks_of(layout_);
    frame_.compute = stream("compute");
    frame_.tp = channel("tp", "tp", {layout_.tp, 1}, "tp");
    frame_.cp = channel("cp", "cp", {layout_.cp, layout_.tp}, "cp");
    frame_.ep = channel("ep", "ep", {layout_.ep, 1}, "ep");
    frame_.dense = channel("dp", "dp", {layout_.cp * layout_.dp, layout_.tp}, "dp");
    if (model_.experts && layout_.ep > 1)
      frame_.expert = channel("dp of experts", "dp", {stage / layout_.ep, layout_.ep}, "dp");
    else if (model_.experts)
      frame_.expert = channel("dp of experts", "dp", {stage, 1}, "dp");
    edges(stage);
    if (model_.tied && layout_.pp > 1)
      frame_.ends = channel("pp ends", "pp", {2, (layout_.pp - 1) * stage}, "pp ends");
    frame_.world = channel("world", "world", {job.ranks, 1}, "world");
    job.distinct.push_back({layout_.pp, stage});
    if (layout_.ep > 1 && !is_even(layout_.routing)) job.distinct.push_back({layout_.ep, 1});
    return std::move(frame_);
  }

 private:
  std::uint16_t stream(const std::string& name) {
    auto& streams = frame_.job.streams;
    for (std::size_t i = 0; i < streams.size(); ++i)
      if (streams[i] == name) return static_cast<std::uint16_t>(i);
    streams.push_back(name);
    return static_cast<std::uint16_t>(streams.size() - 1);
  }

  Channel channel(const std::string& name, const std::string& label, step::Axis axis,
                  const std::string& on) {
    if (axis.size == 1) return {};
    frame_.job.groups.push_back({name, label, axis});
    return {static_cast<std::uint32_t>(frame_.job.groups.size() - 1), stream(on), axis.size};
  }

  void edges(int stage) {
    frame_.edges.stages = layout_.pp;
    const int pp = layout_.pp;
    // Where there is one chunk each, the ring does not close: its last edge is not used.
    const int used = layout_.vp > 1 ? pp : pp - 1;
    std::size_t colours = 0;
    for (int i = 0; i < used; ++i) colours = std::max(colours, frame_.edges.colour(i) + 1);
    for (std::size_t i = 0; i < colours && pp > 1; ++i) {
      const step::Axis axis{layout_.pp, stage};
      const auto forward = fmt::format("pp forward {}", i),
                 backward = fmt::format("pp backward {}", i);
      frame_.edges.forward.push_back(channel(forward, "pp", axis, forward));
      frame_.edges.backward.push_back(channel(backward, "pp", axis, backward));
    }
  }

  const Model& model_;
  const Layout& layout_;
  Frame frame_;
};

}  // namespace

Frame frame_of(const Model& model, const Layout& layout) { return Framer(model, layout).frame(); }

}  // namespace assay::training
