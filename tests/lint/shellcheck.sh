#!/usr/bin/env bash
# Holds every shell script to shellcheck; skipped (77) where it is not installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is not installed"
  exit 77
fi
mapfile -t scripts < <(find .ci scripts tests -type f \( -name '*.sh' -o -path .ci/run \) | sort)
shellcheck --external-sources "${scripts[@]}"
echo "${#scripts[@]} shell scripts are clean"
