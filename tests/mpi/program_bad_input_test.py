#!/usr/bin/env python3
"""Bad input: one sentence, once, naming the place and the remedy; 64; nothing is left behind."""
import copy
import os
import subprocess
import unittest

import program
from program import SHORT, ProgramTest

CONTRACT = {
    "format": "assay.contract", "schema_version": "0.1.0", "name": "c", "guard": "20%",
    "clauses": [{"id": "fast", "metric": "busbw", "q": 0.5, "at_least": "1 B/s",
                 "of": {"benchmark": "all_reduce", "bytes": "1KiB", "pacing": "stream"}}]}
SUITE = {
    "format": "assay.suite", "schema_version": "0.1.0", "name": "s", "description": "d",
    "cases": [{"benchmark": "all_reduce", "bytes": "1KiB", "pacing": "stream", "pilot": 20,
               "stop": {"blocks": 46, "block_length": 1}}]}


def edited(document, path, value):
    """A copy with the value at `path` replaced; None removes the key."""
    result = copy.deepcopy(document)
    *parents, last = path
    at = result
    for key in parents:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return result


class CommandLine(ProgramTest):
    def refuse_all(self, cases, ranks=2):
        """The first one under the launcher; the rest in a dry run, which takes the same way."""
        for number, (arguments, pattern) in enumerate(cases):
            command = ("run", *arguments.split(), "--out", "out")
            with self.subTest(arguments=arguments):
                self.refuse(self.launch(ranks, *command) if number == 0 else
                            self.alone(*command, "--dry-run", "--ranks", str(ranks)), pattern)

    # Before MPI is up: any rank may be the first to leave.
    def test_options(self):
        self.refuse_all((
            ("all_reduce --bogus", "command line: .*--bogus; see: assay --help"),
            ("all_reduce -n abc", "command line: .*--iters = abc"),
            ("all_reduce -n 0", "--iters: 0 is below 1; give 1 or more"),
            ("all_reduce --precision 0.1 --block-length 5", "--precision: no verdict rests on"),
            ("all_reduce --blocks 3 --time 2", "--iters, --time, --blocks: these exclude"),
            ("all_reduce --suite s.json", "--suite: a suite already says"),
            ("", "assay run: nothing to measure; name a benchmark"),
            ("all_reduce --exit-map 3", "--exit-map: '3' is not CODE=CODE"),
            ("all_reduce --time -1", ".*-1 is out of range; ")))

    def test_options_are_refused_once_on_many_ranks(self):
        for _ in range(5):
            self.refuse(self.launch(4, "run", "all_reduce", "--bogus", "--out", "out"),
                        "command line: ")

    def test_timeout_of_nothing(self):
        self.refuse_all((("all_reduce -b 1K -n 20 -T 0", ".*0 is out of range; "),))

    # With MPI: rank 0 finds it, and the others must neither speak nor call it an incident.
    def test_names(self):
        self.refuse_all((
            ("all_rduce", r'assay run all_rduce.*"all_rduce" is unknown; expected one of noop, '),
            ("all_reduce --layout ring", r'assay run all_reduce\.layout: "ring" is no layout; '),
            ("all_reduce -d fp33", "-d: 'fp33' is no element type; expected one of int8, "),
            ("all_reduce -o xor", "-o: 'xor' is no reduction; expected one of sum, "),
            ("all_reduce --pacing fast", "--pacing: there is no pacing 'fast'; give isolated"),
            ("gemm --set m=0", r"assay run gemm\.m: 0 is out of range; it must be at least 1"),
            ("gemm --set q=1", "--set: there is no dimension 'q'"),
            ("gemm --set m", "--set: 'm' is not DIM=VALUE")))

    def test_backends(self):
        for backend, why in (("foo", "there is no backend 'foo'"), ("nccl", "nccl: (not built|no GPU here)")):
            with self.subTest(backend=backend):
                self.refuse(self.launch(2, "run", "all_reduce", *SHORT, "--backend", backend,
                                        "--out", "out"), f"assay run: all_reduce.*{why}.*; see: assay list benchmarks")

    def test_sizes(self):
        self.refuse_all((
            ("all_reduce -b 1024G -n 20",
             r"host \S+: the largest case needs \d+\.\d GiB for 2 ranks and \d+\.\d GiB are free; "
             "measure smaller messages"),
            ("all_reduce -b 1X", '-b: "1X" has \'X\' where a unit of bytes belongs'),
            ("all_reduce -b 2K -e 1K", "-e: 1K is below -b 2048"),
            ("all_reduce -b 3", "assay run all_reduce.*3 bytes is no multiple of 4 bytes of fp32")))

    def test_matrices(self):
        for text, why in (("1,2\n3\n", "line 2: it has 1 number, and line 1 has 2; give one line "),
                          ("1,2\n3,-4\n", "line 2, column 2: '-4' is no whole number ≥ 0; give"),
                          ("to,0\n0,1\n", "line 1, column 1: 'to' is no whole number ≥ 0; give"),
                          ("0,0\n0,0\n", "all numbers are 0: nothing would be sent; give one"),
                          ("9" * 17 + ",1\n1,1\n", "line 1, column 1: 9+ is above 2\\^50; divide"),
                          ("1\n" * 5000, "line 4097: it has more than 4096 lines; give fewer"),
                          ("1,1,1\n" * 3, "its matrix is of 3 lines and 3 columns, and a group of "
                           "layout world has 2 ranks; give one line")):
            with self.subTest(text=text[:20]):
                self.write("moe.csv", text)
                self.refuse(self.launch(2, "run", "all_to_all_v", *SHORT, "--set",
                                        "counts=file:moe.csv", "--out", "out"), "moe.csv: " + why)
        for name in ("b\udcff.csv", "c\x1b[31m.csv"):
            with self.subTest(name=name):
                self.write(name, "0,1\n1,0\n")
                self.refuse(self.launch(2, "run", "all_to_all_v", *SHORT, "--set",
                                        f"counts=file:{name}", "--out", "out"),
                            ".*its name stands in every case.*; rename the file")
        self.refuse_all((
            ("all_to_all_v --set counts=file:", "--set: 'file:' says not who sends how much; "),
            ("all_to_all_v --set counts=file:no.csv", "no.csv: cannot be read: no such file"),
            ("all_to_all_v --set counts=file:moe.csv#0123456789ab",
             "moe.csv: its digest is [0-9a-f]{12}, and 0123456789ab is asked for; give the")))

    def test_rank_counts(self):
        for ranks, arguments, pattern in (
                (1, "--layout pairs", "assay run all_reduce: layout pairs: there is 1 rank; start "
                 "at least 2 ranks"),
                (1, "--layout halves", ".*layout halves: there is 1 rank"),
                (2, "--layout split:3", ".*layout split:3: 3 groups of 2 ranks"),
                (4, "--ranks-per-node 3", "--ranks-per-node: 3 does not divide 4 ranks")):
            with self.subTest(arguments=arguments):
                self.refuse(self.launch(ranks, "run", "all_reduce", *SHORT, *arguments.split(),
                                        "--out", "out"), pattern)

    def test_refused_once_on_many_ranks(self):
        for _ in range(4):
            self.refuse(self.launch(4, "run", "all_rduce", "--out", "out"), "assay run all_rduce")

    def test_subcommands(self):
        self.expect_sentence(self.alone("frob"), 64, "command line: there is no subcommand 'frob', "
                             "only run, judge, compare, list; see: assay --help")
        self.expect_sentence(self.alone(), 64, "command line: A subcommand is required")
        self.expect_sentence(self.alone("judge"), 64, "command line: result is required")
        self.expect_sentence(self.alone("list", "things"), 64,
                             "assay list: there are no 'things'; one of benchmarks, ")
        self.expect_sentence(self.alone("run", "all_reduce", "--ranks", "4"), 64,
                             "--ranks: only a dry run")

    def test_exit_map(self):
        """A site's own code for 64, whatever it is that is refused."""
        for arguments in (("run", "all_reduce", "--bogus"), ("frob",), ("run", "noop", "-n", "0"),
                          ("run", "--contract", "none.json")):
            with self.subTest(arguments=arguments):
                self.expect_sentence(self.alone(*arguments, "--exit-map", "64=65"), 65, "")
        self.expect_sentence(self.launch(2, "run", "noop", "--bogus", "--exit-map", "64=65,3"), 65,
                             "command line: .*--bogus")

    def test_blocks_that_serve_no_case(self):
        self.write("suite.json", edited(SUITE, ("cases", 0, "stop"), {"iterations": 20}))
        self.refuse(self.alone("run", "--suite", "suite.json", "--blocks", "128", "--dry-run",
                               "--ranks", "2", "--out", "out"),
                    "--blocks: no case of suite s stops by blocks; leave it out, or say so")

    def test_wrong_launcher(self):
        for environment, remedy in (
                ({"OMPI_COMM_WORLD_SIZE": "4"}, "use the mpirun of the Open MPI"),
                ({"PMI_SIZE": "4"}, "use the launcher of the MPI"),
                ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, "use `srun --mpi=pmix`")):
            with self.subTest(environment=environment):
                self.refuse(self.alone("run", "all_reduce", *SHORT, "--out", "out",
                                       environment=environment),
                            f"launcher: 4 tasks but a world of 1; {remedy}")
        # The other three say nothing.
        other = self.alone("run", "all_reduce", *SHORT, "--out", "out",
                           environment={"SLURM_PROCID": "2", "SLURM_NTASKS": "4"})
        self.assertEqual((other.code, other.out, other.err), (64, "", ""))


