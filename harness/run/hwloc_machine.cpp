#include "harness/run/hwloc_machine.hpp"

#include <hwloc.h>

#include <algorithm>
#include <array>

#include "harness/core/error.hpp"

namespace assay::run {

HwlocMachine::HwlocMachine() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0)
    throw RunError({"hwloc", "hwloc_topology_init failed", "check the memory that is left"});
  topology_.reset(topology);
  hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING);
  if (hwloc_topology_load(topology) != 0)
    throw RunError({"hwloc", "the hardware cannot be read", "try lstopo, and read its message"});
}

void HwlocMachine::DestroyTopology::operator()(hwloc_topology* topology) const noexcept {
  hwloc_topology_destroy(topology);
}

void HwlocMachine::FreeBitmap::operator()(hwloc_bitmap_s* bitmap) const noexcept {
  hwloc_bitmap_free(bitmap);
}

HwlocMachine::Bitmap HwlocMachine::empty_bitmap() {
  Bitmap bitmap(hwloc_bitmap_alloc());
  if (!bitmap) throw RunError({"hwloc", "out of memory", "free memory on this host"});
  return bitmap;
}

std::string HwlocMachine::list(const hwloc_bitmap_s* bitmap) {
  const int length = hwloc_bitmap_list_snprintf(nullptr, 0, bitmap);
  std::string text(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
  hwloc_bitmap_list_snprintf(text.data(), text.size(), bitmap);
  text.pop_back();
  return text;
}

std::string HwlocMachine::cpu_model() const {
  const auto package = hwloc_get_obj_by_type(topology_.get(), HWLOC_OBJ_PACKAGE, 0);
  const auto object = package != nullptr ? package : hwloc_get_root_obj(topology_.get());
  const char* model = hwloc_obj_get_info_by_name(object, "CPUModel");
  return model != nullptr ? model : "unknown";
}

int HwlocMachine::sockets() const {
  return std::max(1, hwloc_get_nbobjs_by_type(topology_.get(), HWLOC_OBJ_PACKAGE));
}

int HwlocMachine::numa_nodes() const {
  return std::max(1, hwloc_get_nbobjs_by_type(topology_.get(), HWLOC_OBJ_NUMANODE));
}

int HwlocMachine::cores() const {
  const int cores = hwloc_get_nbobjs_by_type(topology_.get(), HWLOC_OBJ_CORE);
  return cores > 0 ? cores : processing_units();
}

int HwlocMachine::processing_units() const {
  return std::max(1, hwloc_get_nbobjs_by_type(topology_.get(), HWLOC_OBJ_PU));
}

HwlocMachine::Bitmap HwlocMachine::binding() const {
  auto set = empty_bitmap();
  const auto allowed = hwloc_topology_get_allowed_cpuset(topology_.get());
  if (hwloc_get_cpubind(topology_.get(), set.get(), HWLOC_CPUBIND_PROCESS) != 0)
    hwloc_bitmap_copy(set.get(), allowed);
  hwloc_bitmap_and(set.get(), set.get(), allowed);
  return set;
}

HwlocMachine::Bound HwlocMachine::bound() const {
  const auto set = binding();
  Bound bound{list(set.get()), {}};
  const bool has_cores = hwloc_get_nbobjs_by_type(topology_.get(), HWLOC_OBJ_CORE) > 0;
  const auto type = has_cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
  for (hwloc_obj_t core = nullptr;
       (core = hwloc_get_next_obj_by_type(topology_.get(), type, core)) != nullptr;)
    if (hwloc_bitmap_intersects(core->cpuset, set.get()) != 0)
      bound.cores.push_back(static_cast<int>(core->logical_index));
  return bound;
}

HwlocMachine::LastLevelCache HwlocMachine::last_level_cache() const {
  const auto set = binding();
  LastLevelCache found;
  constexpr std::array levels{HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L1CACHE};
  const auto level = std::ranges::find_if(levels, [&](hwloc_obj_type_t type) {
    return hwloc_get_nbobjs_by_type(topology_.get(), type) > 0;
  });
  if (level == levels.end()) return found;
  const auto sharers = empty_bitmap();
  for (hwloc_obj_t cache = nullptr;
       (cache = hwloc_get_next_obj_by_type(topology_.get(), *level, cache)) != nullptr;) {
    found.bytes_each = std::max<std::uint64_t>(found.bytes_each, cache->attr->cache.size);
    if (hwloc_bitmap_intersects(cache->cpuset, set.get()) == 0) continue;
    found.bytes += cache->attr->cache.size;
    hwloc_bitmap_or(sharers.get(), sharers.get(), cache->cpuset);
  }
  found.cpus = list(sharers.get());
  return found;
}

}  // namespace assay::run
