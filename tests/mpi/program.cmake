# The whole program under the real launcher: outcomes, exit codes, files, bad input, signals. One
# entry per scenario: each has its own time limit and name in the report.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# assay on the double of CUDA: see gpu.cmake.
set(double "")
if(TARGET assay_double)
  set(double "$<TARGET_FILE:assay_double>")
endif()

foreach(part outcomes contracts compare concurrent files bad_input signals ranks resume training clock gpu nccl gpu_step)
  # What is about times has the machine for itself; what only waits, or plants faults that no other
  # load could hide, shares it.
  set(slots ${ASSAY_ALL_SLOTS})
  if(part MATCHES "resume|signals|ranks|training|gpu_step")
    set(slots ${ASSAY_BUSY_SLOTS})
  elseif(part MATCHES "files|bad_input|contracts|gpu|nccl")
    set(slots 1)
  endif()
  set(file "${CMAKE_CURRENT_LIST_DIR}/program_${part}_test.py")
  # A new scenario is found by configuring again.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(STRINGS "${file}" lines REGEX "^class [A-Za-z]+\\(|^    def test_")
  foreach(line IN LISTS lines)
    if(line MATCHES "^class ([A-Za-z]+)")
      set(class "${CMAKE_MATCH_1}")
      continue()
    endif()
    string(REGEX REPLACE "^    def (test_[a-z_0-9]+).*" "\\1" method "${line}")
    string(TOLOWER "program_${part}_${class}_${method}" name)
    string(REPLACE "_test_" "_" name "${name}")
    add_test(NAME ${name}
      COMMAND "${Python3_EXECUTABLE}" "${file}" "${ASSAY_MPIEXEC_TEXT}" "$<TARGET_FILE:assay>"
              "$<TARGET_FILE:assay_faulty>" "${CMAKE_SOURCE_DIR}" ${class}.${method})
    set_tests_properties(${name} PROPERTIES LABELS mpi TIMEOUT 120 PROCESSORS ${slots}
      SKIP_RETURN_CODE 77 ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT};ASSAY_DOUBLE=${double}")
  endforeach()
endforeach()
