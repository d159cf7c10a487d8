// Which GPU a rank takes.
#pragma once

#include <string>
#include <vector>

namespace assay::device {

/// What one rank may use.
struct RankGpus {
  int rank = 0;                    ///< of the world
  std::vector<std::string> uuids;  ///< of the GPUs that it sees, in the order of their indices
  std::string none_because = {};   ///< why there are none
};

/// Two ranks on one GPU measure each other: it must be asked for by name.
enum class GpuSharing { refused, allowed };

/// For each rank of one host, in the order of local ranks, the index of the GPU that it takes among
/// those it sees: the first that no other takes, ranks with fewer to choose from first. So all
/// ranks may see all GPUs, or each its own, as a launcher binds them. With `allowed` sharing ranks
/// are dealt evenly. Pure. Throws UsageError where a rank sees none or would have to share.
std::vector<int> choose_gpus(const std::string& host, const std::vector<RankGpus>& ranks,
                             GpuSharing sharing);

/// The same for all ranks of all hosts; `hosts` and `ranks` by world rank. Pure. Without sharing a
/// GPU that ranks of two hosts would take is a UsageError too: the hosts are one machine.
std::vector<int> assign_gpus(const std::vector<std::string>& hosts,
                             const std::vector<RankGpus>& ranks, GpuSharing sharing);

}  // namespace assay::device
