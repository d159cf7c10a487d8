assay_test(inventory_test LABEL unit TIMEOUT 60 SOURCES unit/inventory_test.cpp LINKS assay::run)
