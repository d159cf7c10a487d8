// Where the data of multi-rank tests lie: on the host or, in the programs that are linked with
// tests/gpu/place_gpu.cpp, on this rank's GPU.
#pragma once

#include <span>
#include <vector>

#include "tests/mpi/session.hpp"

namespace assay {

std::unique_ptr<device::Device> make_device();
/// Those that are here and take its memory.
std::vector<comm::Backend> tested_backends();
/// 0, 1, odd, and so many elements that a library changes its algorithm.
std::vector<std::int64_t> tested_counts();
/// From and to its memory.
void read(device::Device& device, const std::byte* from, std::span<std::byte> to);
void write(device::Device& device, std::span<const std::byte> from, std::byte* to);

/// All ranks, a device of each, and a communicator between them, in the order that these must go.
struct Place {
  /// Collective over the world.
  explicit Place(const comm::Backend& backend)
      : team(session->world().split(0, session->world().rank())),
        device(make_device()),
        connection(backend.connect(*team, *device)),
        communicator(comm::communicator_of_all(*connection, *team)) {}
  std::unique_ptr<comm::Team> team;
  std::unique_ptr<device::Device> device;
  std::unique_ptr<comm::Connection> connection;
  std::unique_ptr<comm::Communicator> communicator;
};

inline std::vector<comm::Backend> backends_for(device::MemoryKind memory) {
  auto rows = comm::backends();
  std::erase_if(rows,
                [&](const auto& row) { return row.memory != memory || !row.missing.empty(); });
  return rows;
}

}  // namespace assay
