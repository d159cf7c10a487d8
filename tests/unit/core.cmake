assay_test(core_test LABEL unit TIMEOUT 60
  SOURCES unit/units_test.cpp unit/rank_set_test.cpp unit/topology_test.cpp unit/case_test.cpp
          unit/inputs_test.cpp unit/number_table_test.cpp unit/printable_test.cpp unit/traffic_matrix_test.cpp
  LINKS assay::core)
assay_test(schedule_test LABEL unit TIMEOUT 120
  SOURCES unit/algorithms_test.cpp unit/layouts_test.cpp unit/permutation_test.cpp unit/routing_test.cpp
          unit/schedule_model.cpp unit/schedule_test.cpp unit/step_test.cpp unit/step_timeline_test.cpp unit/training_pipeline_test.cpp
  LINKS assay::schedule)
assay_test(plan_test LABEL unit TIMEOUT 60
  SOURCES unit/json_reader_test.cpp unit/layout_json_test.cpp unit/suite_test.cpp unit/plan_test.cpp
          unit/beside_test.cpp
  LINKS assay::plan)
assay_test(training_plan_test LABEL unit TIMEOUT 60
  SOURCES unit/training_figures_test.cpp unit/training_inputs_test.cpp unit/training_json_test.cpp unit/training_schema_test.cpp
          unit/training_volumes_test.cpp
  LINKS assay::plan assay::result)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME check_layers
  COMMAND "${Python3_EXECUTABLE}" scripts/check_layers.py WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
add_test(NAME check_layers_test
  COMMAND "${Python3_EXECUTABLE}" tests/unit/check_layers_test.py
  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
set_tests_properties(check_layers check_layers_test PROPERTIES LABELS lint TIMEOUT 60)
