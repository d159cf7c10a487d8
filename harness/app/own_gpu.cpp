#include "harness/app/own_gpu.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "harness/app/together.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/core/error.hpp"
#include "harness/run/gpu_devices.hpp"

namespace assay::app {

namespace {

using nlohmann::json;

enum class Need { none, optional, firm };

Need need_of(const GpuWish& wish) {
  Need need = Need::none;
  for (const auto& spec : wish.plan.cases)
    if (bench::needs_gpu(spec.dims, wish.backends))
      need = std::max(need, spec.optional ? Need::optional : Need::firm);
  return need;
}

std::string to_text(const device::VisibleGpus& visible) {
  json text{{"none_because", visible.none_because}, {"uuids", json::array()}};
  for (const auto& gpu : visible.gpus) text["uuids"].push_back(gpu.uuid);
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<device::RankGpus> ranks_from(const std::vector<std::string>& texts) {
  std::vector<device::RankGpus> ranks;
  for (const auto& text : texts) {
    const auto read = json::parse(text);
    ranks.push_back({static_cast<int>(ranks.size()),
                     read.at("uuids").get<std::vector<std::string>>(),
                     read.at("none_because").get<std::string>()});
  }
  return ranks;
}

/// By world rank, each among those that the rank sees; or why there are none.
json assigned(const GpuWish& wish, Need need, const std::vector<std::string>& texts) {
  try {
    return device::assign_gpus(wish.machines, ranks_from(texts), wish.sharing);
  } catch (const UsageError& error) {
    if (need == Need::firm) throw;
    return std::string(error.what());
  }
}

}  // namespace

OwnGpu open_gpu(comm::Team& world, const device::Gpus& gpus, const GpuWish& wish) {
  OwnGpu own;
  const auto need = need_of(wish);
  if (need == Need::none) return own;
  const auto visible = gpus.visible(world.rank());
  const auto texts = comm::gather_text(world, to_text(visible));
  const auto answer =
      json::parse(on_rank_0(world, [&] { return assigned(wish, need, texts).dump(); }));
  if (answer.is_string()) {
    own.none_because = answer.get<std::string>();
    return own;
  }
  const auto index = answer.at(static_cast<std::size_t>(world.rank())).get<std::size_t>();
  own.gpu = visible.gpus.at(index);
  own.device = gpus.open(own.gpu);
  own.nvml = std::make_shared<const device::Nvml>();
  // Twice the cache, so that nothing that was used before is still there.
  std::array<double, 1> cache{static_cast<double>(own.gpu.cache_bytes)};
  world.max(cache);
  own.rotation_bytes = 2 * static_cast<std::uint64_t>(cache[0]);
  return own;
}

run::ReadCounters OwnGpu::counters() const {
  if (nvml == nullptr) return {};
  return [library = nvml, uuid = gpu.uuid] { return library->counters(uuid); };
}

void note_gpus(comm::Team& world, const OwnGpu& own, run::Inventory& inventory) {
  run::RankGpu mine{own.nvml->inventory(own.gpu.uuid), own.gpu.bus_id, own.nvml->missing()};
  mine.inventory.name = own.gpu.name;
  std::vector<run::RankGpu> all;
  for (const auto& text : comm::gather_text(world, run::to_text(mine)))
    all.push_back(run::rank_gpu_from_text(text));
  if (world.rank() == 0) run::add_gpus(inventory, all);
}

}  // namespace assay::app