class Files(ProgramTest):
    def refuse_edits(self, option, document, edits):
        """The first one under the launcher; the rest in a dry run, which takes the same way."""
        for number, (path, value, pattern) in enumerate(edits):
            self.write("file.json", edited(document, path, value))
            command = ("run", option, "file.json", "--out", "out")
            with self.subTest(path=path, value=value):
                self.refuse(self.launch(2, *command) if number == 0 else
                            self.alone(*command, "--dry-run", "--ranks", "2"),
                            "file.json: " + pattern)

    def test_contract(self):
        clause = r"clauses\[0\]"
        self.refuse_edits("--contract", CONTRACT, (
            (("gaurd",), "2%", "gaurd: unknown key; expected one of "),
            (("clauses", 0, "metrik"), "busbw", clause + r"\.metrik: unknown key; "),
            (("clauses", 0, "at_least"), 350, clause + r"\.at_least: 350 is not a quantity with "),
            (("clauses", 0, "at_least"), "350", clause + r'\.at_least: "350" has no unit'),
            (("clauses", 0, "at_least"), "350 GB", clause + r"\.at_least: .* is in B where B/s "),
            (("clauses", 0, "at_least"), "3 s", clause + r"\.at_least: .* is in s where B/s "),
            (("clauses", 0, "q"), 1.5, clause + r"\.q: 1\.5 is out of range; "),
            (("clauses", 0, "metric"), "speed", clause + r'\.metric: "speed" is unknown; '),
            (("clauses", 0, "at_least"), None, clause + ": the clause has no bound; ")))

    def test_contract_on_the_whole(self):
        self.refuse_edits("--contract", CONTRACT, (
            (("guard",), [1], r"guard: \[1\] is not a ratio"),
            (("confidence",), 1.2, "confidence: 1.2 is out of range"),
            (("schema_version",), "9.0.0", "schema_version: version \"9.0.0\" cannot be read"),
            (("format",), "assay.suite", 'format: "assay.suite" is unknown'),
            (("clauses",), None, "clauses: the key is missing"),
            (("clauses", 0, "of", "benchmark"), "all_rduce", ".*all_rduce.* is unknown"),
            (("clauses", 0, "of", "layout"), "ring", '.*"?ring"? (is no layout|is unknown)'),
            (("clauses", 0, "of", "type"), "fp33", ".*fp33"),
            (("clauses", 0, "of", "colour"), "red", ".*colour"),
            (("clauses", 0, "metric"), "bandwidth",
             "clause fast: all_reduce does not measure bandwidth; it measures ")))

    def test_suite(self):
        case = r"cases\[0\]"
        self.refuse_edits("--suite", SUITE, (
            (("cases", 0, "bytez"), "8", case + r"\.bytez: unknown key; "),
            (("cases", 0, "bytes"), 8, case + r'\.bytes: 8 is not a size as text; '),
            (("cases", 0, "bytes"), "8 s", case + r"\.bytes: .*unit of bytes"),
            (("cases", 0, "pilot"), -1, case + r"\.pilot: -1 is out of range"),
            (("cases", 0, "stop"), {"blocks": 46, "time": 5}, case + r"\.stop\.time: 5 is not "),
            (("cases", 0, "stop"), {}, case + r"\.stop: it must say how much is enough"),
            (("cases", 0, "layout"), "ring", case + r'\.layout: "ring" is no layout'),
            (("cases", 0, "type"), "fp33", case + r"\.type: 'fp33' is no element type"),
            (("cases", 0, "benchmark"), "all_rduce", case + r'\.benchmark: "all_rduce" is un')))

    def test_no_file(self):
        self.refuse(self.launch(2, "run", "--suite", "none.json", "--out", "out"),
                    "none.json: cannot be read: no such file or directory; check the name")
        self.refuse(self.launch(2, "run", "--contract", "none.json", "--out", "out"),
                    "none.json: cannot be read: no such file")
        self.write("cut.json", '{"format": "assay.suite", "na')
        self.refuse(self.launch(2, "run", "--suite", "cut.json", "--out", "out"),
                    "cut.json: line 1, column 30: .*; the file is truncated or no valid JSON")
        self.refuse(self.launch(2, "run", "--suite", self.folder, "--out", "out"),
                    ".*is a directory")

    def test_unreadable_file(self):
        os.symlink("loop.json", self.path("loop.json"))  # not even root reads this
        self.refuse(self.launch(2, "run", "--suite", "loop.json", "--out", "out"),
                    "loop.json: cannot be read: too many levels of symbolic links")
        if os.geteuid() != 0:  # root reads everything else
            os.chmod(self.path(self.write("closed.json", SUITE)), 0)
            self.refuse(self.launch(2, "run", "--suite", "closed.json", "--out", "out"),
                        "closed.json: cannot be read: permission denied")

    def test_clause_that_the_suite_does_not_measure(self):
        self.write("suite.json", SUITE)
        self.write("contract.json",
                   edited(CONTRACT, ("clauses", 0, "of", "bytes"), "2KiB"))
        self.refuse(self.launch(2, "run", "--suite", "suite.json", "--contract", "contract.json",
                                "--out", "out"),
                    "contract.json: clause fast: no case of suite s matches .*bytes.*; measure it")

    def test_clause_that_rests_on_peeking(self):
        self.write("contract.json", CONTRACT)
        self.refuse(self.launch(2, "run", "all_reduce", "-b", "1K", "--pacing", "stream",
                                "--precision", "0.05", "--contract", "contract.json", "--out",
                                "out"),
                    "contract.json: clause fast: .*stop by precision, which no verdict may rest on")


