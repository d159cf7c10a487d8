assay_test(bench_test LABEL unit TIMEOUT 60
  SOURCES unit/buffer_kinds_test.cpp unit/buffer_ring_test.cpp unit/collective_shape_test.cpp
          unit/footprint_test.cpp unit/gemm_data_test.cpp unit/local_benchmarks_test.cpp
  LINKS assay::benchmarks)
assay_test(suite_files_test LABEL unit TIMEOUT 60
  SOURCES unit/suite_files_test.cpp
  LINKS assay::result assay::benchmarks)
assay_test(composed_test LABEL unit TIMEOUT 60
  SOURCES unit/composed_test.cpp unit/counting_new.cpp
  LINKS assay::bench)
assay_test(step_executor_test LABEL unit TIMEOUT 60
  SOURCES unit/step_executor_test.cpp unit/step_queue_test.cpp unit/step_tiles_test.cpp unit/counting_new.cpp
  LINKS assay::bench)
assay_test(run_test LABEL unit TIMEOUT 60
  SOURCES unit/counting_new.cpp unit/packer_test.cpp unit/runner_test.cpp unit/stopping_test.cpp
          unit/timing_test.cpp
  LINKS assay::run assay::benchmarks)
assay_test(overlap_test LABEL unit TIMEOUT 60
  SOURCES unit/overlap_test.cpp
  LINKS assay::run assay::benchmarks)
assay_test(app_test LABEL unit TIMEOUT 60
  SOURCES unit/launcher_test.cpp unit/options_test.cpp unit/requests_test.cpp
          unit/resuming_test.cpp
  LINKS assay::app)
assay_test(common_clock_test LABEL unit TIMEOUT 60
  SOURCES unit/arrival_test.cpp unit/clock_model_test.cpp unit/joined_test.cpp
          unit/round_time_test.cpp
  LINKS assay::run)
