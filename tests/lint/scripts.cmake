# The scripts: shellcheck, and the tests of the Python ones.
add_test(NAME shellcheck COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/lint/shellcheck.sh")
set_tests_properties(shellcheck PROPERTIES LABELS lint TIMEOUT 60 SKIP_RETURN_CODE 77)

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME compare_peers_test
           COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/unit/compare_peers_test.py")
  set_tests_properties(compare_peers_test PROPERTIES LABELS unit TIMEOUT 60)
endif()
