# NCCL: from NCCL_ROOT, beside the CUDA Toolkit, in the system, or inside the Python package that
# PyTorch brings (nvidia/nccl/{include,lib}, where the library has no name but libnccl.so.2).
function(assay_nccl_of_python result)
  set(${result} "" PARENT_SCOPE)
  find_program(python NAMES python3 NO_CACHE)
  if(NOT python)
    return()
  endif()
  execute_process(
    COMMAND "${python}" -c "import importlib.util as u; print(list(u.find_spec('nvidia.nccl').submodule_search_locations)[0])"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(${result} "${folder}" PARENT_SCOPE)
  endif()
endfunction()

function(assay_find_nccl)
  assay_nccl_of_python(of_python)
  find_path(ASSAY_NCCL_INCLUDE nccl.h
    HINTS ${NCCL_ROOT} $ENV{NCCL_ROOT} ${CUDAToolkit_INCLUDE_DIRS} PATHS ${of_python} PATH_SUFFIXES include)
  find_library(ASSAY_NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR
    HINTS ${NCCL_ROOT} $ENV{NCCL_ROOT} ${CUDAToolkit_LIBRARY_DIR} PATHS ${of_python} PATH_SUFFIXES lib lib64)
  if(NOT ASSAY_NCCL_INCLUDE OR NOT ASSAY_NCCL_LIBRARY)
    set(nccl_missing "NCCL was not found: point NCCL_ROOT at the folder of its include and lib" PARENT_SCOPE)
    return()
  endif()
  file(STRINGS "${ASSAY_NCCL_INCLUDE}/nccl.h" lines REGEX "^#define NCCL_(MAJOR|MINOR|PATCH) ")
  string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
  string(REPLACE ";" "." version "${numbers}")
  if(version VERSION_LESS 2.18)
    set(nccl_missing "NCCL ${version} cannot split communicators: 2.18 or newer is needed" PARENT_SCOPE)
    return()
  endif()
  set(nccl_found ON PARENT_SCOPE)
  set(NCCL_SAID "(${version}, ${ASSAY_NCCL_LIBRARY})" PARENT_SCOPE)
endfunction()

set(nccl_found OFF)
set(nccl_missing "NCCL needs CUDA: ${WHY_CUDA}")
if(HAVE_CUDA AND NOT ASSAY_NCCL STREQUAL "OFF")
  assay_find_nccl()
endif()
assay_feature(NCCL "${nccl_found}" "${nccl_missing}")

if(HAVE_NCCL)
  add_library(assay_nccl UNKNOWN IMPORTED)
  add_library(assay::nccl ALIAS assay_nccl)
  set_target_properties(assay_nccl PROPERTIES IMPORTED_LOCATION "${ASSAY_NCCL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ASSAY_NCCL_INCLUDE}")
endif()
