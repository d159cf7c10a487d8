# NCCL on its double: ranks are real, GPUs and what is between them are not.
if(NOT HAVE_NCCL OR NOT HAVE_MPI)
  message(STATUS "tests: no NCCL or no MPI, so no double of NCCL")
  return()
endif()

# assay_double_test(<name> RANKS 1 2 3 TIMEOUT 60 COMMAND …): on a host of eight GPUs. Ranks wait more than
# they work.
function(assay_double_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "RANKS;COMMAND" ${ARGN})
  assay_mpi_test(${name} ${ARGN})
  foreach(ranks ${arg_RANKS})
    set_tests_properties(${name}_${ranks} PROPERTIES PROCESSORS 1
      ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT};ASSAY_FAKE_GPUS=8")
  endforeach()
endfunction()

add_executable(nccl_semantics gpu/nccl_semantics.cpp)
target_link_libraries(nccl_semantics PRIVATE assay_mpi_session assay_double_gpus)
# The tests of every backend, on this one.
add_executable(nccl_conformance mpi/conformance.cpp gpu/place_gpu.cpp)
target_link_libraries(nccl_conformance PRIVATE assay_fakes assay_mpi_session assay_double_gpus)
assay_double_test(nccl_conformance RANKS 1 2 3 4 5 8 TIMEOUT 300
  COMMAND $<TARGET_FILE:nccl_conformance> --gtest_filter=Conformance.EveryRow*)
add_executable(nccl_composed mpi/composed.cpp gpu/place_gpu.cpp unit/schedule_model.cpp)
target_link_libraries(nccl_composed PRIVATE assay::bench assay_mpi_session assay_double_gpus)
assay_double_test(nccl_composed RANKS 1 2 3 4 5 8 TIMEOUT 300 COMMAND $<TARGET_FILE:nccl_composed>)

assay_double_test(nccl_semantics RANKS 1 2 3 5 8 TIMEOUT 60 COMMAND $<TARGET_FILE:nccl_semantics>)

add_executable(nccl_backend gpu/nccl_backend.cpp gpu/place_gpu.cpp)
target_link_libraries(nccl_backend PRIVATE assay::run assay::benchmarks assay_mpi_session assay_double_gpus)
assay_double_test(nccl_backend RANKS 1 2 3 5 TIMEOUT 300 COMMAND $<TARGET_FILE:nccl_backend>)
