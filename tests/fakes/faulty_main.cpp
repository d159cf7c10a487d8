// assay with faults: ASSAY_FAULT in communicators, ASSAY_LOCAL_FAULT in benchmarks themselves,
// ASSAY_TEAM_FAULT in the teams of groups, ASSAY_CLOCK_FAULT in the clock.
#include <cstdlib>

#include "benchmarks/catalogue.hpp"
#include "tests/fakes/faults.hpp"

namespace {

assay::fakes::Fault fault_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? assay::fakes::Fault{} : assay::fakes::parse_fault(text);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace assay;
  return app::run_program(
      argc, argv,
      {[] {
         return fakes::faulty_benchmarks(benchmarks::catalogue(), fault_from("ASSAY_LOCAL_FAULT"));
       },
       [] { return fakes::faulty_backends(comm::backends(), fault_from("ASSAY_FAULT")); },
       device::gpus,
       [] { return fakes::faulty_session(comm::open_session(), fault_from("ASSAY_TEAM_FAULT")); },
       fakes::faulty_clock(fault_from("ASSAY_CLOCK_FAULT"))});
}
