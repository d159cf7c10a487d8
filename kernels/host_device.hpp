// Marks what both the host and a GPU run. Only nvcc knows these words, and knows nothing without.
#pragma once

#ifdef __CUDACC__
#define ASSAY_HOST_DEVICE __host__ __device__
#else
#define ASSAY_HOST_DEVICE
#endif
