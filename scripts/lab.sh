#!/usr/bin/env bash
# Several "hosts" on this machine: makes them, runs a command on all of them with mpirun, and
# leaves nothing behind.
#
# Every host is a network, UTS and mount namespace of its own, joined by a bridge that stands in a
# further namespace. All of it lives in one PID namespace that the kernel empties when this script
# ends, however it ends (also by SIGKILL), so there is nothing to clean up by hand, nothing of this
# machine's network is touched, and any number of labs can run at once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

usage() {
  cat <<'HELP'
Usage: scripts/lab.sh [OPTIONS] -- COMMAND [ARGUMENTS...]
       scripts/lab.sh --check

Makes hosts n0, n1, ... of namespaces on this machine and runs COMMAND on each rank of
"mpirun -n HOSTS*RANKS" across them, over TCP between hosts and shared memory within one.
mpirun runs on n0. Exits with mpirun's code. SIGINT and SIGTERM are passed on to mpirun.

  --hosts N              how many hosts; default 2, at most 200
  --ranks-per-host N     default 2
  --rate RATE            every link in both directions, as tc writes it; default 400mbit, so that
                         links are slower than the CPUs that serve all hosts; "none": unshaped
  --slow-link HOST=RATE  the link of one host; repeatable
  --no-shared-folder     hide the current folder from all hosts but n0 (an empty folder is there
                         instead); COMMAND's program itself stays reachable
  --hide FOLDER          hide this folder likewise; repeatable
  --expose PATH          keep this file or folder reachable (read-only) inside hidden ones;
                         repeatable
  --mpirun ARGUMENT      one more argument for mpirun; repeatable
  --check                say whether hosts can be made here; exit 0, or 77 if not

Works as root, and otherwise where the system allows user namespaces. Without either it says so
and exits 77, which ctest counts as skipped; 64 is a usage error.

Examples:
  scripts/lab.sh -- hostname
  scripts/lab.sh --hosts 4 --ranks-per-host 1 -- build/release/harness/app/assay run all_reduce
  scripts/lab.sh --no-shared-folder --slow-link n1=200mbit -- \
    build/release/harness/app/assay run --contract lease.json --out results/lab
  scripts/lab.sh --mpirun --timeout --mpirun 60 -- hostname
HELP
}

fail() {
  echo "lab: $*" >&2
  exit 64
}

skip() {
  echo "lab: no hosts can be made here: $*" >&2
  exit 77
}

# How to start the lab's own PID namespace: everything in it dies with this script.
enclosure() {
  # Bash starts background commands with SIGINT ignored.
  local own=(env --default-signal=INT setpriv --pdeathsig KILL setsid unshare)
  [[ $(id -u) -eq 0 ]] || own+=(--user --map-root-user)
  own+=(--pid --fork --kill-child --mount --mount-proc --uts --ipc --net)
  printf '%s\n' "${own[@]}"
}

# Exits 77 with a sentence unless namespaces, veth, bridge and tbf work here.
require_namespaces() {
  local tool said
  for tool in ip tc unshare nsenter setpriv setsid mpirun; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
  done
  # shellcheck disable=SC2016 # expanded by the inner shell
  said=$("${enclose[@]}" -- /bin/sh -ec '
    ip link add sw type bridge
    ip link add p0 type veth peer name p1
    tc qdisc add dev p0 root tbf rate 1mbit burst 256kb latency 50ms
    mount -t tmpfs tmpfs /dev/shm' 2>&1) || skip "${said//$'\n'/; }"
}

# The checks take the option's name first, for the sentence.
check_host() {
  [[ $2 =~ ^n(0|[1-9][0-9]{0,3})$ && ${2#n} -lt $hosts ]] ||
    fail "$1: there is no host '$2' among n0 to n$((hosts - 1))"
}

check_rate() {
  [[ $2 =~ ^[0-9]+(\.[0-9]+)?[kmg]?bit$ ]] ||
    fail "$1 '$2': the rate must be a number with bit, kbit, mbit or gbit, such as 400mbit"
}

check_count() {
  [[ $2 =~ ^[1-9][0-9]{0,3}$ && $2 -le $3 ]] ||
    fail "$1 '$2': must be a whole number from 1 to $3"
}

# Starts the lab, passes signals on, and returns mpirun's exit code.
supervise() {
  ASSAY_LAB_INSIDE=1 "${enclose[@]}" -- "$here/lab.sh" "$@" </dev/null &
  local lab=$! code signalled
  # The lab leads its own process group: mpirun gets the signal once, from here. A guard in there
  # sees to it that the end comes within a bounded time.
  trap 'signalled=yes; kill -TERM -- "-$lab" 2>/dev/null' TERM
  trap 'signalled=yes; kill -INT -- "-$lab" 2>/dev/null' INT
  while true; do
    signalled=no code=0
    wait "$lab" || code=$?
    # A trap cuts `wait` short; waiting again, even for what has ended, gives the real code.
    [[ $signalled == yes ]] || return "$code"
  done
}

parse() {
  hosts=2 ranks=2 rate=400mbit check=no slow=() hide=() expose=() mpirun_arguments=() command=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --check) check=yes ;;
      --no-shared-folder) hide+=("$PWD") ;;
      --) command=("${@:2}"); break ;;
      --hosts | --ranks-per-host | --rate | --slow-link | --hide | --expose | --mpirun)
        [[ $# -ge 2 && -n $2 ]] || fail "$1 needs a value; see scripts/lab.sh --help"
        case $1 in
          --hosts) hosts=$2 ;;
          --ranks-per-host) ranks=$2 ;;
          --rate) rate=$2 ;;
          --slow-link) slow+=("$2") ;;
          --hide) hide+=("$2") ;;
          --expose) expose+=("$2") ;;
          --mpirun) mpirun_arguments+=("$2") ;;
        esac
        shift
        ;;
      *) fail "unknown option '$1' (COMMAND comes after --); see scripts/lab.sh --help" ;;
    esac
    shift
  done
}

validate() {
  local one program
  check_count --hosts "$hosts" 200
  check_count --ranks-per-host "$ranks" 1024
  [[ $rate == none ]] || check_rate --rate "$rate"
  for one in "${slow[@]}"; do
    check_host --slow-link "${one%%=*}"
    check_rate --slow-link "${one#*=}"
  done
  for one in "${hide[@]}"; do
    [[ -d $one && $(realpath "$one") != / ]] || fail "--hide '$one': must be a folder other than /"
  done
  for one in "${expose[@]}"; do
    [[ -e $one ]] || fail "--expose '$one': does not exist"
  done
  [[ ${#command[@]} -gt 0 ]] || fail "no COMMAND after --; see scripts/lab.sh --help"
  program=$(type -P "${command[0]}") || fail "COMMAND '${command[0]}': no such program"
  # A program inside a hidden folder must still start everywhere; the same path for all ranks.
  [[ $program != */* ]] || program=$(realpath "$program")
  expose+=("$program")
}

main() {
  parse "$@"
  if [[ -n ${ASSAY_LAB_INSIDE:-} ]]; then
    validate
    # shellcheck source=scripts/lab_hosts.sh
    source "$here/lab_hosts.sh"
    run_across_hosts
    return
  fi
  mapfile -t enclose < <(enclosure)
  if [[ $check == yes ]]; then
    require_namespaces
    echo "lab: hosts can be made here"
    return
  fi
  validate
  require_namespaces
  supervise "$@"
}

export PATH=$PATH:/usr/sbin:/sbin
main "$@"
