#!/usr/bin/env bash
# Installs what assay needs from the system's packages (Debian, Ubuntu).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly list=scripts/packages.txt

usage() {
  cat <<'HELP'
Usage: scripts/setup.sh GROUP...

Installs the packages of the named groups of scripts/packages.txt that are missing, as root or
with sudo, after saying which. Does nothing, and needs neither network nor root, when none is.

Groups: build, test, lab, mpich, clang
HELP
}

# The packages of group $1, one per line.
packages_of() {
  awk -v group="$1" '
    /^# group:/ { inside = ($3 == group); next }
    /^#/ || NF == 0 { next }
    inside { print $1 }' "$list"
}

fail() {
  echo "setup: $*" >&2
  exit 1
}

# Those of the packages $@ that are not installed, one per line.
missing_of() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    awk '$1 == "installed" { print $2 }' || true)
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

install() {
  local become=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null ||
      fail "you are not root and there is no sudo: ask an administrator to install: $*"
    become=(sudo)
  fi
  echo "setup: will install with apt-get${become[0]:+ (through sudo)}: $*"
  "${become[@]}" apt-get update -q ||
    echo "setup: apt-get update failed; trying with the package lists that are here" >&2
  "${become[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@" ||
    fail "apt-get could not install all of: $*; see its message above"
}

main() {
  [[ ${1:-} != --help && ${1:-} != -h ]] || { usage; exit 0; }
  [[ $# -gt 0 ]] || { usage >&2; exit 64; }
  local group wanted=() missing=() of_group=()
  for group in "$@"; do
    mapfile -t of_group < <(packages_of "$group")
    [[ ${#of_group[@]} -gt 0 ]] || fail "no group named '$group' in $list"
    wanted+=("${of_group[@]}")
  done
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "there is no apt-get here: install the counterparts of the packages in $list," \
      "then run this again with --no-setup"
  fi
  mapfile -t missing < <(missing_of "${wanted[@]}")
  [[ ${#missing[@]} -eq 0 ]] || install "${missing[@]}"
}

main "$@"
