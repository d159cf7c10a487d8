// Jobs of all ranks, and what carries them out with real messages.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "harness/bench/step_executor.hpp"
#include "harness/bench/step_groups.hpp"
#include "harness/schedule/step_builder.hpp"
#include "tests/mpi/place.hpp"

namespace assay::step_world {

using step::read;
using step::update;
using step::write;

inline constexpr std::uint16_t compute = 0;
inline constexpr auto type = DataType::fp32;

/// A job on all ranks.
class World {
 public:
  explicit World(step::Job the_job) : job(std::move(the_job)) { EXPECT_EQ(problem_of(job), ""); }
  bench::StepExecutor executor(const bench::StepOptions& options) {
    return {job, place.team->rank(), *place.device, groups.communicators(), options};
  }
  bench::Context context() {
    return {.spec = spec,
            .group = {place.team->rank(), place.team->size(), place.team->rank(), "here"},
            .device = *place.device,
            .seed = 42};
  }

  step::Job job;
  Place place{tested_backends().front()};
  bench::StepGroups groups{job, *place.connection, *place.team};
  Case spec;
};

/// Every kind of communication, each on a stream of its own, beside compute.
inline step::Job everything(int ranks, const std::shared_ptr<const PairCounts>& uneven) {
  step::Job job{ranks, {"compute"}, {}, {}, {}};
  const auto n = static_cast<std::uint64_t>(ranks);
  constexpr std::uint64_t count = 20'001;
  const auto group = [&job, ranks] {
    job.groups.push_back({"all", "x", {ranks, 1}});
    job.streams.push_back("wire");
    return static_cast<std::uint32_t>(job.groups.size() - 1);
  };
  struct Row {
    Collective collective;
    std::uint64_t send, recv;
  };
  const std::vector<Row> rows{{Collective::all_reduce, count, count},
                              {Collective::all_gather, count, count * n},
                              {Collective::reduce_scatter, count * n, count},
                              {Collective::all_to_all, count * n, count * n},
                              {Collective::all_to_all_v, 0, 0},
                              {Collective::send_recv, count, count}};
  for (std::size_t i = 0; i < rows.size() + 1; ++i) group();
  const auto ring = group();
  job.distinct = {{ranks, 1}};
  for (int rank = 0; rank < ranks; ++rank) {
    step::Builder build(job.streams.size());
    const auto buffer = [&build](std::uint64_t size) { return build.buffer("x", type, size); };
    const auto work = buffer(1 << 16);
    const auto busy = [&] {
      build.add(compute, {"clear", step::ElementWise{1 << 18}}, {write(work)});
    };
    busy();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      auto [collective, send, recv] = rows[i];
      step::Collect call{collective, i, count, type};
      if (collective == Collective::all_to_all_v) {
        call.count = 0;
        call.counts = uneven;
        send = std::max<std::uint64_t>(1, uneven->sent(rank, ranks));
        recv = std::max<std::uint64_t>(1, uneven->received(rank, ranks));
      }
      const auto from = buffer(send), to = buffer(recv);
      const auto stream = static_cast<std::uint16_t>(i + 1);
      for (int again = 0; again < 2; ++again) {
        build.add(stream, {"collective", call}, {read(from), write(to)});
        busy();
      }
    }
    const auto in_place = static_cast<std::uint32_t>(rows.size());
    const auto both = buffer(count * n);
    for (const auto& row : {rows[0], rows[1], rows[2]})
      build.add(static_cast<std::uint16_t>(in_place + 1),
                {"in place", step::Collect{row.collective, in_place, count, type}}, {update(both)});
    busy();
    // Rank 0 sends first, so that not all wait for a receiver.
    const auto stream = static_cast<std::uint16_t>(ring + 1);
    const auto from = buffer(count), to = buffer(count);
    using Way = step::Message::Way;
    const step::Message sending{Way::send, ring, (rank + 1) % ranks, count, type},
        receiving{Way::receive, ring, (rank + ranks - 1) % ranks, count, type};
    for (const bool sends : {rank == 0, rank != 0})
      build.add(stream, {"message", sends ? sending : receiving}, {sends ? read(from) : write(to)});
    job.schedules.push_back(build.done());
  }
  return job;
}

}  // namespace assay::step_world
