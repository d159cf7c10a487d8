#!/usr/bin/env python3
"""Holds every #include to the layers of the design: an arrow never points back.

    scripts/check_layers.py [root]

Looks at harness/, kernels/ and benchmarks/ under root (default: the repository). Prints one line
per violation, "file:line: what", and exits 1 when there is any. The table below is the design's;
a layer that needs a new arrow needs a reason first.
"""

import re
import sys
from pathlib import Path

# layer: the layers it may include beside itself, ground floor first
LAYERS = {
    "core": [],
    "kernels": ["core"],
    "stats": ["core"],
    "schedule": ["core"],
    "plan": ["core", "schedule"],
    "result": ["core", "stats", "plan"],
    "contract": ["core", "stats", "plan", "result"],
    "device": ["core", "kernels"],
    # comm: kernels for the reductions that MPI lacks
    "comm": ["core", "kernels", "device"],
    "bench": ["core", "schedule", "device", "comm"],
    # run: everything above but contract; it knows Benchmark, not any particular one
    "run": ["core", "kernels", "stats", "schedule", "plan", "result", "device", "comm", "bench"],
    "report": ["core", "stats", "plan", "result", "contract"],
    # benchmarks: what bench may, for the same reasons
    "benchmarks": ["core", "kernels", "schedule", "device", "comm", "bench"],
}
LAYERS["app"] = list(LAYERS)  # joins benchmarks to the harness
LAYERS["micro"] = [layer for layer in LAYERS if layer != "app"]  # programs about single functions

# libraries that only files of one prefix may see: what, headers, files
LIBRARIES = [
    ("MPI", re.compile(r"mpi(-ext)?\.h$|mpi\.hpp$"), re.compile(r"mpi_"), "mpi_*"),
    ("NCCL", re.compile(r"nccl.*\.h$"), re.compile(r"nccl_"), "nccl_*"),
    ("CUDA", re.compile(r"(cuda|cublas|cupti|nvtx|nvToolsExt|nvml|cooperative_groups).*"),
     re.compile(r"cuda_|.*_cuda\."), "cuda_* or *_cuda.*"),
]

FOLDERS = ["harness", "kernels", "benchmarks"]
SUFFIXES = {".hpp", ".h", ".cpp", ".cc", ".cu", ".cuh", ".in"}
INCLUDE = re.compile(r'\s*#\s*include\b\s*(?:"(?P<quoted>[^"]+)"|<(?P<angled>[^>]+)>)?')
STANDARD = re.compile(r"[a-z0-9_]+$")  # <vector>, <cstdint>; <unistd.h> is none


def layer_of(path):
    """Layer of a path from the root: "harness/core/x.hpp" -> "core"; None outside all layers."""
    parts = path.split("/")
    if parts[0] == "kernels":
        return "kernels"
    if parts[0] == "benchmarks":
        return "micro" if parts[1:2] == ["micro"] else "benchmarks"
    if parts[0] == "harness" and len(parts) > 2 and parts[1] in LAYERS:
        return parts[1]
    return None


def check_own(layer, header):
    """What is wrong with including this header of assay, or None."""
    wanted = layer_of(header)
    if wanted is None:
        return f"{header} belongs to no layer"
    if wanted == layer or wanted in LAYERS[layer]:
        return None
    allowed = ", ".join(LAYERS[layer]) or "nothing"
    return f"{layer} includes {header} of {wanted}; it may include {allowed}"


def check_library(layer, name, header):
    """What is wrong with including this header of a library in the file `name`, or None."""
    for library, headers, files, where in LIBRARIES:
        if headers.match(header) and not files.match(name):
            return f"{header}: {library} may be seen only in files named {where}"
    if layer == "core" and not STANDARD.match(header) and not header.startswith("fmt/"):
        return f"{header}: core may include only the standard library and fmt"
    return None


def check_include(path, match):
    layer, name = layer_of(path), path.rsplit("/", 1)[-1]
    header = match["quoted"] or match["angled"]
    if header is None:
        return "an include that is no literal cannot be checked"
    if header.split("/")[0] in FOLDERS:
        return check_own(layer, header)
    if match["quoted"]:
        return f'"{header}": write the path from the root of the repository'
    return check_library(layer, name, header)


def check_file(root, file):
    path = file.relative_to(root).as_posix()
    if layer_of(path) is None:
        yield f"{path}:1: the file belongs to no layer"
        return
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        match = INCLUDE.match(line)
        what = check_include(path, match) if match else None
        if what:
            yield f"{path}:{number}: {what}"


def violations(root):
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and file.suffix in SUFFIXES:
                yield from check_file(root, file)


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if not (root / "harness").is_dir():
        print(f"{root}: there is no harness/ here; give the root of the repository")
        return 1
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
