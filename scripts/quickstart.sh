#!/usr/bin/env bash
# From a fresh machine to a verdict: installs, builds, measures here, prints the verdict.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: scripts/quickstart.sh [--ranks N] [--no-setup]

Installs what is missing (says what first), builds the release preset, measures this machine
against configs/contracts/quickstart.json with mpirun, and prints the verdict. The evidence stays
in results/quickstart (results/quickstart-2, -3, ... when that exists: nothing is overwritten).

  --ranks N    MPI ranks; default: one per core, at least 2, at most 8
  --no-setup   install nothing

Exits with assay's code: 0 pass, 10 fail, 11 undecided, 12 incomplete, 64 bad usage.

Examples:
  scripts/quickstart.sh
  scripts/quickstart.sh --ranks 4
HELP
}

fail() {
  echo "quickstart: $*" >&2
  exit 64
}

# Cores that this process may use: physical ones, within its affinity and its cgroup's quota.
cores() {
  local count physical quota period
  count=$(nproc)
  physical=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l) || physical=0
  ((physical == 0 || physical >= count)) || count=$physical
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [[ $quota != max ]]; then
    quota=$((quota / period > 0 ? quota / period : 1))
    ((quota >= count)) || count=$quota
  fi
  echo "$count"
}

# The first of results/quickstart, results/quickstart-2, ... that does not exist.
new_folder() {
  local folder=results/quickstart number=1
  while [[ -e $folder ]]; do
    number=$((number + 1))
    folder=results/quickstart-$number
  done
  echo "$folder"
}

build() {
  cmake --preset release
  cmake --build --preset release -j "$(nproc)"
}

measure() {
  local ranks=$1 available out placement=(--bind-to core)
  available=$(cores)
  if ((ranks > available)); then
    placement=(--oversubscribe --bind-to none)
    echo "quickstart: $ranks ranks on $available core(s): the figures will show function, not speed"
  fi
  out=$(new_folder)
  [[ $out == results/quickstart ]] ||
    echo "quickstart: results/quickstart is there from an earlier run; writing to $out"
  if [[ $(id -u) -eq 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  local command=(mpirun "${placement[@]}" -n "$ranks" build/release/harness/app/assay run
    --contract configs/contracts/quickstart.json --out "$out")
  echo "quickstart: ${command[*]}"
  local code=0
  "${command[@]}" || code=$?
  [[ ! -d $out ]] || echo "quickstart: the evidence is in $out"
  return "$code"
}

main() {
  local ranks="" setup=yes
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --ranks)
        [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] ||
          fail "--ranks '${2:-}': must be a whole number of at least 1"
        ranks=$2
        shift
        ;;
      --no-setup) setup=no ;;
      *) fail "unknown option '$1'; see scripts/quickstart.sh --help" ;;
    esac
    shift
  done
  [[ $setup == no ]] || scripts/setup.sh build
  if [[ -z $ranks ]]; then
    ranks=$(cores)
    ((ranks <= 8)) || ranks=8
    ((ranks >= 2)) || ranks=2
  fi
  build
  measure "$ranks"
}

main "$@"
