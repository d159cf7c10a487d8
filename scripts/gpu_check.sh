#!/usr/bin/env bash
# Builds assay for the GPU of this machine and tries everything that needs one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly build=build/gpu

usage() {
  cat <<'HELP'
Usage: scripts/gpu_check.sh [OPTIONS]

On a machine with an NVIDIA GPU: builds assay for it, runs the tests that need one (ctest label gpu),
compute-sanitizer over the kernels, suite gpu, collectives over NCCL in streams and graphs, training steps,
more ranks than GPUs with and without --share-gpu and, for comparison, nccl-tests' all_reduce_perf and PyTorch's matrix products
where there are any.
What was printed stays under results/, with a summary in report.txt. Never changes a setting of the GPU.

  --out DIR        where to write [results/gpu-<UTC>-<GPU>]; must not exist
  --packages DIR   take what this machine lacks from the .deb files in DIR, unpacked under build/gpu:
                   for machines that reach no network (they need CUDA, CMake, ninja and a compiler)
  --fetch DIR      instead, on a machine with the packages installed and a network: put those .deb
                   files into DIR (about 45 MB)

Examples:
  scripts/gpu_check.sh
  scripts/gpu_check.sh --fetch build/debs             # here, then carry the checkout to the GPU
  scripts/gpu_check.sh --packages build/debs          # there

Exit: 0 all passed, 10 something failed, 64 no GPU or a wrong option.
HELP
}

fail() {
  echo "gpu_check: $*" >&2
  exit 64
}

say() { printf '\n== %s\n' "$*"; }

# ---- packages for a machine without network

# Any machine with a compiler has the first line, and two C libraries in one process are one too many.
# The second is what other users of our packages need.
readonly never='^(libc6|libc-bin|libgcc|libstdc\+\+|gcc-|cpp-|libcrypt1|zlib1g|libpoco|libyaml|libjsoncpp|libsqlite3|libpcre|libexpat|libboost-[a-z-]*[0-9.]*$|sqlite3)'

# Of the groups build and test what a machine for GPU work is likely to lack.
libraries() {
  awk '/^# group:/ { inside = ($3 == "build" || $3 == "test"); next } inside && /^lib|json|openmpi|pkg-config/' \
    scripts/packages.txt | grep -v python
}

# The installed packages that come of the same sources as $@, and are no documentation.
of_same_source() {
  local sources
  sources=$(dpkg-query -W -f='${source:Package}\n' "$@" | sort -u)
  dpkg-query -W -f='${db:Status-Status} ${source:Package} ${binary:Package}\n' |
    awk '$1 == "installed" { print $2, $3 }' | sort |
    join - <(sort <<<"$sources") | cut -d' ' -f2 | grep -v -e -doc -e -dbg
}

