# Multi-rank tests run under the real launcher, on several rank counts, odd ones too.
add_library(assay_fakes STATIC fakes/faults.cpp)
target_link_libraries(assay_fakes PUBLIC assay::app)

add_executable(assay_faulty fakes/faulty_main.cpp)
target_link_libraries(assay_faulty PRIVATE assay_fakes)

# Open MPI's plug-ins leak and are unloaded before the leak check, so no suppression can name them;
# leaks are looked for in the unit tests.
set(ASSAY_MPI_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_rmaps_base_oversubscribe=1
    ASAN_OPTIONS=detect_leaks=0)
include(mpi/watchdog.cmake)
include(mpi/program.cmake)

if(NOT HAVE_MPI)
  message(STATUS "tests: no MPI, so no multi-rank tests")
  return()
endif()

# assay_mpi_test(<name> RANKS 1 2 3 TIMEOUT 60 COMMAND …): one ctest entry per rank count.
function(assay_mpi_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "RANKS;COMMAND" ${ARGN})
  foreach(ranks ${arg_RANKS})
    add_test(NAME ${name}_${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none -n ${ranks} ${arg_COMMAND}
      WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${name}_${ranks} PROPERTIES LABELS mpi TIMEOUT ${arg_TIMEOUT}
      PROCESSORS 2 ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT}" SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

add_library(assay_mpi_session STATIC mpi/session.cpp)
target_link_libraries(assay_mpi_session PUBLIC assay::comm GTest::gmock GTest::gtest)

add_executable(conformance mpi/conformance.cpp)
target_link_libraries(conformance PRIVATE assay_fakes assay_mpi_session)
assay_mpi_test(conformance RANKS 1 2 3 4 5 TIMEOUT 180 COMMAND $<TARGET_FILE:conformance>)

add_executable(composed mpi/composed.cpp unit/schedule_model.cpp)
target_link_libraries(composed PRIVATE assay::bench assay_mpi_session)
assay_mpi_test(composed RANKS 1 2 3 4 5 TIMEOUT 180 COMMAND $<TARGET_FILE:composed>)

add_executable(nonblocking mpi/nonblocking.cpp)
target_link_libraries(nonblocking PRIVATE assay::benchmarks assay_mpi_session)
assay_mpi_test(nonblocking RANKS 1 2 3 4 5 TIMEOUT 180 COMMAND $<TARGET_FILE:nonblocking>)

add_executable(common_clock mpi/common_clock.cpp)
target_link_libraries(common_clock PRIVATE assay::run assay_mpi_session)
assay_mpi_test(common_clock RANKS 1 2 3 5 TIMEOUT 120 COMMAND $<TARGET_FILE:common_clock>)