class Out(ProgramTest):
    def test_nothing_is_overwritten(self):
        os.mkdir(self.path("old"))
        self.write("old/kept", "kept")
        self.write("file", "kept")
        for out, what in (("old", "already exists and is not empty"), ("file", "already exists as"),
                          ("file/below", "cannot be created")):
            with self.subTest(out=out):
                run = self.launch(3, "run", "all_reduce", *SHORT, "--out", out)
                self.refuse(run, f"{out}: {what}.*; choose another --out")
        self.assertEqual(os.listdir(self.path("old")), ["kept"])
        self.assertEqual((self.read("old", "kept"), self.read("file")), (b"kept", b"kept"))

    def full_disk(self, kilobytes, arguments):
        """A run into a file system of that size."""
        os.mkdir(self.path("disk"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", self.path("disk")]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("no permission to mount a small file system")
        self.addCleanup(subprocess.run, ["umount", self.path("disk")])
        return self.launch(2, "run", *arguments, "--out", "disk/out")

    def test_disk_becomes_full(self):
        run = self.full_disk(64, ("all_reduce", "-b", "1K", "-e", "16K", "-n", "6000"))
        self.expect_sentence(run, 12, r"disk/out/\S+: cannot be written: no space left on device; "
                             "make room or choose another --out")
        judged = self.alone("judge", "disk/out/run.jsonl")
        self.expect(judged, 12, "complete .*did not complete")

    def test_disk_is_full_to_the_last_byte(self):
        """Not even the journal's footer fits: it is said all the same."""
        run = self.full_disk(4, ("all_reduce", *SHORT))
        self.expect_sentence(run, 12, r"disk/out/\S+: cannot be written: no space left on device")
        judged = self.alone("judge", "disk/out")
        self.expect(judged, 12, "complete .*(the journal has no footer|no space left on device)")


if __name__ == "__main__":
    program.main(__file__)
