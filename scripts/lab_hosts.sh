# The inside of a lab: sourced by lab.sh once it is PID 1 of the lab's own PID namespace. Uses the
# variables that lab.sh's parse() sets. Bash.
# shellcheck shell=bash disable=SC2154

readonly subnet=10.77.0
readonly grace_s=15  # what mpirun gets between SIGTERM or SIGINT and the end of everything
keepers=()           # per host, the process that holds its namespaces

# Runs a command in host $1.
on_host() {
  local number=$1
  shift
  nsenter --target "${keepers[number]}" --net --uts --mount -- "$@"
}

# Waits until process $1 has become `sleep`: its namespaces are made by then.
await_keeper() {
  local tries
  for ((tries = 0; tries < 500; tries++)); do
    [[ $(cat "/proc/$1/comm" 2>/dev/null) != sleep ]] || return 0
    sleep 0.01
  done
  echo "lab: a host did not come up within 5 s" >&2
  return 70
}

# Signals for the process group are meant for mpirun: keepers ignore them.
make_keeper() {
  (
    trap '' INT TERM
    exec unshare "$@" sleep infinity
  ) &
  keeper=$!
  disown "$keeper"
  await_keeper "$keeper"
}

make_switch() {
  make_keeper --net
  switch=$keeper
  at_switch ip link add sw type bridge
  at_switch ip link set sw up
}

at_switch() { nsenter --target "$switch" --net -- "$@"; }

make_host() {
  local number=$1
  make_keeper --net --uts --mount
  keepers+=("$keeper")
  at_switch ip link add "p$number" type veth peer name eth0 netns "$keeper"
  at_switch ip link set "p$number" master sw up
  on_host "$number" hostname "n$number"
  on_host "$number" ip link set lo up
  on_host "$number" ip address add "$subnet.$((number + 1))/24" dev eth0
  on_host "$number" ip link set eth0 up
  on_host "$number" mount --bind "$names" /etc/hosts
  # Shared memory and temporary files belong to a host too.
  on_host "$number" mount -t tmpfs tmpfs /dev/shm
  on_host "$number" mkdir -m 1777 /dev/shm/tmp
}

# The rate of the link of host $1.
rate_of() {
  local one found=$rate
  for one in "${slow[@]}"; do
    [[ ${one%%=*} != "n$1" ]] || found=${one#*=}
  done
  echo "$found"
}

# Shapes what the host sends on its side of the link, and what it receives on the bridge's.
shape_link() {
  local number=$1 speed
  speed=$(rate_of "$number")
  [[ $speed != none ]] || return 0
  local discipline=(root tbf rate "$speed" burst 256kb latency 50ms)
  on_host "$number" tc qdisc add dev eth0 "${discipline[@]}"
  at_switch tc qdisc add dev "p$number" "${discipline[@]}"
}

# Replaces the hidden folders of a host by empty ones, with the exposed paths bound back in.
# Runs inside the host: its arguments are the number of hidden folders, these, and exposed paths.
# shellcheck disable=SC2016 # expanded by the shell in the host
readonly hide_script='
count=$1; shift
hidden=("${@:1:count}"); exposed=("${@:count+1}")
stage=/dev/shm/exposed
for ((i = 0; i < ${#exposed[@]}; i++)); do
  if [[ -d ${exposed[i]} ]]; then mkdir -p "$stage/$i"; else mkdir -p "$stage"; : >"$stage/$i"; fi
  mount --bind "${exposed[i]}" "$stage/$i"
done
for folder in "${hidden[@]}"; do mount -t tmpfs tmpfs "$folder"; done
for ((i = 0; i < ${#exposed[@]}; i++)); do
  path=${exposed[i]}
  if [[ ! -e $path ]]; then
    mkdir -p "$(dirname "$path")"
    if [[ -d $stage/$i ]]; then mkdir "$path"; else : >"$path"; fi
    mount --bind "$stage/$i" "$path"
    mount -o remount,bind,ro "$path"
  fi
  umount "$stage/$i"
done'

hide_folders() {
  local number=$1 one paths=()
  for one in "${hide[@]}"; do paths+=("$(realpath "$one")"); done
  local count=${#paths[@]}
  for one in "${expose[@]}"; do paths+=("$(realpath "$one")"); done
  on_host "$number" bash -euc "$hide_script" hide "$count" "${paths[@]}"
}

write_names() {
  local number
  names=$(mktemp /dev/shm/hosts.XXXXXX)
  echo "127.0.0.1 localhost" >"$names"
  for ((number = 0; number < hosts; number++)); do
    echo "$subnet.$((number + 1)) n$number" >>"$names"
  done
}

make_hosts() {
  local number
  mount -t tmpfs tmpfs /dev/shm
  write_names
  make_switch
  for ((number = 0; number < hosts; number++)); do
    make_host "$number"
    shape_link "$number"
    [[ $number -eq 0 || ${#hide[@]} -eq 0 ]] || hide_folders "$number"
  done
}

# Everything mpirun is told about the lab.
mpirun_command() {
  local number slots=""
  for ((number = 0; number < hosts; number++)); do slots+=${slots:+,}n$number:$ranks; done
  printf '%s\0' mpirun --mca plm_rsh_agent "$here/lab_agent.sh" --mca plm_rsh_no_tree_spawn 1 \
    --host "$slots" --mca oob_tcp_if_include "$subnet.0/24" \
    --mca btl_tcp_if_include "$subnet.0/24" --mca btl self,vader,tcp --mca pml ob1 \
    --mca mpi_yield_when_idle 1 --bind-to none "${mpirun_arguments[@]}" -n $((hosts * ranks)) \
    "${command[@]}"
}

# After a signal for the group mpirun ends by itself, or everything but PID 1 is ended.
# shellcheck disable=SC2016 # expanded by the inner shell
readonly guard_script='
trap "sleep $1
      echo \"lab: mpirun did not end within $1 s of the signal; ending all hosts\" >&2
      kill -KILL -1" TERM INT
while true; do sleep infinity & wait; done'

run_across_hosts() {
  local number arguments=()
  trap : TERM INT  # for mpirun to handle; here they must only not end the script
  trap 'echo "lab: the hosts could not be made" >&2; exit 70' ERR
  set -E
  make_hosts
  trap - ERR
  ASSAY_LAB_KEEPERS=""
  for ((number = 0; number < hosts; number++)); do
    ASSAY_LAB_KEEPERS+="n$number=${keepers[number]} "
  done
  export ASSAY_LAB_KEEPERS
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  unset ASSAY_LAB_INSIDE
  mapfile -d '' -t arguments < <(mpirun_command)
  bash -c "$guard_script" guard "$grace_s" &
  disown
  # shellcheck disable=SC2016 # expanded by the shell in the host
  on_host 0 /bin/bash -c 'cd "$1" && shift && TMPDIR=/dev/shm/tmp exec "$@"' lab \
    "$PWD" "${arguments[@]}"
}
