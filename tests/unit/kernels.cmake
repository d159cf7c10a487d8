assay_test(pattern_test LABEL unit TIMEOUT 60 SOURCES unit/pattern_test.cpp LINKS assay::kernels)
assay_test(kernels_test LABEL unit TIMEOUT 60 SOURCES unit/kernels_test.cpp LINKS assay::kernels)
assay_test(reduce_test LABEL unit TIMEOUT 60 SOURCES unit/reduce_test.cpp LINKS assay::kernels)
assay_test(device_test LABEL unit TIMEOUT 60 SOURCES unit/device_test.cpp LINKS assay::device)
