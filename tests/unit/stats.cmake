foreach(name autocorrelation block_test quantile sequential)
  assay_test(stats_${name}_test LABEL unit TIMEOUT 60 SOURCES unit/stats_${name}_test.cpp LINKS assay::stats)
endforeach()
# Replays thousands of generated measurements through the whole decision.
assay_test(verdict_operating_characteristics_test LABEL unit TIMEOUT 120
  SOURCES unit/verdict_operating_characteristics_test.cpp LINKS assay::stats)
