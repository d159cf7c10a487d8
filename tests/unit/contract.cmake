assay_test(contract_test LABEL unit TIMEOUT 60 SOURCES unit/contract_test.cpp unit/contract_needs_test.cpp LINKS assay::contract)
assay_test(judge_test LABEL unit TIMEOUT 60
  SOURCES unit/judge_test.cpp unit/judge_across_test.cpp unit/judge_implicit_test.cpp unit/judge_hosts_test.cpp
          unit/judge_readings_test.cpp unit/gpu_presets_test.cpp
  LINKS assay::contract)
assay_test(compare_test LABEL unit TIMEOUT 60 SOURCES unit/compare_test.cpp LINKS assay::contract)
assay_test(report_test LABEL unit TIMEOUT 60 SOURCES unit/chrome_trace_test.cpp unit/report_test.cpp unit/step_text_test.cpp LINKS assay::report)

# The committed sample: its verdict comes out of its files bit for bit.
add_test(NAME sample_verdict_is_reproduced
  COMMAND assay judge "${PROJECT_SOURCE_DIR}/results/samples/quickstart")
set_tests_properties(sample_verdict_is_reproduced PROPERTIES LABELS unit TIMEOUT 30
  PASS_REGULAR_EXPRESSION "reproduced bit for bit")
