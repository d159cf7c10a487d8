#!/usr/bin/env bash
# Feeds the readers of assay arbitrary input (libFuzzer, tests/fuzz), one reader after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly build=build/fuzz
readonly committed=tests/fuzz/corpus
readonly work=$build/corpus findings=$build/findings logs=$build/logs

scratch=$(mktemp -d)  # the folders that readers read from
trap 'rm -rf -- "$scratch"' EXIT

usage() {
  cat <<'HELP'
Usage: scripts/fuzz.sh [OPTIONS] [READER...]

Builds the preset "fuzz" (clang++-16: scripts/setup.sh clang) and runs one libFuzzer program after
the other, at the lowest priority; without READER all of them. Inputs that add coverage are kept in
build/fuzz/corpus, inputs that break a reader in build/fuzz/findings. Prints a table at the end;
exit 1 where there were findings.

Readers: suite, contract, result, journal, resume, manifest, sidecar, heartbeat,
         training

  --minutes N   minutes per reader (default 1)
  --runs N      instead: inputs per reader
  --minimise    instead: replace the committed corpus by the smallest inputs found since that
                together reach all that is reached; at most 64 KiB per reader

Examples:
  scripts/fuzz.sh                              # a minute each
  scripts/fuzz.sh --minutes 60 result journal
  scripts/fuzz.sh --runs 10000000 heartbeat
  build/fuzz/tests/fuzz_suite build/fuzz/findings/suite-crash-0123   # one input again
HELP
}

fail() {
  echo "fuzz: $*" >&2
  exit 64
}

build_programs() {
  command -v clang++-16 >/dev/null ||
    fail "clang++-16 is not installed: run scripts/setup.sh build test clang"
  cmake --preset fuzz >"$logs/configure.log" || fail "cannot configure: see $logs/configure.log"
  cmake --build --preset fuzz -j "$(nproc)"
  cmake -DOUTPUT="$PWD/$build/assay.dict" -P tests/fuzz/dictionary.cmake
}

# fuzz_one READER LIMIT: 0 unless something was found.
fuzz_one() {
  local reader=$1 limit=$2
  mkdir -p "$work/$reader"
  # Short stacks, a small quarantine and no entropic schedule: a third more inputs per second.
  ASAN_OPTIONS=malloc_context_size=3:quarantine_size_mb=16 \
    TMPDIR=$scratch nice -n 19 "$build/tests/fuzz_$reader" "$limit" -entropic=0 \
    -dict="$build/assay.dict" -timeout=25 -rss_limit_mb=1024 -malloc_limit_mb=256 \
    -print_final_stats=1 -artifact_prefix="$findings/$reader-" \
    "$work/$reader" "$committed/$reader" >"$logs/$reader.log" 2>&1
}

# The value of statistic $2 in the log of reader $1.
statistic() { awk -v key="stat::$2:" '$1 == key { print $2 }' "$logs/$1.log"; }

# row READER SECONDS
row() {
  local corpus found
  corpus=$(find "$work/$1" -type f | wc -l)
  found=$(find "$findings" -type f -name "$1-*" | wc -l)
  printf '%-10s %12s %9s %8s %9s\n' "$1" "$(statistic "$1" number_of_executed_units)" "$2" \
    "$corpus" "$found"
}

fuzz_all() {
  local limit=$1 table='' reader started code=0
  shift
  for reader in "$@"; do
    started=$SECONDS
    echo "fuzz: $reader ($logs/$reader.log)"
    fuzz_one "$reader" "$limit" || code=1
    table+=$(row "$reader" $((SECONDS - started)))$'\n'
  done
  printf '\n%-10s %12s %9s %8s %9s\n%s' reader inputs seconds corpus findings "$table"
  [[ $code -eq 0 ]] || echo "findings are in $findings, what they broke in $logs"
  return "$code"
}

# The smallest inputs first, as long as there is room.
keep_small() {
  local room=$((64 * 1024)) size file
  while read -r size file; do
    ((room -= size)) || true
    [[ $room -gt 0 ]] || rm -- "$file"
  done < <(find "$1" -type f -printf '%s %p\n' | sort -n)
}

minimise() {
  local reader smallest
  for reader in "$@"; do
    smallest=$scratch/smallest-$reader
    mkdir "$smallest"
    TMPDIR=$scratch nice -n 19 "$build/tests/fuzz_$reader" -set_cover_merge=1 "$smallest" \
      "$committed/$reader" "$work/$reader" >"$logs/$reader.log" 2>&1 ||
      fail "cannot merge: see $logs/$reader.log"
    keep_small "$smallest"
    find "$committed/$reader" -type f ! -name 'seed-*' ! -name 'found-*' -delete
    cp -- "$smallest"/* "$committed/$reader/"
    du -sh --apparent-size "$committed/$reader"
  done
}

main() {
  local action=fuzz_all limit=-max_total_time=60 readers=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --minutes | --runs)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 '${2:-}': must be a whole number above 0"
        limit=-runs=$2
        [[ $1 == --runs ]] || limit=-max_total_time=$(($2 * 60))
        shift
        ;;
      --minimise) action=minimise ;;
      -*) fail "unknown option '$1'; see scripts/fuzz.sh --help" ;;
      *)
        [[ -d $committed/$1 ]] || fail "'$1' is no reader; see scripts/fuzz.sh --help"
        readers+=("$1")
        ;;
    esac
    shift
  done
  [[ ${#readers[@]} -gt 0 ]] || mapfile -t readers < <(ls "$committed")
  mkdir -p "$work" "$findings" "$logs"
  build_programs
  case $action in
    minimise) minimise "${readers[@]}" ;;
    *) fuzz_all "$limit" "${readers[@]}" ;;
  esac
}

main "$@"
