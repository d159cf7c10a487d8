# assay_layer(<name> SOURCES … LINKS …): one static library per layer, alias assay::<name>.
function(assay_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(assay_${name} STATIC ${arg_SOURCES})
  add_library(assay::${name} ALIAS assay_${name})
  target_link_libraries(assay_${name} PUBLIC assay_options ${arg_LINKS})
endfunction()

# assay_test(<name> LABEL unit TIMEOUT 60 SOURCES … LINKS … [LONG_LOOPS]): a GoogleTest program, one ctest entry.
function(assay_test name)
  cmake_parse_arguments(arg "LONG_LOOPS" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock GTest::gtest_main)
  # What is tested is optimised as it is shipped. Assertions around it take twice as long to compile with
  # optimisation and run no faster, but where the test has long loops of its own.
  if(NOT arg_LONG_LOOPS)
    target_compile_options(${name} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:RelWithDebInfo>>:-O0>)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()
