# Tests on several hosts made of namespaces. They say so and count as skipped where none can be
# made. They load all cores, so each runs alone.
add_test(NAME lab_selftest COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/lab/lab_selftest.sh")
set_tests_properties(lab_selftest PROPERTIES
  LABELS lab TIMEOUT 120 SKIP_RETURN_CODE 77 RUN_SERIAL ON)

# Real runs of assay: one entry per scenario, as each takes up to half a minute.
if(HAVE_MPI)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  foreach(kind IN ITEMS verdict fault)
    set(program "${CMAKE_CURRENT_LIST_DIR}/lab_${kind}_test.py")
    file(STRINGS "${program}" scenarios REGEX "^    def test_")
    foreach(scenario IN LISTS scenarios)
      string(REGEX REPLACE "^    def test_([a-z_0-9]+).*" "\\1" scenario "${scenario}")
      add_test(NAME lab_${scenario}
        COMMAND "${Python3_EXECUTABLE}" "${program}" $<TARGET_FILE:assay> -k test_${scenario})
      set_tests_properties(lab_${scenario} PROPERTIES
        LABELS lab TIMEOUT 300 SKIP_RETURN_CODE 77 RUN_SERIAL ON
        ENVIRONMENT "${ASSAY_MPI_ENVIRONMENT}")
    endforeach()
  endforeach()
endif()
