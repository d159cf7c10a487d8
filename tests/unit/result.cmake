add_library(assay_test_documents STATIC "${PROJECT_SOURCE_DIR}/benchmarks/micro/generate_document.cpp" unit/result_fixture.cpp)
target_link_libraries(assay_test_documents PUBLIC assay::result)
foreach(name roundtrip integrity journal resume writer figures schema)
  assay_test(result_${name}_test LABEL unit TIMEOUT 60
    SOURCES unit/result_${name}_test.cpp LINKS assay_test_documents)
endforeach()
