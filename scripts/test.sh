#!/usr/bin/env bash
# Builds assay and runs every test that can run on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: scripts/test.sh [OPTIONS]

Installs what is missing (says what first), builds the ci preset and runs all of its tests, lint
included; then builds assay without MPI, CUDA and NCCL and tries what must work without them.
Tests that cannot run here are listed as skipped, with their reason.

  --label L    only the tests with this ctest label: unit, mpi, lab, gpu, lint,
               and large (2^31 elements and more: 12 GiB of memory, minutes), which never runs
               unless asked for
  --asan       instead: address and undefined-behaviour sanitizers over the unit and mpi tests
  --clang      instead: build and run the unit tests with clang++-16
  --mpich      instead: build with MPICH and run the multi-rank tests under its launcher
  --all        everything: the default, then --asan, then --clang, then --mpich
  --no-setup   install nothing

Examples:
  scripts/test.sh
  scripts/test.sh --label unit
  scripts/test.sh --asan
HELP
}

fail() {
  echo "test: $*" >&2
  exit 64
}

say() { printf '\n== %s\n' "$*"; }

# ctest_in BUILD [ctest options...]: runs the tests of a build folder, then names the skipped ones.
ctest_in() {
  local build=$1 report=tests.xml code=0
  shift
  rm -f "$build/$report"
  ctest --test-dir "$build" --output-on-failure --no-tests=error -j "$((2 * $(nproc)))" \
    --output-junit "$report" "$@" || code=$?
  python3 scripts/list_skipped.py "$build/$report"
  return "$code"
}

# build_in FOLDER TARGET [cmake options...]
build_in() {
  local build=$1 target=$2
  shift 2
  say "$build: configure and build"
  cmake -B "$build" "$@"
  cmake --build "$build" --target "$target" -j "$(nproc)"
}

run_ci() {
  build_in build/ci all --preset ci
  say "build/ci: tests"
  ctest_in build/ci "$@"
}

# `assay judge` and `assay list` are for machines that have no MPI at all. The preset is that of the
# tests, so that ccache has most of it already.
run_judge_only() {
  build_in build/judge-only assay --preset ci -DBUILD_TESTING=OFF -DASSAY_BUILD_MICRO=OFF \
    -DASSAY_MPI=OFF -DASSAY_CUDA=OFF -DASSAY_NCCL=OFF
  say "build/judge-only: without MPI, CUDA and NCCL"
  local assay=build/judge-only/harness/app/assay
  if ldd "$assay" | grep -q libmpi; then
    echo "test: $assay links MPI although ASSAY_MPI=OFF" >&2
    return 1
  fi
  "$assay" list backends
  "$assay" judge --help >/dev/null
}

run_asan() {
  build_in build/asan all --preset asan
  say "build/asan: unit and mpi tests"
  ctest_in build/asan --label-regex '^(unit|mpi)$' "$@"
}

run_clang() {
  build_in build/clang all --preset ci -DCMAKE_CXX_COMPILER=clang++-16
  say "build/clang: unit tests"
  ctest_in build/clang --label-regex '^unit$' "$@"
}

run_mpich() {
  build_in build/mpich all --preset mpich
  say "build/mpich: multi-rank tests"
  ctest_in build/mpich --label-regex '^mpi$' "$@"
}

main() {
  local what=() select=(--label-exclude '^large$') groups=(build test lab) setup=yes
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --label)
        [[ ${2:-} =~ ^[a-z]+$ ]] || fail "--label '${2:-}': must be a ctest label such as unit"
        select=(--label-regex "^$2\$")
        shift
        ;;
      --asan) what+=(asan) ;;
      --clang) what+=(clang) ;;
      --mpich) what+=(mpich) ;;
      --all) what+=(ci judge_only asan clang mpich) ;;
      --no-setup) setup=no ;;
      *) fail "unknown option '$1'; see scripts/test.sh --help" ;;
    esac
    shift
  done
  if [[ ${#what[@]} -eq 0 ]]; then
    what=(ci)
    [[ ${select[0]} == --label-regex ]] || what+=(judge_only)
  fi
  [[ " ${what[*]} " != *" clang "* ]] || groups+=(clang)
  [[ " ${what[*]} " != *" mpich "* ]] || groups+=(mpich)
  [[ $setup == no ]] || scripts/setup.sh "${groups[@]}"
  local one
  for one in "${what[@]}"; do
    "run_$one" "${select[@]}"
  done
  say "all passed: ${what[*]}"
}

main "$@"
