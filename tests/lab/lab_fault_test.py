#!/usr/bin/env python3
"""Ranks that stop or die on another host, and a host that is cut off: the run ends with exit code
12 and names them.

usage: lab_fault_test.py ASSAY [unittest arguments]
"""
import signal
import time
import unittest

import lab_assay
from lab_assay import Lab

INCOMPLETE, KILLED = 12, 137
HEARTBEAT_S = 5   # a rank unheard for so long is missing
SLACK_S = 15      # for a machine whose few cores serve all hosts, and for mpirun
ENDLESS = ["all_reduce", "-b", "256K", "-n", "1000000", "-w", "5", "--max-time-per-case", "600"]
TELL_CODE = '"$@"; echo "rank $OMPI_COMM_WORLD_RANK left with $?"'


class FaultTest(unittest.TestCase):
    def running(self, rank, wrapper=()):
        """Two hosts of two ranks, in the middle of operations as seen from the host of `rank`."""
        lab = Lab(2, 2)
        self.addCleanup(lab.__exit__)
        lab.start(ENDLESS, wrapper)
        lab.await_traffic(rank)
        return lab

    def finish(self, lab):
        """The exit code of mpirun."""
        begin = time.monotonic()
        code = lab.finish(90)
        self.took_s = time.monotonic() - begin
        print(f"ended after {self.took_s:.1f} s with {code}\n{lab.stdout}\n{lab.stderr}")
        return code

    def await_no_rank(self, lab):
        """Waits until every rank has left by itself, whatever mpirun does."""
        begin = time.monotonic()
        while any(lab.pid(rank) for rank in range(4)):
            self.assertLess(time.monotonic() - begin, HEARTBEAT_S + SLACK_S, lab.said())
            time.sleep(0.2)
        self.took_s = time.monotonic() - begin
        time.sleep(1)  # what they said is still under way through mpirun

    def expect_named(self, lab, pattern):
        """One rank says it, once."""
        spoken = [line for line in lab.stderr.splitlines() if line.startswith("assay: ")]
        self.assertEqual(len(spoken), 1, lab.stderr)
        self.assertRegex(spoken[0], pattern)
        self.assertLess(self.took_s, HEARTBEAT_S + SLACK_S)

    def expect_footer(self, lab, pattern):
        footer = lab.journal()[-1]
        self.assertTrue(footer.get("footer"), footer)
        self.assertFalse(footer["complete"])
        self.assertRegex(footer["reason"], pattern)

    def test_stopped_remote_rank_is_named(self):
        lab = self.running(3)
        lab.kill(3, signal.SIGSTOP)
        self.assertEqual(self.finish(lab), INCOMPLETE)
        self.expect_named(lab, "rank 3 on host n1 .*all_reduce 256 KiB")
        self.expect_footer(lab, "rank 3 on host n1")

    def test_killed_remote_rank_is_named(self):
        lab = self.running(3)
        lab.kill(3, signal.SIGKILL)
        # Whose end mpirun reports is mpirun's affair.
        self.assertIn(self.finish(lab), (INCOMPLETE, KILLED))
        self.expect_named(lab, "rank 3 on host n1 ")
        self.expect_footer(lab, "rank 3 on host n1")

    def test_stopped_rank_0_is_named_from_the_other_host(self):
        lab = self.running(2)
        lab.kill(0, signal.SIGSTOP)
        self.assertEqual(self.finish(lab), INCOMPLETE)
        self.expect_named(lab, "rank 0 on host n0 ")

    def test_pulled_cable_names_the_host(self):
        """Ranks on both sides leave. mpirun itself waits for its daemon on the lost host, and is
        ended here with the lab."""
        lab = self.running(3, ["bash", "-c", TELL_CODE, "wrapper"])
        lab.pull_cable(3)
        self.await_no_rank(lab)
        stdout, lab.stderr = lab.said()
        codes = sorted(line for line in stdout.splitlines() if "left with" in line)
        # The launcher ends the wrapper of a rank that leaves after the first before it can speak.
        self.assertIn(f"rank 0 left with {INCOMPLETE}", codes)
        self.assertTrue(all(line.endswith(f" {INCOMPLETE}") for line in codes), codes)
        # Two heartbeats of one host need not fall silent in the same moment.
        gone = r"(ranks 2-3|rank [23]) on host n1"
        self.expect_named(lab, gone + " ")
        self.expect_footer(lab, gone)


if __name__ == "__main__":
    lab_assay.main()
