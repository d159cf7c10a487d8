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
        if self.largest == 0:
            return [0]
        count = int(math.log2(self.largest / self.smallest)) + 1
        return [self.smallest << i for i in range(count)]


# What has no size is measured once.
WITHOUT_SIZE = Sweep(0, 0, 5000)


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


@dataclasses.dataclass(frozen=True)
class Test:
    """How a peer measures one of assay's benchmarks."""

    program: str
    section: str = ""         # of the program, where it has several
    per_peer: bool = False    # its sizes are one rank's share; assay's are those of all ranks
    pacing: str = "isolated"  # a barrier before each operation, or back to back
    messages: int = 0         # it reports a rate of so many messages of its size; 0: a time
    operations: int = 1       # a launch of assay's has so many of what the peer times


class Osu:
    """OSU Micro-Benchmarks 5 to 7: one program per collective, sums of MPI_CHAR unless told."""

    name = "osu"
    tests = {
        "all_reduce": Test("osu_allreduce"),
        "all_to_all": Test("osu_alltoall", per_peer=True),
        "all_to_all_v": Test("osu_alltoallv", per_peer=True),
        "all_gather": Test("osu_allgather", per_peer=True),
        "reduce_scatter": Test("osu_reduce_scatter_block"),
        "broadcast": Test("osu_bcast"),
        "reduce": Test("osu_reduce"),
        "gather": Test("osu_gather", per_peer=True),
        "scatter": Test("osu_scatter", per_peer=True),
        "barrier": Test("osu_barrier"),
        "ping_pong": Test("osu_latency", pacing="stream", operations=2),
        "unidirectional": Test("osu_bw", pacing="stream", messages=64),
        "bidirectional": Test("osu_bibw", pacing="stream", messages=128),
    }
    types = {"char": "mpi_char", "int": "mpi_int", "float": "mpi_float"}

    @staticmethod
    def arguments(request, sweep, _scratch):
        arguments = ["-i", str(sweep.iterations), "-x", str(sweep.warm_up)]
        if request.collective == "barrier":
            return [*arguments, "-f"]
        arguments += ["-m", f"{sweep.smallest}:{sweep.largest}"]
        if request.type != "char":
            arguments += ["-T", Osu.types[request.type]]
        if request.test.messages:
            # Memory of its own for every message of a window, as assay has.
            return [*arguments, "-W", "64", "-b", "multiple"]
        collective = ["-f", "-M", str(1 << 34)]
        return arguments if request.test.pacing == "stream" else [*arguments, *collective]

    @staticmethod
    def parse(text, collective):
        """{size: average over ranks of the mean, in microseconds}; a barrier's size is 0"""
        messages = Osu.tests[collective].messages
        column = "Bandwidth (MB/s)" if messages else "Avg Latency(us)"
        if column not in text:
            raise Failure(f"the output is not that of an OSU test: no '{column}'")
        if collective == "barrier":
            return {0: float(text.split(column)[1].splitlines()[1].split()[0])}
        rows = {int(row[0]): float(row[1]) for row in rows_of_numbers(text)}
        # MB/s are bytes per microsecond.
        return {size: messages * size / rate if messages else rate for size, rate in rows.items()}


class Imb:
    """Intel MPI Benchmarks (IMB-MPI1): a barrier after each iteration, as by default."""

    name = "imb"
    tests = {"all_reduce": Test("IMB-MPI1", "Allreduce"),
             "all_to_all": Test("IMB-MPI1", "Alltoall", per_peer=True)}
    types = {"char": "char", "int": "int", "float": "float", "double": "double"}

    @staticmethod
    def arguments(request, sweep, scratch):
        lengths = pathlib.Path(scratch, "lengths")
        lengths.write_text("".join(f"{size}\n" for size in sweep.sizes()))
        return [request.test.section, "-npmin", str(request.ranks),
                "-msglen", str(lengths), "-iter", str(sweep.iterations), "-iter_policy", "off",
                "-time", "1000", "-red_data_type", Imb.types[request.type]]

    @staticmethod
    def parse(text, collective):
        start = text.find(f"# Benchmarking {Imb.tests[collective].section}")
        if start < 0 or "t_avg[usec]" not in text[start:]:
            raise Failure("the output is not that of IMB-MPI1: no section with 't_avg[usec]'")
        return {int(row[0]): float(row[4]) for row in rows_of_numbers(text[start:])
                if len(row) >= 5 and int(row[0]) > 0}


class NcclTests:
    """nccl-tests: mean over ranks (-a 1) of back-to-back operations."""

    name = "nccl-tests"
    tests = {"all_reduce": Test("all_reduce_perf", pacing="stream"),
             "all_to_all": Test("alltoall_perf", pacing="stream")}
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
        found[case["dims"].get("bytes", 0)] = 1e6 * statistics.fmean(means)
    return found
