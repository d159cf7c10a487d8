# NCCL on its double: ranks are real, GPUs and what is between them are not.
if(NOT HAVE_NCCL OR NOT HAVE_MPI)
  message(STATUS "tests: no NCCL or no MPI, so no double of NCCL")
  return()
endif()

# assay_double_test(<name> RANKS 1 2 3 TIMEOUT 60 [BACKEND nccl] COMMAND …): on a host of eight GPUs.
function(assay_double_test name)
  cmake_parse_arguments(arg "" "TIMEOUT;BACKEND" "RANKS;COMMAND" ${ARGN})
  assay_mpi_test(${name} ${ARGN})
  foreach(ranks ${arg_RANKS})
    set_tests_properties(${name}_${ranks} PROPERTIES PROCESSORS ${ASSAY_BUSY_SLOTS}
      ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT};ASSAY_FAKE_GPUS=8;ASSAY_TESTED_BACKEND=${arg_BACKEND};NCCL_LAUNCH_ORDER_IMPLICIT=1")
  endforeach()
endfunction()

add_executable(nccl_semantics gpu/nccl_semantics.cpp)
target_link_libraries(nccl_semantics PRIVATE assay_mpi_session assay_double_gpus)
# The tests of every backend, on this one.
add_library(assay_nccl_conformance OBJECT mpi/conformance.cpp gpu/place_gpu.cpp)
target_link_libraries(assay_nccl_conformance PUBLIC assay_fakes assay_mpi_session assay::device_cuda)
add_executable(nccl_conformance)
target_link_libraries(nccl_conformance PRIVATE assay_nccl_conformance assay_double_gpus)
assay_double_test(nccl_conformance RANKS 1 2 3 4 5 TIMEOUT 300
  COMMAND $<TARGET_FILE:nccl_conformance> --gtest_filter=Conformance.EveryRow*)
add_library(assay_nccl_composed OBJECT mpi/composed.cpp gpu/place_gpu.cpp unit/schedule_model.cpp)
target_link_libraries(assay_nccl_composed PUBLIC assay::bench assay_mpi_session assay::device_cuda)
add_executable(nccl_composed)
target_link_libraries(nccl_composed PRIVATE assay_nccl_composed assay_double_gpus)
assay_double_test(nccl_composed RANKS 1 2 3 4 5 8 TIMEOUT 300 COMMAND $<TARGET_FILE:nccl_composed>)

# Training steps, which the double's kernels take their time for.
add_library(assay_nccl_step OBJECT mpi/step.cpp gpu/place_gpu.cpp unit/schedule_model.cpp)
target_link_libraries(assay_nccl_step PUBLIC assay::benchmarks assay_mpi_session assay::device_cuda)
add_executable(nccl_step)
target_link_libraries(nccl_step PRIVATE assay_nccl_step assay_double_gpus)
set(nccl_steps --gtest_filter=Step.EveryCommunication*:Step.Trains*)
assay_double_test(nccl_step RANKS 2 3 TIMEOUT 120 COMMAND $<TARGET_FILE:nccl_step> ${nccl_steps})

# MPI with data of GPUs. Whatever takes their memory itself is a double, too.
add_library(assay_cuda_aware_mpi OBJECT fakes/mpi/cuda_aware.cpp)
target_link_libraries(assay_cuda_aware_mpi PRIVATE assay_fake_cuda MPI::MPI_CXX)
foreach(test conformance composed)
  add_executable(mpi_gpu_${test})
  target_link_libraries(mpi_gpu_${test} PRIVATE assay_cuda_aware_mpi assay_nccl_${test} assay_double_gpus)
  foreach(backend mpi_staged mpi_cuda)
    assay_double_test(${backend}_${test} RANKS 1 2 3 TIMEOUT 300 BACKEND ${backend}
      COMMAND $<TARGET_FILE:mpi_gpu_${test}> --gtest_filter=Conformance.EveryRow*:EveryAlgorithm*)
  endforeach()
endforeach()

assay_double_test(nccl_semantics RANKS 1 2 3 5 8 TIMEOUT 60 COMMAND $<TARGET_FILE:nccl_semantics>)

add_executable(nccl_backend gpu/nccl_backend.cpp gpu/place_gpu.cpp)
target_link_libraries(nccl_backend PRIVATE assay::run assay::benchmarks assay_mpi_session assay_double_gpus)
assay_double_test(nccl_backend RANKS 1 2 3 5 TIMEOUT 300 COMMAND $<TARGET_FILE:nccl_backend>)

# The same on a GPU, which the ranks share where there is one only; skipped where there is none.
foreach(test conformance composed)
  add_executable(gpu_nccl_${test})
  target_link_libraries(gpu_nccl_${test} PRIVATE assay_nccl_${test} assay::gpus)
  assay_mpi_test(gpu_nccl_${test} LABEL gpu RANKS 1 2 4 TIMEOUT 600
    COMMAND "${CMAKE_CURRENT_LIST_DIR}/own_host.sh" $<TARGET_FILE:gpu_nccl_${test}> --gtest_filter=-Large.*)
  foreach(ranks 1 2 4)
    set_tests_properties(gpu_nccl_${test}_${ranks} PROPERTIES RESOURCE_LOCK gpu)
  endforeach()
  assay_mpi_test(gpu_mpi_staged_${test} LABEL gpu RANKS 1 2 TIMEOUT 600
    COMMAND "${CMAKE_CURRENT_LIST_DIR}/own_host.sh" $<TARGET_FILE:gpu_nccl_${test}> --gtest_filter=-Large.*)
  foreach(ranks 1 2)
    set_tests_properties(gpu_mpi_staged_${test}_${ranks} PROPERTIES RESOURCE_LOCK gpu
      ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT};ASSAY_TESTED_BACKEND=mpi_staged")
  endforeach()
endforeach()
add_executable(gpu_nccl_step)
target_link_libraries(gpu_nccl_step PRIVATE assay_nccl_step assay::gpus)
assay_mpi_test(gpu_nccl_step LABEL gpu RANKS 2 4 TIMEOUT 600
  COMMAND "${CMAKE_CURRENT_LIST_DIR}/own_host.sh" $<TARGET_FILE:gpu_nccl_step> ${nccl_steps})
foreach(ranks 2 4)
  set_tests_properties(gpu_nccl_step_${ranks} PROPERTIES RESOURCE_LOCK gpu
    ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT};NCCL_LAUNCH_ORDER_IMPLICIT=1")
endforeach()
