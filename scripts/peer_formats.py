"""What compare_peers reads and how it calls what it compares: OSU Micro-Benchmarks, Intel MPI
Benchmarks, nccl-tests, and assay's own results."""
import argparse
import array
import dataclasses
import json
import math
import pathlib
import re
import statistics
import sys

PARTS_PER_UNIT = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Failure(Exception):
    """One sentence for the user; `code` is the exit code."""

    def __init__(self, sentence, code=1):
        super().__init__(sentence)
        self.code = code


def parse_size(text):
    match = re.fullmatch(r"(\d+)([KMG]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not match or int(match[1]) < 1:
        raise ValueError(f"'{text}' is no size such as 8, 4K or 64M")
    return int(match[1]) * PARTS_PER_UNIT[match[2].upper()]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Sizes smallest, 2·smallest, … up to largest, each measured `iterations` times."""

    smallest: int
    largest: int
    iterations: int

    @property
    def warm_up(self):
        """Untimed iterations before each size."""
        return min(200, max(10, self.iterations // 5))

    def sizes(self):
        count = int(math.log2(self.largest / self.smallest)) + 1
        return [self.smallest << i for i in range(count)]


def parse_sweep(text):
    """MIN:MAX[:ITERATIONS]"""
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise argparse.ArgumentTypeError(f"'{text}': write MIN:MAX or MIN:MAX:ITERATIONS")
    try:
        smallest, largest = parse_size(parts[0]), parse_size(parts[1])
        iterations = int(parts[2]) if len(parts) == 3 else (5000 if largest <= 1 << 16 else 50)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if smallest > largest or iterations < 1:
        raise argparse.ArgumentTypeError(f"'{text}': MIN must not exceed MAX, ITERATIONS be above 0")
    return Sweep(smallest, largest, iterations)


def rows_of_numbers(text):
    """Lines that consist of a whole number followed by further columns, split."""
    for line in text.splitlines():
        columns = line.split()
        if len(columns) >= 2 and columns[0].isdigit():
            yield columns


class Osu:
    """OSU Micro-Benchmarks 5 to 7: one program per collective, sums of MPI_CHAR unless told."""

    name = "osu"
    pacing = "isolated"
    programs = {"all_reduce": "osu_allreduce", "all_to_all": "osu_alltoall"}
    types = {"char": "mpi_char", "int": "mpi_int", "float": "mpi_float"}

    @staticmethod
    def arguments(request, sweep, _scratch):
        chosen = [] if request.type == "char" else ["-T", Osu.types[request.type]]
        return ["-m", f"{sweep.smallest}:{sweep.largest}", "-i", str(sweep.iterations),
                "-x", str(sweep.warm_up), "-f", "-M", str(1 << 34), *chosen]

    @staticmethod
    def parse(text, _collective):
        """{size: average over ranks of the mean, in microseconds}"""
        if "Avg Latency(us)" not in text:
            raise Failure("the output is not that of an OSU latency test: no 'Avg Latency(us)'")
        return {int(row[0]): float(row[1]) for row in rows_of_numbers(text)}


class Imb:
    """Intel MPI Benchmarks (IMB-MPI1): a barrier after each iteration, as by default."""

    name = "imb"
    pacing = "isolated"
    programs = {"all_reduce": "IMB-MPI1", "all_to_all": "IMB-MPI1"}
    types = {"char": "char", "int": "int", "float": "float", "double": "double"}
    benchmarks = {"all_reduce": "Allreduce", "all_to_all": "Alltoall"}

    @staticmethod
    def arguments(request, sweep, scratch):
        lengths = pathlib.Path(scratch, "lengths")
        lengths.write_text("".join(f"{size}\n" for size in sweep.sizes()))
        return [Imb.benchmarks[request.collective], "-npmin", str(request.ranks),
                "-msglen", str(lengths), "-iter", str(sweep.iterations), "-iter_policy", "off",
                "-time", "1000", "-red_data_type", Imb.types[request.type]]

    @staticmethod
    def parse(text, collective):
        start = text.find(f"# Benchmarking {Imb.benchmarks[collective]}")
        if start < 0 or "t_avg[usec]" not in text[start:]:
            raise Failure("the output is not that of IMB-MPI1: no section with 't_avg[usec]'")
        return {int(row[0]): float(row[4]) for row in rows_of_numbers(text[start:])
                if len(row) >= 5 and int(row[0]) > 0}


class NcclTests:
    """nccl-tests: mean over ranks (-a 1) of back-to-back operations."""

    name = "nccl-tests"
    pacing = "stream"
    programs = {"all_reduce": "all_reduce_perf", "all_to_all": "alltoall_perf"}
    types = {"char": "int8", "int": "int32", "float": "float", "double": "double"}

    @staticmethod
    def arguments(request, sweep, _scratch):
        return ["-b", str(sweep.smallest), "-e", str(sweep.largest), "-f", "2", "-g", "1",
                "-n", str(sweep.iterations), "-w", str(sweep.warm_up), "-c", "0", "-a", "1",
                "-d", NcclTests.types[request.type], "-o", "sum"]

    @staticmethod
    def parse(text, _collective):
        """Columns: size count type redop root time algbw busbw #wrong, out of place then in place."""
        if "redop" not in text:
            raise Failure("the output is not that of nccl-tests: no column 'redop'")
        return {int(row[0]): float(row[5]) for row in rows_of_numbers(text) if len(row) >= 8}


PEERS = [Osu, Imb, NcclTests]


def read_series(case, folder, name):
    """All values of a series of a case of result.json, over all groups."""
    samples = case["samples"]
    if "inline" in samples:
        return [value for entry in samples["inline"] if entry["name"] == name
                for group in entry["values"] for value in group]
    with open(pathlib.Path(folder, samples["file"]), "rb") as file:
        file.seek(samples["offset"])
        values = array.array("f")
        values.frombytes(file.read(samples["bytes"]))
    if sys.byteorder == "big":
        values.byteswap()
    start = 0
    for entry in samples["series"]:
        counts = entry["counts"]
        count = sum(counts) if isinstance(counts, list) else counts * samples.get("groups", 1)
        if entry["name"] == name:
            return list(values[start:start + count])
        start += count
    return []


def parse_assay(folder, collective):
    """{bytes: mean over ranks of each rank's mean, in microseconds} of a result folder."""
    document = json.loads(pathlib.Path(folder, "result.json").read_text())
    found = {}
    for case in document["cases"]:
        if case["benchmark"] != collective or case["status"] != "measured":
            continue
        means = read_series(case, folder, "rank_mean")
        if not means or any(value is None for value in means):
            raise Failure(f"{folder}/result.json: case {case['id']} has no series rank_mean")
        found[case["dims"]["bytes"]] = 1e6 * statistics.fmean(means)
    return found
