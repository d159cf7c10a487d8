# The CUDA toolkit: enables the language CUDA where its compiler works, and only there.

# CMake 3.25 and 3.26 deprecate a target that CUDA 13 has no more, and stop, for projects that ask for
# CMake 3.25 or newer.
macro(assay_find_cuda_toolkit)
  set(asked_for "${CMAKE_MINIMUM_REQUIRED_VERSION}")
  set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
  find_package(CUDAToolkit ${ARGN})
  set(CMAKE_MINIMUM_REQUIRED_VERSION "${asked_for}")
endmacro()

set(cuda_found OFF)
set(cuda_missing "no CUDA Toolkit was found: point CUDAToolkit_ROOT at one")
if(NOT ASSAY_CUDA STREQUAL "OFF")
  assay_find_cuda_toolkit(QUIET)
endif()
if(CUDAToolkit_FOUND)
  # check_language() hands these on; one host compiler compiles everything.
  if(NOT DEFINED ENV{CUDACXX})
    set(ENV{CUDACXX} "${CUDAToolkit_NVCC_EXECUTABLE}")
  endif()
  if(NOT DEFINED ENV{CUDAHOSTCXX})
    set(ENV{CUDAHOSTCXX} "${CMAKE_CXX_COMPILER}")
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(CUDAToolkit_VERSION VERSION_LESS 12.0)
    set(cuda_missing "CUDA Toolkit ${CUDAToolkit_VERSION} has no C++20: 12.0 or newer is needed")
  elseif(NOT TARGET CUDA::cublasLt)
    set(cuda_missing "CUDA Toolkit ${CUDAToolkit_VERSION} has no cuBLASLt: install its package libcublas-dev")
  elseif(CMAKE_CUDA_COMPILER)
    set(cuda_found ON)
  else()
    set(cuda_missing "$ENV{CUDACXX} does not work with $ENV{CUDAHOSTCXX}: set CUDACXX, \
or CUDAHOSTCXX to a compiler that it knows")
  endif()
endif()
assay_feature(CUDA "${cuda_found}" "${cuda_missing}")

if(HAVE_CUDA)
  # Code for A100, H100 and H200, B200, and PTX of the newest for what comes after.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    if(CUDAToolkit_VERSION VERSION_LESS 12.8)  # knows no B200
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
    else()
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100)
    endif()
  endif()
  enable_language(CUDA)
  assay_find_cuda_toolkit(REQUIRED)  # again: it knows the compiler now
  # CUDA sources take the standard of CMAKE_CXX_STANDARD, but CMake 3.25 does not know that nvcc does.
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  endif()
  if(ASSAY_CCACHE)
    set(CMAKE_CUDA_COMPILER_LAUNCHER "${ASSAY_CCACHE}")
  endif()
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
  set(CUDA_SAID "(${CUDAToolkit_VERSION}, sm ${architectures})")
endif()
