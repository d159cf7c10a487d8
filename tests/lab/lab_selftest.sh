#!/usr/bin/env bash
# The lab itself: hosts have their own names and folders, exit codes come through, and nothing is
# left behind, however a lab ends. Skipped (77) where no hosts can be made.
# shellcheck disable=SC2016 # what is quoted is for the hosts' shells
set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts" && pwd)/lab.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "lab_selftest: $*" >&2
  exit 1
}

# expect_code CODE COMMAND...: output goes to $work.out and $work.err.
expect_code() {
  local expected=$1 code=0
  shift
  "$@" >out 2>err || code=$?
  [[ $code -eq $expected ]] || fail "$*: exit code $code instead of $expected: $(cat out err)"
}

expect_output() {
  [[ $(sort out) == "$1" ]] || fail "expected '$1', got '$(sort out)': $(cat err)"
}

ranks_have_their_hosts_names() {
  expect_code 0 "$lab" -- hostname
  expect_output $'n0\nn0\nn1\nn1'
  expect_code 0 "$lab" --hosts 3 --ranks-per-host 1 -- hostname
  expect_output $'n0\nn1\nn2'
}

exit_code_comes_through() {
  expect_code 10 "$lab" -- bash -c 'exit 10'
}

arguments_arrive_unchanged() {
  expect_code 0 "$lab" --hosts 2 --ranks-per-host 1 -- printf '%s|' "a b" "it's" '$HOME;' '"'
  expect_output "a b|it's|\$HOME;|\"|a b|it's|\$HOME;|\"|"
}

links_are_shaped() {
  expect_code 0 "$lab" --ranks-per-host 1 --slow-link n1=200mbit -- \
    bash -c 'echo "$(hostname) $(tc qdisc show dev eth0 | grep -o "rate [^ ]*")"'
  expect_output $'n0 rate 400Mbit\nn1 rate 200Mbit'
}

folder_is_not_shared() {
  mkdir shared
  cd shared
  printf '#!/bin/sh\necho "$(hostname) $(ls | tr "\\n" " ")"\ntouch "left-$(hostname)"\n' >program
  chmod +x program
  echo secret >config
  expect_code 0 "$lab" --no-shared-folder --ranks-per-host 1 -- ./program
  expect_output $'n0 config err out program \nn1 program '
  [[ -e left-n0 && ! -e left-n1 ]] || fail "a file of n1 is in the folder of n0: $(ls)"
  [[ $(cat config) == secret ]] || fail "the folder changed"
  cd ..
}

# PIDs of the processes whose command line is exactly $1.
running() { pgrep -x -f "$1" || true; }

# nothing_left NAMESPACES: no process holds any of these any more.
nothing_left() {
  local tries holders
  for ((tries = 0; tries < 100; tries++)); do
    holders=$(find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' -printf '%l\n' 2>/dev/null |
      grep -F -x -c "$1" || true)
    [[ $holders -gt 0 ]] || return 0
    sleep 0.1
  done
  fail "$holders processes still hold namespaces of the lab"
}

nothing_is_left_after() {
  local signal=$1 marker="sleep 1000.$BASHPID$RANDOM" pids tries namespaces process
  "$lab" -- sleep "${marker#sleep }" >out 2>err &
  process=$!
  for ((tries = 0; tries < 200; tries++)); do
    mapfile -t pids < <(running "$marker")
    [[ ${#pids[@]} -lt 4 ]] || break
    sleep 0.1
  done
  [[ ${#pids[@]} -eq 4 ]] || fail "${#pids[@]} of 4 ranks came up: $(cat err)"
  namespaces=$(for pid in "${pids[@]}"; do readlink "/proc/$pid/ns/net"; done | sort -u)
  [[ $(wc -l <<<"$namespaces") -eq 2 ]] || fail "not two networks: $namespaces"
  sleep 1  # a signal while mpirun still launches makes it wait for its daemons
  kill "-$signal" "$process"
  local code=0
  wait "$process" 2>/dev/null || code=$?
  [[ $code -ne 0 ]] || fail "exit code 0 after SIG$signal"
  nothing_left "$namespaces"
  [[ -z $(running "$marker") ]] || fail "ranks are left after SIG$signal"
}

usage_errors() {
  expect_code 64 "$lab" --hosts 0 -- hostname
  expect_code 64 "$lab" --slow-link n2=1mbit -- hostname
  expect_code 64 "$lab" --rate fast -- hostname
  expect_code 64 "$lab" --hosts 2
  expect_code 64 "$lab" -- no-such-program-here
}

"$lab" --check || exit $?
ranks_have_their_hosts_names
exit_code_comes_through
arguments_arrive_unchanged
links_are_shaped
folder_is_not_shared
nothing_is_left_after TERM
nothing_is_left_after KILL
usage_errors
echo "lab_selftest: all passed"
