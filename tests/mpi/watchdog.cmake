# The watchdog: its logic and wire by themselves, then real ranks that are stopped, killed,
# signalled, stuck or failing.
assay_test(watchdog_logic_test LABEL unit TIMEOUT 60
  SOURCES "${CMAKE_CURRENT_LIST_DIR}/../unit/watchdog_monitor_test.cpp"
          "${CMAKE_CURRENT_LIST_DIR}/../unit/progress_test.cpp"
          "${CMAKE_CURRENT_LIST_DIR}/../unit/heartbeat_test.cpp"
          "${CMAKE_CURRENT_LIST_DIR}/../unit/deadline_test.cpp"
  LINKS assay::run)

if(HAVE_MPI)
  add_executable(watchdog_program "${CMAKE_CURRENT_LIST_DIR}/watchdog_program.cpp")
  target_link_libraries(watchdog_program PRIVATE assay::run assay::gpus)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  # One entry per scenario: each has its own time limit and name in the report.
  file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/watchdog_test.py" scenarios REGEX "^    def test_")
  foreach(scenario IN LISTS scenarios)
    string(REGEX REPLACE "^    def test_([a-z_0-9]+).*" "\\1" scenario "${scenario}")
    add_test(NAME watchdog_${scenario}
      COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/watchdog_test.py"
              "${ASSAY_MPIEXEC_TEXT}" "$<TARGET_FILE:watchdog_program>"
              WatchdogTest.test_${scenario})
    set_tests_properties(watchdog_${scenario} PROPERTIES
      LABELS mpi TIMEOUT 90 SKIP_RETURN_CODE 77 PROCESSORS ${ASSAY_BUSY_SLOTS}
      ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT}")
  endforeach()
endif()
