#!/usr/bin/env python3
"""One clock over all ranks, as the document holds it: span, transfer and who came last."""
import statistics
import struct
import unittest

import program
from program import ProgramTest, faults

# Every operation sleeps for 50 ms: what the machine adds vanishes beside it.
PACE_S = 0.05
PACE = f"pace:floor={PACE_S}"
RUN = ("all_reduce", "-b", "1K", "-n", "64", "-w", "1", "--warmup-time", "0",
       "--sync", "barrier", "--quiet")


class ClockTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.said = {}  # folder → stdout

    def run_case(self, ranks, out, fault="", arguments=RUN, code=0, **others):
        run = self.launch(ranks, "run", *arguments, "--out", out,
                          environment=faults(fault, **others))
        self.assertEqual(run.code, code, run)
        self.said[out] = run.flat
        return self.case(out)

    def run_known(self, ranks, out, *arguments, **others):
        """The same, with the clock known well enough: on a busy machine not at the first try."""
        for attempt in range(3):
            case = self.run_case(ranks, f"{out}-{attempt}", *arguments, **others)
            if "transfer" not in case["absent"] and "last_arriver" not in case["absent"]:
                return f"{out}-{attempt}"
            self.assertRegex(case["absent"]["transfer"], "the clock error of up to")
        return self.skipTest(f"{case['absent']}: other programs hold the cores")

    def case(self, out):
        return next(c for c in self.json(out, "result.json")["cases"] if c["benchmark"] != "noop")

    def clock(self, out):
        return self.json(out, "result.json")["run"]["clock"]

    def series(self, out, name):
        """The values of the only group."""
        samples = self.case(out)["samples"]
        values = struct.unpack_from(f"<{samples['bytes'] // 4}f",
                                    self.read(out, samples["file"]), samples["offset"])
        at = 0
        for series in samples["series"]:
            if series["name"] == name:
                return values[at:at + series["counts"]]
            at += series["counts"]
        raise AssertionError(f"no {name} in {samples['series']}")

    def expect_paced(self, out):
        """Span and transfer are the 50 ms; a clock a second off would show."""
        for name in ("t_span", "t_transfer"):
            median = statistics.median(self.series(out, name))
            self.assertGreater(median, 0.8 * PACE_S, name)
            self.assertLess(median, 1.5 * PACE_S, name)


class Shifted(ClockTest):
    def recover(self, ranks):
        """Span and transfer with one rank's clock a second off and drifting are those without."""
        true = self.run_known(ranks, "true", PACE)
        shifted = self.run_known(ranks, "shifted", PACE,
                                 clock_fault=f"clock:ranks={ranks - 1}:shift=1:drift=5e-5")
        for out in (true, shifted):
            self.expect_paced(out)
            clock = self.clock(out)
            self.assertEqual((clock["common"], clock["method"]), (True, "HCA3"))
            self.assertEqual(clock["sync"]["unsteady"], 0, clock)
            self.assertGreater(clock["sync"]["synchronisations"], 3, clock)
            # Whoever knows teaches the rank at distance …, 4, 2, 1: a hop for every bit of a rank.
            hops = max(bin(rank).count("1") for rank in range(ranks))
            self.assertEqual(clock["sync"]["hops"], hops, clock)
        sync = self.clock(shifted)["sync"]
        self.assertLess(sync["bound_s"], 1)
        self.assertLessEqual(sync["estimate_s"], sync["bound_s"])
        if "drift" in sync:  # unknown where the machine is too busy to tell
            self.assertGreater(sync["drift"], 2.5e-5)

    def test_on_two_ranks(self):
        self.recover(2)

    def test_on_three_ranks(self):
        self.recover(3)

    def test_on_five_ranks(self):
        self.recover(5)

    def test_a_stepped_clock_leaves_span_absent_and_is_warned_of(self):
        case = self.run_case(2, "stepped", PACE, clock_fault="clock:ranks=1:step_at=2.5")
        for name in ("span", "transfer", "last_arriver"):
            self.assertRegex(case["absent"][name], "could not be brought together")
        self.assertEqual(case["n"], 64)
        self.assertGreaterEqual(self.clock("stepped")["sync"]["unsteady"], 1)
        warnings = self.json("stepped", "result.json")["warnings"]
        self.assertIn("clock_unsteady", [w["code"] for w in warnings])


