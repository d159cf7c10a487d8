# NVML is loaded at run time, so its double needs no CUDA: a whole one, and one of which half of the
# functions are missing.
foreach(kind whole half)
  set(sources fakes/nvml/fake_nvml.cpp)
  if(kind STREQUAL "whole")
    list(APPEND sources fakes/nvml/fake_nvml_rest.cpp)
  endif()
  add_library(assay_fake_nvml_${kind} SHARED ${sources})
  target_link_libraries(assay_fake_nvml_${kind} PRIVATE assay_options)
  set_target_properties(assay_fake_nvml_${kind} PROPERTIES OUTPUT_NAME nvidia-ml VERSION 1 SOVERSION 1
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/fakes/nvml_${kind}")
endforeach()
assay_test(gpu_parts_test LABEL unit TIMEOUT 60
  SOURCES unit/nvml_test.cpp unit/gpu_choice_test.cpp LINKS assay::device)
add_dependencies(gpu_parts_test assay_fake_nvml_whole assay_fake_nvml_half)
target_compile_definitions(gpu_parts_test PRIVATE
  ASSAY_FAKE_NVML_WHOLE="$<TARGET_FILE:assay_fake_nvml_whole>"
  ASSAY_FAKE_NVML_HALF="$<TARGET_FILE:assay_fake_nvml_half>")

if(NOT HAVE_CUDA)
  message(STATUS "tests: no CUDA, so neither its double nor tests on a GPU")
  return()
endif()

# Instead of CUDA's runtime, cuBLASLt and assay::kernels_cuda, under the same assay::device_cuda.
add_library(assay_fake_cuda STATIC fakes/cuda/capture.cpp fakes/cuda/cublaslt.cpp fakes/cuda/kernels.cpp fakes/cuda/runtime.cpp
            fakes/cuda/state.cpp)
target_link_libraries(assay_fake_cuda PUBLIC assay::kernels)
target_include_directories(assay_fake_cuda SYSTEM PUBLIC ${CUDAToolkit_INCLUDE_DIRS})

# Instead of assay::gpus. As objects, which those who call find in any order.
add_library(assay_double_gpus INTERFACE)
target_link_libraries(assay_double_gpus INTERFACE assay::device_cuda $<TARGET_OBJECTS:assay_fake_cuda> assay_fake_cuda)
if(HAVE_NCCL)
  # Instead of assay::nccl.
  add_library(assay_fake_nccl STATIC fakes/nccl/calls.cpp fakes/nccl/communicators.cpp
              fakes/nccl/groups.cpp fakes/nccl/profiler.cpp fakes/nccl/state.cpp fakes/nccl/wire.cpp)
  target_link_libraries(assay_fake_nccl PUBLIC assay_fake_cuda)
  target_include_directories(assay_fake_nccl SYSTEM PUBLIC "${ASSAY_NCCL_INCLUDE}")
  target_link_libraries(assay_double_gpus INTERFACE $<TARGET_OBJECTS:assay_fake_nccl> assay_fake_nccl)
endif()

assay_test(cuda_device_test LABEL unit TIMEOUT 120
  SOURCES unit/cuda_device_test.cpp unit/cuda_gemm_test.cpp unit/cuda_streams_test.cpp gpu/device_conformance.cpp
          gpu/gemm_conformance.cpp gpu/softmax_conformance.cpp gpu/step_tiles_conformance.cpp gpu/streams_conformance.cpp
  LINKS assay::benchmarks assay_double_gpus)

assay_test(staged_test LABEL unit TIMEOUT 60
  SOURCES unit/staged_test.cpp
  LINKS assay::comm assay_double_gpus)

assay_test(device_timing_test LABEL unit TIMEOUT 120
  SOURCES unit/device_timing_test.cpp
  LINKS assay::run assay_double_gpus)

# assay itself on the double.
add_executable(assay_double "${CMAKE_SOURCE_DIR}/harness/app/main.cpp")
target_link_libraries(assay_double PRIVATE assay::app assay_double_gpus)

# The same on a GPU, skipped where there is none.
assay_test(gpu_device_test LABEL gpu TIMEOUT 300
  SOURCES gpu/device_conformance.cpp gpu/gemm_conformance.cpp gpu/softmax_conformance.cpp gpu/step_tiles_conformance.cpp gpu/streams_conformance.cpp gpu/main.cpp
  LINKS assay::benchmarks assay::gpus)
set_tests_properties(gpu_device_test PROPERTIES RESOURCE_LOCK gpu)
