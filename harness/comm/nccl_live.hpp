// The communicators that are live, so that another thread can abort them all: the watchdog's, while
// the measuring one may hang inside NCCL.
#pragma once

#include "harness/comm/nccl_handles.hpp"

namespace assay::comm::nccl {

/// One that has just been made is live until it ends.
void note_live(ncclComm_t made);
/// Its owner.
Comm own(ncclComm_t made);

/// See Backend::abort. What is being made or destroyed at that moment is left to the process's end.
void abort_all();

/// Stands around every use of a communicator. Once communicators are being aborted their handles
/// mean nothing: whoever would enter NCCL then, or comes back from it, waits for the process to
/// end.
class Passage {
 public:
  Passage() noexcept { await_exit_if_aborted(); }
  ~Passage() { await_exit_if_aborted(); }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

 private:
  static void await_exit_if_aborted() noexcept;
};

}  // namespace assay::comm::nccl
