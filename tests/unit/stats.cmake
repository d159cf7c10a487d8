foreach(name autocorrelation block_test quantile ratio sequential straggler)
  assay_test(stats_${name}_test LABEL unit TIMEOUT 60 SOURCES unit/stats_${name}_test.cpp LINKS assay::stats)
endforeach()
# Replay thousands of generated measurements through the whole decision.
foreach(name ratio verdict)
  assay_test(${name}_operating_characteristics_test LABEL unit TIMEOUT 120
    SOURCES unit/${name}_operating_characteristics_test.cpp LINKS assay::stats LONG_LOOPS)
endforeach()
