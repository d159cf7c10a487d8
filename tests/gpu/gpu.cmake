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
