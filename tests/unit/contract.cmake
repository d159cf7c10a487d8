assay_test(contract_test LABEL unit TIMEOUT 60 SOURCES unit/contract_test.cpp unit/contract_needs_test.cpp LINKS assay::contract)
target_include_directories(contract_test SYSTEM PRIVATE "${ASSAY_VALIJSON_INCLUDE}")
assay_test(judge_test LABEL unit TIMEOUT 60
  SOURCES unit/judge_test.cpp unit/judge_across_test.cpp unit/judge_implicit_test.cpp unit/judge_hosts_test.cpp
  LINKS assay::contract)
target_include_directories(judge_test SYSTEM PRIVATE "${ASSAY_VALIJSON_INCLUDE}")
assay_test(report_test LABEL unit TIMEOUT 60 SOURCES unit/report_test.cpp LINKS assay::report)
