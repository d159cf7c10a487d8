#!/bin/sh
# own_host.sh COMMAND...: one rank of several that have one GPU. NCCL refuses two ranks on a GPU of one
# host, so that each is a host of its own here, and they talk over the loop-back. Function, never speed.
nvidia-smi -L 2>/dev/null | grep -q '^GPU' || {
  echo "skipped: nvidia-smi lists no GPU here"
  exit 77
}
NCCL_HOSTID="rank-${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}"
NCCL_SOCKET_IFNAME=lo
export NCCL_HOSTID NCCL_SOCKET_IFNAME
exec "$@"
