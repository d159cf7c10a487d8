// For MPICH over UCX, whose ranks spin and have no setting to yield: loaded before its libraries,
// it gives the core away whenever nothing has come. Without it, an operation among more ranks than
// cores takes a time slice of the scheduler for every message. Test equipment: no figure of assay's
// is ever made with it.
#include <dlfcn.h>
#include <sched.h>

extern "C" unsigned ucp_worker_progress(void* worker) {
  using Progress = unsigned (*)(void*);
  static const auto progress =
      reinterpret_cast<Progress>(::dlsym(RTLD_NEXT, "ucp_worker_progress"));
  const unsigned events = progress(worker);
  if (events == 0) ::sched_yield();
  return events;
}
