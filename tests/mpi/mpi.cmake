# Multi-rank tests run under the real launcher, on several rank counts, odd ones too.
add_library(assay_fakes STATIC fakes/faults.cpp fakes/faulty_benchmarks.cpp fakes/throttled.cpp)
target_link_libraries(assay_fakes PUBLIC assay::app)

add_executable(assay_faulty fakes/faulty_main.cpp)
target_link_libraries(assay_faulty PRIVATE assay_fakes assay::gpus)

# How each launcher starts more ranks than there are cores, unbound: the one place that knows.
set(ASSAY_MPIEXEC mpirun)
if(MPIEXEC_EXECUTABLE)
  set(ASSAY_MPIEXEC "${MPIEXEC_EXECUTABLE}")
endif()
execute_process(COMMAND "${ASSAY_MPIEXEC}" --version OUTPUT_VARIABLE launcher ERROR_QUIET)
if(launcher MATCHES "HYDRA")
  set(HYDRA ON)
  list(APPEND ASSAY_MPIEXEC -bind-to none)
else()
  list(APPEND ASSAY_MPIEXEC --oversubscribe --bind-to none)
endif()
list(JOIN ASSAY_MPIEXEC " " ASSAY_MPIEXEC_TEXT)

# Open MPI's plug-ins leak and are unloaded before the leak check, so no suppression can name them;
# leaks are looked for in the unit tests.
set(ASSAY_MPI_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_rmaps_base_oversubscribe=1 MPIR_CVAR_POLLS_BEFORE_YIELD=1
    # MPICH before 4.1.2 crashes in MPI_Reduce in place at a root other than 0 (pmodels/mpich#6540).
    MPIR_CVAR_DEVICE_COLLECTIVES=none
    ASAN_OPTIONS=detect_leaks=0)
if(HYDRA)
  add_library(yielding MODULE mpi/yielding.cpp)
  target_link_libraries(yielding PRIVATE ${CMAKE_DL_LIBS})
  list(APPEND ASSAY_MPI_ENVIRONMENT "LD_PRELOAD=$<TARGET_FILE:yielding>")
endif()
include(mpi/watchdog.cmake)
include(mpi/program.cmake)

if(NOT HAVE_MPI)
  message(STATUS "tests: no MPI, so no multi-rank tests")
  return()
endif()

# assay_mpi_test(<name> [LABEL large] RANKS 1 2 3 TIMEOUT 60 COMMAND …): one ctest entry per rank count.
function(assay_mpi_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "RANKS;COMMAND" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL mpi)
  endif()
  foreach(ranks ${arg_RANKS})
    add_test(NAME ${name}_${ranks}
      COMMAND ${ASSAY_MPIEXEC} -n ${ranks} ${arg_COMMAND}
      WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${name}_${ranks} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
      PROCESSORS ${ASSAY_ALL_SLOTS} ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT}" SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

add_library(assay_mpi_session STATIC mpi/session.cpp)
target_link_libraries(assay_mpi_session PUBLIC assay::comm GTest::gmock GTest::gtest)

add_executable(conformance mpi/conformance.cpp mpi/place_host.cpp mpi/team.cpp)
target_link_libraries(conformance PRIVATE assay_fakes assay_mpi_session assay::gpus)
assay_mpi_test(conformance RANKS 1 2 3 4 5 TIMEOUT 180
  COMMAND $<TARGET_FILE:conformance> --gtest_filter=-Large.*)

# Messages of more than 2^31 elements, one test at a time: 10 GiB and minutes, so only on request.
assay_mpi_test(conformance_large LABEL large RANKS 1 2 TIMEOUT 1800
  COMMAND $<TARGET_FILE:conformance> --gtest_filter=Large.*)
set_tests_properties(conformance_large_1 conformance_large_2 PROPERTIES RUN_SERIAL TRUE
  SKIP_REGULAR_EXPRESSION "needs 12 GiB of free memory")

add_executable(composed mpi/composed.cpp mpi/place_host.cpp unit/schedule_model.cpp)
target_link_libraries(composed PRIVATE assay::bench assay_mpi_session assay::gpus)
assay_mpi_test(composed RANKS 1 2 3 4 5 TIMEOUT 180 COMMAND $<TARGET_FILE:composed>)

add_executable(nonblocking mpi/nonblocking.cpp unit/schedule_model.cpp)
target_link_libraries(nonblocking PRIVATE assay::benchmarks assay_mpi_session assay::gpus)
assay_mpi_test(nonblocking RANKS 1 2 3 4 5 TIMEOUT 180 COMMAND $<TARGET_FILE:nonblocking>)

add_executable(step mpi/step.cpp mpi/step_readings.cpp mpi/place_host.cpp unit/schedule_model.cpp)
target_link_libraries(step PRIVATE assay::benchmarks assay::run assay_mpi_session assay::gpus)
assay_mpi_test(step RANKS 2 3 4 TIMEOUT 120 COMMAND $<TARGET_FILE:step>)

add_executable(common_clock mpi/common_clock.cpp mpi/harvest.cpp mpi/turns.cpp)
target_link_libraries(common_clock PRIVATE assay::run assay_mpi_session assay::gpus)
assay_mpi_test(common_clock RANKS 1 2 3 5 TIMEOUT 120 COMMAND $<TARGET_FILE:common_clock>)
