assay_test(inventory_test LABEL unit TIMEOUT 60 SOURCES unit/gpu_readings_test.cpp unit/inventory_test.cpp LINKS assay::run)
