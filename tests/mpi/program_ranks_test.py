#!/usr/bin/env python3
"""Odd numbers of ranks, every layout, and what needs no ranks at all."""
import hashlib
import os
import unittest

import program
from program import SHORT, ProgramTest

SWEEP = ("all_reduce", "all_to_all", "copy", "-b", "1K", "-e", "64K", "-f", "8", "-n", "20",
         "--ranks-per-node", "1", "--quiet")
ANYWHERE = "world,node,rail,each,alone"
BETWEEN_TWO = ("ping_pong", "unidirectional", "bidirectional")


class Ranks(ProgramTest):
    def sweep(self, ranks, layouts, groups):
        run = self.launch(ranks, "run", *SWEEP, "--layout", layouts, "--out", "out")
        self.expect(run, 0, "none wrong", "VERDICT: PASS")
        self.assertEqual(run.sentences, [])
        result = self.json("out", "result.json")
        # 3 benchmarks × 3 sizes × layouts, and noop.
        self.assertEqual(len(result["cases"]), 9 * len(layouts.split(",")) + 1)
        self.assertTrue(all(c["status"] == "measured" for c in result["cases"]))
        self.assertEqual([host["name"] for host in result["topology"]["hosts"]],
                         [f"node{rank}" for rank in range(ranks)])
        for layout, count in groups.items():
            listed = result["layouts"][layout]
            if isinstance(listed, list):
                self.assertEqual(len(listed), count, (layout, listed))
        self.expect(self.alone("judge", "out"), 0, "bit for bit")

    def test_1(self):
        self.sweep(1, ANYWHERE, {"world": 1, "each": 1})
        for layout, why in (("pairs", "there is 1 rank"), ("halves", "there is 1 rank"),
                            ("split:2", "2 groups of 1 ranks")):
            with self.subTest(layout=layout):
                run = self.launch(1, "run", *SWEEP, "--layout", "world," + layout, "--out", "no")
                self.expect_sentence(run, 64, f"assay run all_reduce: layout {layout}: {why}; ")

    def test_3(self):
        self.sweep(3, ANYWHERE + ",pairs,halves,split:2", {"node": 3, "halves": 2, "split:2": 2})

    def test_5(self):
        self.sweep(5, ANYWHERE + ",pairs,halves,split:2", {"node": 5, "halves": 2, "split:2": 2})

    def test_every_collective_in_a_group_of_one(self):
        """What moves nothing has no data that could be left unchecked."""
        rows = self.alone("list", "collectives").out.splitlines()
        names = [row.split()[0] for row in rows if row and not row.startswith(" ")]
        names = [name for name in names if name not in BETWEEN_TWO]
        self.assertIn("broadcast", names)
        for ranks, layouts in ((1, "world"), (3, "each,split:2")):
            with self.subTest(ranks=ranks):
                run = self.launch(ranks, "run", *names, *SHORT, "--layout", layouts, "--out",
                                  f"out{ranks}")
                self.expect(run, 0, "none wrong", "VERDICT: PASS")

    def test_every_root_says_who_reduces(self):
        """Where rank 0 only sends its part, too."""
        self.measure(ranks=3, arguments=("reduce", *SHORT, "--algorithm", "tree", "-r", "all"))
        cases = [c for c in self.json("out", "result.json")["cases"] if c["benchmark"] == "reduce"]
        self.assertEqual({c["dims"]["root"]: c["reduction"] for c in cases},
                         {"0": "assay", "1": "assay", "2": "assay"})

    def test_uneven_hosts_have_no_rails(self):
        """Three ranks cannot be stated to be hosts of two."""
        run = self.launch(3, "run", "all_reduce", "-n", "20", "--ranks-per-node", "2", "--layout",
                          "rail", "--out", "out")
        self.refuse(run, "--ranks-per-node: 2 does not divide 3 ranks; give a number")


# Who sends nothing, and who receives nothing.
EXPERTS = {2: "0,0\n7,0\n", 3: "0,5,3\n0,0,0\n1,0,9000000000\n"}