# $@ and the packages of headers that they depend on, in turn.
with_headers() {
  local more
  more=$(dpkg-query -W -f='${Depends}\n' "$@" | tr ',|' '\n' | awk '$1 ~ /^lib.*-dev/ { print $1 }' |
    cut -d: -f1 | cat - <(printf '%s\n' "$@") | grep -Ev "$never" | sort -u |
    while read -r name; do dpkg-query -W -f='${Package}\n' "$name" 2>/dev/null || true; done)
  if [[ $(wc -l <<<"$more") -gt $# ]]; then
    # shellcheck disable=SC2086  # one word a package
    with_headers $more
  else
    echo "$more"
  fi
}

# The packages that own the libraries which those of $@ load.
loaded_by() {
  dpkg-query -L "$@" | grep -E '\.so(\.|$)|/bin/' | while read -r file; do
    if [[ -f $file ]]; then ldd "$file" 2>/dev/null || true; fi
  done | awk '$3 ~ /^\// { print $3 }' | sort -u | xargs -r realpath | sort -u |
    while read -r file; do
      dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}" 2>/dev/null || true
    done | cut -d: -f1 | sort -u
}

fetch() {
  local folder=$1 needed=()
  [[ ! -e $folder ]] || fail "--fetch $folder: exists; name a new folder"
  command -v apt-get >/dev/null || fail "--fetch needs apt-get: run it on Debian or Ubuntu"
  scripts/setup.sh build test
  mapfile -t needed < <(libraries)
  mapfile -t needed < <(with_headers "${needed[@]}")
  mapfile -t needed < <(of_same_source "${needed[@]}")
  mapfile -t needed < <({
    printf '%s\n' "${needed[@]%%:*}"
    loaded_by "${needed[@]}"
  } | sort -u | grep -Ev "$never")
  mkdir -p "$folder"
  say "${#needed[@]} packages into $folder"
  (cd "$folder" && apt-get download -q "${needed[@]}")
  du -sh "$folder"
}

# Unpacks the packages in folder $1 and makes compiler, CMake and loader find them.
unpack() {
  local system=$PWD/$build/system libs deb arch
  compgen -G "$1/*.deb" >/dev/null || fail "--packages $1: there are no .deb files"
  if [[ ! -d $system ]]; then
    mkdir -p "$system.part"
    for deb in "$1"/*.deb; do dpkg-deb -x "$deb" "$system.part"; done
    ln -s mpiexec.openmpi "$system.part/usr/bin/mpiexec"  # which Debian's alternatives would make
    mv "$system.part" "$system"
  fi
  arch=$(uname -m)-linux-gnu
  libs=$system/usr/lib/$arch
  export PATH=$system/usr/bin:$PATH
  export LD_LIBRARY_PATH=$libs:$libs/openmpi/lib:$libs/openblas-pthread:$system/lib/$arch${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export CPATH=$system/usr/include:$system/usr/include/$arch LIBRARY_PATH=$libs
  # Open MPI and PMIx look for their own files where they were built to lie.
  export OPAL_PREFIX=$system/usr OPAL_LIBDIR=$libs/openmpi/lib OPAL_INCLUDEDIR=$libs/openmpi/include
  export OPAL_PKGLIBDIR=$libs/openmpi/lib/openmpi3 OPAL_SYSCONFDIR=$system/etc/openmpi
  export PMIX_INSTALL_PREFIX=$libs/pmix2
  export PKG_CONFIG_PATH=$libs/pkgconfig:$libs/openblas-pthread/pkgconfig PKG_CONFIG_SYSROOT_DIR=$system
  options+=("-DCMAKE_PREFIX_PATH=$system/usr;$libs" "-DMPI_CXX_COMPILER=$system/usr/bin/mpicxx.openmpi"
    "-DMPIEXEC_EXECUTABLE=$system/usr/bin/mpiexec.openmpi")
}

# ---- the checks

# All ranks are on this machine: no ssh is needed, where there is none.
command -v ssh >/dev/null || export OMPI_MCA_plm=isolated
if [[ $(id -u) -eq 0 ]]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

# step NAME COMMAND...: runs it, keeps what it prints, and one line of the report.
step() {
  local name=$1 begin=$SECONDS outcome=PASS code=0
  shift
  say "$name: $*"
  "$@" >"$out/$name.txt" 2>&1 </dev/null || code=$?
  [[ $code -eq 0 ]] || outcome="FAIL ($code)"
  [[ $code -eq 0 ]] || failed=yes
  tail -n 12 "$out/$name.txt"
  printf '%-10s %-12s %4d s   %.90s\n' "$outcome" "$name" $((SECONDS - begin)) "$*" >>"$out/report.txt"
  return "$code"
}

skip() { printf '%-10s %-12s          %s\n' SKIPPED "$1" "$2" >>"$out/report.txt"; }

# A test that skips itself where a GPU is has not found it.
run_tests() {
  ctest --test-dir "$build" -L '^gpu$' --no-tests=error --output-on-failure \
    --output-junit "$PWD/$out/tests.xml" || return
  ! python3 scripts/list_skipped.py "$out/tests.xml" | grep '^skipped:'
}

sanitize() {
  local tool
  for tool in memcheck racecheck; do
    if command -v compute-sanitizer >/dev/null; then
      # cuBLASLt's own kernels are not ours to check.
      step "$tool" compute-sanitizer --tool "$tool" --error-exitcode 1 "$build/tests/gpu_device_test" \
        --gtest_filter=-'*GemmOnGpu*' || true
    else
      skip "$tool" "compute-sanitizer is not on the PATH"
    fi
  done
}

# What a user would start: each GPU by itself, NCCL between them, and ranks that share one.
programs() {
  local assay=$build/harness/app/assay gpus
  gpus=$(nvidia-smi -L | grep -c '^GPU')
  step ranks mpiexec --oversubscribe -n 2 "$assay" run all_reduce -b 1K -n 20 --out "$out/ranks" || true
  step local mpiexec --oversubscribe -n "$gpus" "$assay" run --suite configs/suites/gpu.json --out "$out/local" || true
  step nccl mpiexec --oversubscribe -n "$gpus" "$assay" run all_reduce all_gather reduce_scatter all_to_all \
    broadcast --backend nccl -b 8 -e 256M -f 32 --pacing stream --out "$out/nccl" || true
  step graph mpiexec --oversubscribe -n "$gpus" "$assay" run all_reduce --backend nccl -b 1M --pacing graph \
    --out "$out/graph" || true
  step refused refuses mpiexec --oversubscribe -n $((gpus + 1)) "$assay" run copy --memory device --out "$out/no" || true
  step shared mpiexec --oversubscribe -n $((gpus + 1)) tests/gpu/own_host.sh "$assay" run all_reduce --backend nccl \
    --share-gpu -n 20 -b 1M --out "$out/shared" || true
  # By their function only where there is one GPU: what goes on at once, and between processes.
  local shared=$((gpus > 1 ? gpus : 2))
  export NCCL_LAUNCH_ORDER_IMPLICIT=1
  step beside mpiexec --oversubscribe -n "$shared" tests/gpu/own_host.sh "$assay" run overlap congestion \
    --set backend=nccl --beside all_gather:bytes=1M --share-gpu -b 1M -n 20 --out "$out/beside" || true
  step step mpiexec --oversubscribe -n "$shared" tests/gpu/own_host.sh "$assay" run training_step --backend nccl \
    --set scaling=weak --set overlap=on,off --set graph=off,on --share-gpu -n 50 --out "$out/step" || true
  step step_parts mpiexec --oversubscribe -n "$shared" tests/gpu/own_host.sh "$assay" run training_step \
    --backend nccl --set scaling=weak --set parts=on --share-gpu -n 50 --out "$out/step_parts" || true
  unset NCCL_LAUNCH_ORDER_IMPLICIT
  step buffers mpiexec --oversubscribe -n "$gpus" "$assay" run all_reduce --backend nccl \
    --set buffers=plain,registered,symmetric -b 1M -e 64M -f 8 --pacing stream --out "$out/buffers" || true
  step setup mpiexec --oversubscribe -n "$gpus" "$assay" run communicator --backend nccl --set step=init,split \
    -n 10 --out "$out/setup" || true
  step registration mpiexec --oversubscribe -n "$gpus" "$assay" run registration --backend nccl \
    --set buffers=registered,symmetric -b 64M -n 10 --out "$out/registration" || true
  step staged mpiexec --oversubscribe -n "$shared" "$assay" run all_reduce all_to_all --backend mpi_staged \
    --share-gpu -b 8 -e 16M -f 32 -n 20 --out "$out/staged" || true
  step peer_copy mpiexec --oversubscribe -n "$shared" "$assay" run peer_copy --share-gpu \
    --set way=there,back,both --pacing stream --out "$out/peer_copy" || true
}

# More ranks than GPUs end with 64, and nothing is measured.
refuses() {
  local code=0
  "$@" || code=$?
  [[ $code -eq 64 ]]
}

peers() {
  if command -v all_reduce_perf >/dev/null; then
    step nccl-tests all_reduce_perf -b 8 -e 256M -f 4 -g 1 || true
  else
    skip nccl-tests "all_reduce_perf is not on the PATH"
  fi
  if python3 -c 'import torch' 2>/dev/null; then
    step pytorch python3 scripts/torch_gemm.py || true
  else
    skip pytorch "python3 has no torch"
  fi
}

check() {
  local capability name
  grep -q '^GPU' <<<"$(nvidia-smi -L 2>/dev/null)" ||
    fail "nvidia-smi lists no GPU: run this where one is"
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1)
  name=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)
  [[ -n $out ]] || out=results/gpu-$(date -u +%Y%m%dT%H%M%SZ)-$(tr -cs 'A-Za-z0-9\n' - <<<"$name")
  [[ ! -e $out ]] || fail "--out $out: exists; name a new folder"
  mkdir -p "$out"
  {
    echo "$name, $(date -u +%Y-%m-%dT%H:%M:%SZ), assay $(git describe --always --dirty 2>/dev/null || echo '?')"
    nvidia-smi --query-gpu=driver_version,memory.total,pcie.link.gen.current,pcie.link.width.current \
      --format=csv
  } >"$out/report.txt"
  if step configure cmake -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DASSAY_WERROR=OFF \
    -DASSAY_CUDA=ON -DASSAY_MPI=ON "-DCMAKE_CUDA_ARCHITECTURES=${capability/./}-real" "${options[@]}" &&
    step build cmake --build "$build" -j "$(nproc)"; then
    step tests run_tests || true
    sanitize
    step backends "$build/harness/app/assay" list backends || true
    programs
    peers
  fi
  say "report"
  cat "$out/report.txt"
  echo "all of it in $out"
  rm -f "$out/tests.xml"
  [[ $failed == no ]] || exit 10
}

out='' failed=no options=() what=check folder='' packages=''
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --out | --packages | --fetch)
      [[ -n ${2:-} ]] || fail "$1: a folder is missing; see --help"
      case $1 in
        --out) out=$2 ;;
        --packages) packages=$2 ;;
        --fetch) what=fetch folder=$2 ;;
      esac
      shift
      ;;
    *) fail "unknown option '$1'; see scripts/gpu_check.sh --help" ;;
  esac
  shift
done
if [[ $what == fetch ]]; then
  fetch "$folder"
else
  [[ -z $packages ]] || unpack "$packages"
  check
fi
