#!/usr/bin/env bash
# What mpirun uses in place of ssh inside a lab (see lab.sh): lab_agent.sh HOST COMMAND...
# Like ssh, joins the command's words with spaces and lets the host's shell read the result.
set -euo pipefail

host=$1
shift
keeper=${ASSAY_LAB_KEEPERS#*"$host="}
if [[ $keeper == "$ASSAY_LAB_KEEPERS" ]]; then
  echo "lab: there is no host '$host'" >&2
  exit 255
fi
export TMPDIR=/dev/shm/tmp
exec nsenter --target "${keeper%% *}" --net --uts --mount -- /bin/sh -c "$*"