class Traffic(ProgramTest):
    def measure_matrix(self, ranks):
        """What was used is found in the result, and what was sent is what the matrix says."""
        os.mkdir(self.path("data"))
        self.write("data/moe.csv", EXPERTS[ranks])
        self.measure(ranks=ranks, arguments=(
            "all_to_all_v", "-b", "8", "-e", "1M", "-f", "64", "-n", "20", "--algorithm",
            "native,pairwise", "--set", "counts=file:data/moe.csv", "--quiet"))
        digest = hashlib.sha256(EXPERTS[ranks].encode()).hexdigest()
        self.assertEqual(self.read("out", f"counts-{digest[:12]}.csv").decode(), EXPERTS[ranks])
        cases = [c for c in self.json("out", "result.json")["cases"]
                 if c["benchmark"] == "all_to_all_v"]
        self.assertEqual({c["dims"]["counts"] for c in cases}, {f"file:moe.csv#{digest[:12]}"})
        self.assertEqual(len(cases), 6)
        for case in cases:
            self.assertEqual((case["status"], case["verify"]["after"]["wrong"]), ("measured", 0))
            self.assertGreater(case["verify"]["after"]["checked"], 0)
            # Rounded down to whole elements, but to one at least.
            self.assertAlmostEqual(int(case["notes"]["actual_bytes"]), case["dims"]["bytes"],
                                   delta=8 * ranks)
        self.expect(self.alone("judge", "out"), 0, "bit for bit")
        return f"counts-{digest[:12]}.csv"

    def test_2(self):
        kept = self.measure_matrix(2)
        self.write("same.csv", EXPERTS[2])
        self.measure(out="twice", arguments=("all_to_all_v", *SHORT, "--set",
                                             "counts=file:data/moe.csv,file:same.csv"))
        self.assertEqual(self.read("twice", "SHA256SUMS").decode().count(kept), 1)

    def test_3(self):
        kept = self.measure_matrix(3)
        self.write("out/" + kept, EXPERTS[2])
        self.expect_sentence(self.alone("judge", "out"), 64, f"out/{kept}: has 8 bytes, the result")
        os.remove(self.path("out", kept))
        self.expect_sentence(self.alone("judge", "out"), 64, f"out/{kept}: cannot be read")

    def test_dry_run(self):
        self.write("moe.csv", EXPERTS[3])
        run = self.alone("run", "all_to_all_v", "--set", "counts=file:moe.csv", "--ranks", "3",
                         "--dry-run")
        self.expect(run, 0, "all_to_all_v 1 MiB fp32 file:moe.csv#[0-9a-f]{12} world")


class WithoutRanks(ProgramTest):
    def test_dry_run(self):
        run = self.alone("run", "all_reduce", "-b", "8", "-e", "1M", "-f", "8", "--layout",
                         "world,pairs", "--ranks", "1024", "--ranks-per-node", "8", "--dry-run")
        self.expect(run, 0, "13 cases on 1024 ranks, 128 hosts, seed ", "all_reduce 256 KiB fp32 "
                    "sum pairs isolated +1023 rounds", r"about \d+ s .*up to [\d.]+ MiB of memory per rank: [\d.]+ MiB of buffers")
        self.assertEqual(run.err, "")
        for suite in ("quick", "node"):
            path = f"{program.SOURCE}/configs/suites/{suite}.json"
            self.expect(self.alone("run", "--suite", path, "--ranks", "64", "--dry-run"), 0,
                        r"\d+ cases on 64 ranks, 1 host, ")

    def test_dry_run_under_the_launcher(self):
        run = self.launch(3, "run", "all_reduce", "-b", "8", "--dry-run", "--out", "out")
        self.expect(run, 0, "2 cases on 3 ranks, 1 host, ")
        self.assertEqual(run.out.count("cases on"), 1)
        with self.assertRaises(OSError):
            self.read("out")

    def test_lists(self):
        for what, phrases in (
                ("benchmarks", ("all_reduce", "gemm", "dimensions: ", "metrics: ")),
                ("collectives", ("all_reduce", "all_to_all")), ("metrics", ("busbw", "is better")),
                ("backends", ("mpi", "nccl .*(not built|no GPU here)")), ("types", ("bf16 +2 bytes",)),
                ("ops", ("sum", "avg")), ("layouts", ("pairs", "split:"))):
            with self.subTest(what=what):
                run = self.alone("list", what)
                self.expect(run, 0, *phrases)
                self.assertEqual(run.err, "")

    def test_lists_of_files(self):
        self.expect_sentence(self.alone("list", "suites"), 64,
                             "configs/suites: there is no such folder here; run this where ")
        self.folder, own = program.SOURCE, self.folder
        self.expect(self.alone("list", "suites"), 0, r"configs/suites/quick\.json +\S")
        self.expect(self.alone("list", "contracts"), 0, r"configs/contracts/quickstart\.json +\S")
        self.folder = own

    def test_help(self):
        for arguments, phrase in (((), "mpirun -n 2 assay run --contract"),
                                  (("run",), "mpirun -n 8 assay run all_reduce -b 8 -e 64M"),
                                  (("judge",), "assay judge results/today --contract")):
            with self.subTest(arguments=arguments):
                run = self.alone(*arguments, "--help")
                self.expect(run, 0, "Examples: .*" + phrase)
                self.assertEqual(run.err, "")
        self.expect(self.alone("--version"), 0, r"^assay \d+\.\d+\.\d+")

    def test_help_is_printed_once(self):
        run = self.launch(3, "--help")
        self.expect(run, 0)
        self.assertEqual(run.out.count("Examples:"), 1)


if __name__ == "__main__":
    program.main(__file__)
