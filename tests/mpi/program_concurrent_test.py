#!/usr/bin/env python3
"""Collectives that go on beside compute or beside each other: what a run keeps and judges of them.

No figure is asserted: only that it is there, made of the times beside it, and can be judged.
"""
import struct

import program
from program import ProgramTest

SHORT = ("-b", "4K", "-w", "2", "--warmup-time", "0.001", "-n", "20", "--quiet")
ALIKE = (*SHORT, "--sync", "barrier")  # exactly so many iterations


class Concurrent(ProgramTest):
    def series(self, case):
        """Name → values of group 0, from wherever they are kept."""
        samples = case["samples"]
        found = {s["name"]: s["values"][0] for s in samples.get("inline", [])}
        at = samples.get("offset", 0)
        for one in samples.get("series", []):
            counts = one["counts"]
            if isinstance(counts, int):
                counts = [counts] * samples["groups"]
            found[one["name"]] = struct.unpack_from(f"<{counts[0]}f",
                                                    self.read("out", "samples.f32"), at)
            at += 4 * sum(counts)
        return found

    def case_of(self, benchmark):
        return next(c for c in self.json("out", "result.json")["cases"]
                    if c["benchmark"] == benchmark)

    def contract(self, of, metric, bound):
        return self.write("contract.json", {
            "format": "assay.contract", "schema_version": "0.1.0", "name": "c",
            "clauses": [{"id": "it", "of": of, "metric": metric, "q": 0.5, **bound}]})

    def test_overlap_is_kept_with_the_times_that_make_it(self):
        self.measure(arguments=("overlap", "--set", "progress=poll", *ALIKE))
        case = self.case_of("overlap")
        series = self.series(case)
        self.assertEqual(len(series["overlap"]), 20)
        for ratio, comm, compute, both in zip(series["overlap"], series["t_comm"],
                                              series["t_compute"], series["t_max"]):
            expected = max(0, (comm + compute - both) / min(comm, compute))
            self.assertAlmostEqual(ratio, expected, delta=1e-3 * max(1, expected))
        self.assertEqual(case["verify"]["after"]["wrong"], 0)
        self.assertGreater(case["verify"]["after"]["checked"], 0)
        self.assertEqual(case["path"], "native nonblocking")

    def test_a_clause_on_overlap_is_measured_and_judged(self):
        # Beyond what any machine reaches, and below what any can miss.
        self.contract({"benchmark": "overlap", "bytes": "4KiB"}, "overlap", {"at_least": 1000})
        run = self.launch(2, "run", "--contract", "contract.json", "--blocks", "46",
                          "--block-length", "1", "--pilot", "20", "--quiet", "--out", "out")
        self.expect(run, 10, "FAIL +it ", "overlap")
        self.expect(self.alone("judge", "out"), 10, "VERDICT: FAIL", "reproduced bit for bit")

    def test_congestion_on_two_layouts_at_once(self):
        self.measure(ranks=4, arguments=("congestion", "--layout", "rail", "--ranks-per-node", "2",
                                         "--beside", "all_to_all:layout=node,bytes=8K", *ALIKE))
        case = self.case_of("congestion")
        series = self.series(case)
        self.assertEqual(len(series["slowdown"]), 20)
        for ratio, alone, beside in zip(series["slowdown"], series["t_alone"], series["t_max"]):
            self.assertAlmostEqual(ratio, beside / alone, delta=1e-3 * ratio)
        self.assertEqual(len(series["t_companion"]), 20)
        self.assertEqual(case["dims"]["beside"],
                         "all_to_all:layout=node,bytes=8192,type=fp32,op=sum")
        # Both buffers of every rank: 1,024 elements of one, 2,048 of the other.
        self.assertEqual(case["verify"]["after"]["checked"], 4 * (1024 + 2048))
        self.assertEqual(case["verify"]["after"]["wrong"], 0)
        self.assertIn("node", self.json("out", "result.json")["layouts"])
        self.assertEqual(self.alone("judge", "out").code, 0)

    def test_congestion_may_start_at_an_agreed_time(self):
        # As the clock allows: late starts are made up for in whole iterations, of all turns.
        self.measure(arguments=("congestion", "-b", "8", "--beside", "all_to_all:bytes=8",
                                *SHORT[2:]))
        case = self.case_of("congestion")
        self.assertIn(case["notes"]["sync"].split(",")[0], ("barrier", "round-time"))
        series = self.series(case)
        for name in ("slowdown", "t_alone", "t_companion", "late", "t_span", "last_arriver"):
            if name in ("slowdown", "t_alone", "t_companion") or name in series:
                self.assertEqual(len(series[name]), len(series["t_max"]), name)
        self.assertGreaterEqual(len(series["t_max"]), 20)
        self.assertEqual("late" in series, case["notes"]["sync"].startswith("round-time"))
        self.assertEqual(case["verify"]["after"]["wrong"], 0)

    def test_what_cannot_go_on_at_once_is_refused_or_skipped(self):
        self.refuse(self.launch(2, "run", "congestion", "--beside", "all_to_all:layout=moon",
                                "--out", "out"), ".*\"moon\" is no layout")
        self.refuse(self.launch(2, "run", "all_reduce", "--beside", "all_to_all", "--out", "out"),
                    ".*no such dimension")
        self.refuse(self.launch(4, "run", "congestion", "--beside", "all_to_all:layout=pairs",
                                *SHORT, "--out", "out"), ".*beside it, layout pairs has rounds")
        self.refuse(self.launch(4, "run", "congestion", "--layout", "pairs", *SHORT, "--out",
                                "out"), "(?!.*beside it).*layout pairs has rounds")

    def test_dry_run_names_what_is_beside(self):
        run = self.alone("run", "congestion", "--beside", "all_to_all:layout=node,bytes=1M",
                         "--layout", "rail", "--dry-run", "--ranks", "4", "--ranks-per-node", "2")
        self.expect(run, 0, "congestion all_reduce 1 MiB fp32 sum beside all_to_all:layout=node,"
                            "bytes=1048576,type=fp32,op=sum rail isolated")


if __name__ == "__main__":
    program.main(__file__)
