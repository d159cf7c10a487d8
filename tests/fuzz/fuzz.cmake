# Readers under arbitrary input. Everywhere: the committed corpus is replayed as a unit test. With
# ASSAY_FUZZ=ON (preset fuzz): a libFuzzer program for each reader, run by scripts/fuzz.sh.
set(fuzz_readers suite contract result journal resume manifest sidecar heartbeat training)

add_library(fuzz_parts STATIC
  "${CMAKE_CURRENT_LIST_DIR}/entry.cpp" "${CMAKE_CURRENT_LIST_DIR}/judging.cpp")
target_link_libraries(fuzz_parts PUBLIC assay::report assay::run)

foreach(reader ${fuzz_readers})
  set(source "${CMAKE_CURRENT_LIST_DIR}/${reader}.cpp")
  add_executable(replay_${reader} "${source}" "${CMAKE_CURRENT_LIST_DIR}/replay.cpp")
  target_link_libraries(replay_${reader} PRIVATE fuzz_parts)
  add_test(NAME fuzz_corpus_${reader}
    COMMAND replay_${reader} "${CMAKE_CURRENT_LIST_DIR}/corpus/${reader}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(fuzz_corpus_${reader} PROPERTIES LABELS unit TIMEOUT 120)
  if(ASSAY_FUZZ)
    add_executable(fuzz_${reader} "${source}")
    target_link_libraries(fuzz_${reader} PRIVATE fuzz_parts)
    target_link_options(fuzz_${reader} PRIVATE -fsanitize=fuzzer)
    list(APPEND fuzz_programs fuzz_${reader})
  endif()
endforeach()

if(ASSAY_FUZZ)
  add_custom_target(fuzz DEPENDS ${fuzz_programs})
endif()