class Late(ClockTest):
    def arrive_late(self, ranks):
        """0.1 s late out of the barrier: the others wait in the operation for so long."""
        late = ranks - 1
        out = self.run_known(ranks, "late", team_fault=f"tarry:ranks={late}:delay=0.1",
                             clock_fault=f"clock:ranks={late}:shift=-1")
        last = self.series(out, "last_arriver")
        self.assertGreater(sum(rank == late for rank in last), 0.8 * len(last), last)
        typical = self.series(out, "rank_p50")
        self.assertEqual(min(typical), typical[late], typical)
        self.assertLess(typical[late], 0.05)
        for rank in range(late):
            self.assertGreater(typical[rank], 0.08, typical)
        self.assertGreater(statistics.median(self.series(out, "t_max")), 0.08)

    def test_on_two_ranks(self):
        self.arrive_late(2)

    def test_on_three_ranks(self):
        self.arrive_late(3)

    def test_on_five_ranks(self):
        self.arrive_late(5)

    def test_the_table_names_who_comes_last(self):
        out = self.run_known(3, "out", team_fault="tarry:ranks=1:delay=0.1")
        self.assertRegex(self.said[out], r"last to arrive: rank 1 in (\d\d|100)% of iterations")


class Absent(ClockTest):
    CLAUSE = {"id": "quick", "metric": "transfer", "q": 0.5, "at_most": "10 s",
              "of": {"benchmark": "all_reduce", "bytes": "8B"}}
    CONTRACT = {"format": "assay.contract", "schema_version": "0.1.0", "name": "x", "guard": "20%",
                "clauses": [CLAUSE]}
    BLOCKS = ("all_reduce", "-b", "8", "--blocks", "64", "--block-length", "1", "--pilot", "20",
              "-w", "1", "--warmup-time", "0", "--sync", "barrier", "--quiet")

    def test_operations_shorter_than_the_clock_error_have_no_transfer(self):
        # A stretched ping-pong: nobody knows a clock to better than the 20 ms a rank sleeps.
        case = self.run_case(2, "out", team_fault="lag:ranks=1:delay=0.02")
        self.assertRegex(case["absent"]["transfer"], "the clock error of up to .* is more than 1%")
        names = [series["name"] for series in case["samples"]["series"]]
        self.assertNotIn("t_transfer", names)
        self.assertIn("t_max", names)

    def test_a_clause_on_it_is_not_measured(self):
        self.write("c.json", self.CONTRACT)
        case = self.run_case(2, "out", team_fault="lag:ranks=1:delay=0.02",
                             arguments=(*self.BLOCKS, "--contract", "c.json"), code=11)
        finding = self.finding("quick")
        self.assertEqual(finding["outcome"], "not_measured", finding)
        self.assertIn("transfer is absent: the clock error of up to", str(finding))

    def test_a_clause_on_it_is_judged_where_it_is_there(self):
        self.write("c.json", self.CONTRACT)
        for attempt in range(3):
            out = f"out-{attempt}"
            run = self.launch(2, "run", *self.BLOCKS, "--contract", "c.json", "--out", out,
                              environment=faults(PACE))
            finding = self.finding("quick", out)
            if finding["outcome"] != "not_measured":
                self.assertEqual((run.code, finding["outcome"]), (0, "pass"), run)
                return
            self.assertIn("the clock error of up to", str(finding))
        self.skipTest(f"{finding}: other programs hold the cores")


if __name__ == "__main__":
    program.main(__file__)
