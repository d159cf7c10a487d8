#include "benchmarks/catalogue.hpp"
#include "harness/app/app.hpp"

int main(int argc, char** argv) {
  return assay::app::run_program(
      argc, argv, {assay::benchmarks::catalogue, assay::comm::backends, assay::device::gpus});
}
