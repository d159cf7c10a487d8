#!/usr/bin/env python3
"""Real ranks, disturbed: who notices, who is named, who speaks, how the run ends.

usage: watchdog_test.py MPIRUN PROGRAM [unittest arguments]
"""
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import program

MPIRUN, PROGRAM = ("mpirun",), ""
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_mpi_yield_when_idle="1", MPIR_CVAR_POLLS_BEFORE_YIELD="1")


class Run:
    """One launch of the program in a folder of its own."""

    def __init__(self, ranks, plan, actor=None):
        self.ranks = ranks
        self.folder = tempfile.mkdtemp(prefix="assay-watchdog-")
        command = [*MPIRUN, "-n", str(ranks), PROGRAM, self.folder, plan] + ([str(actor)] if actor is not None else [])
        self.launcher = subprocess.Popen(command, env=ENVIRONMENT, text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in (self.pid(rank) for rank in range(self.ranks)):
            try:
                with open(f"/proc/{pid}/cmdline") as command:
                    if self.folder in command.read():
                        os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # gone
        if self.launcher.poll() is None:
            self.launcher.kill()
        self.launcher.communicate()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.path(name)) as file:
                return file.read()
        except OSError:
            return ""

    def pid(self, rank):
        text = self.read(f"pid-{rank}")
        return int(text) if text else None

    def await_loop(self):
        """Every rank is in its loop and beats."""
        end = time.monotonic() + 15
        while not all(self.read(f"journal-{rank}") for rank in range(self.ranks)):
            if time.monotonic() > end or self.launcher.poll() is not None:
                raise AssertionError("the ranks did not start: " + self.launcher.stderr.read())
            time.sleep(0.02)
        time.sleep(0.4)

    def kill(self, rank, number):
        os.kill(self.pid(rank), number)

    def finish(self, limit_s=30):
        begin = time.monotonic()
        self.out, self.err = self.launcher.communicate(timeout=limit_s)
        self.took_s = time.monotonic() - begin
        return self.launcher.returncode

    def await_footer(self, limit_s):
        """Seconds until somebody had written the footer."""
        begin = time.monotonic()
        while time.monotonic() - begin < limit_s:
            if any(self.read(os.path.basename(f)) for f in glob.glob(self.path("footer-*"))):
                return time.monotonic() - begin
            time.sleep(0.01)
        raise AssertionError(f"no footer within {limit_s} s")

    def roles(self):
        return {rank: self.read(f"heard-{rank}") for rank in range(self.ranks)
                if os.path.exists(self.path(f"heard-{rank}"))}

    def speakers(self):
        return [rank for rank, role in self.roles().items() if role == "speak"]


def deputy(ranks):
    """The program puts two ranks on each imaginary host."""
    return 2 if ranks > 2 else 1


class WatchdogTest(unittest.TestCase):
    def expect_incident(self, run, speaker, pattern, stopped=()):
        """One rank speaks, every live one logs the same and its own position; a `stopped` one may
        find nothing but the end."""
        self.assertEqual(run.speakers(), [speaker], (run.roles(), run.err))
        self.assertRegex(run.read(f"footer-{speaker}"), pattern)
        self.assertEqual(len(re.findall(pattern, run.err)), 1, run.err)
        live = run.roles()
        for rank in live:
            log = run.read(f"rank-{rank}.log")
            also = rf"|rank {rank} on host n{rank // 2} was stopped for" if rank in stopped else ""
            self.assertRegex(log, pattern + also)
            self.assertIn(f"rank {rank} on host n{rank // 2} (pid {run.pid(rank)}) was in", log)

    def expect_end(self, run):
        """The launcher reports what the ranks returned."""
        self.assertIn(run.finish(), program.codes(12), run.err)

    # --- a normal end ---

    def test_normal_end_is_silent(self):
        for ranks in (1, 2, 3, 5):
            with self.subTest(ranks=ranks), Run(ranks, "short") as run:
                self.assertEqual(run.finish(), 0, run.err)
                self.assertEqual(run.out + run.err, "")
                self.assertEqual(len(glob.glob(run.path("finished-*"))), ranks)
                self.assertEqual(run.roles(), {})
                self.assertEqual(glob.glob(run.path("rank-*.log")), [])

    def test_waiting_for_a_rank_that_works_is_no_hang(self):
        with Run(4, "alone", 2) as run:
            self.assertEqual(run.finish(), 0, run.err)
            self.assertEqual(run.out + run.err, "")

    # --- a rank that does not come ---

    def test_absent_at_start_up(self):
        for actor, speaker in ((0, 1), (3, 0)):
            with self.subTest(actor=actor), Run(4, "absent", actor) as run:
                self.expect_end(run)
                self.assertEqual(re.findall(r"rank (\d) on host n\d: start-up has taken", run.err),
                                 [str(speaker)], run.err)

    def test_stop_before_the_inventory(self):
        for actor in (0, 1):
            with self.subTest(actor=actor), Run(2, "inventory", actor) as run:
                self.expect_end(run)
                self.assertIn("the ranks have not all come together", run.err)
                self.assertEqual(run.roles(), {})

    def test_absent_at_the_end(self):
        with Run(3, "linger", 1) as run:
            self.expect_end(run)
            self.expect_incident(run, 0, r"rank 1 on host n0 has made no progress for \d\.\d s")

    # --- a stopped rank ---

    def stop_one(self, ranks, victim, plan="steady", actor=None):
        with Run(ranks, plan, actor) as run:
            run.await_loop()
            stopped_at = time.monotonic()
            run.kill(victim, signal.SIGSTOP)
            self.expect_end(run)
            self.assertLess(run.took_s, 8)
            speaker = 0 if victim != 0 else deputy(ranks)
            where = r"case c001 \(all_reduce 8 B\), timed iteration \d+, "
            where += "inside the operation" if plan == "slow" else "(inside|between)"
            self.expect_incident(
                run, speaker,
                rf"rank {victim} on host n{victim // 2} has sent no heartbeat for \d\.\d s; "
                rf"last seen in {where}", stopped=[victim])
            # The launcher continued the stopped rank: it wrote nothing more.
            lines = [float(line) for line in run.read(f"journal-{victim}").split()]
            self.assertEqual([line for line in lines if line > stopped_at + 0.05], [])

    def test_stop_rank_0(self):
        for ranks in (2, 4):
            with self.subTest(ranks=ranks):
                self.stop_one(ranks, 0)

    def test_stop_rank_0_inside(self):
        self.stop_one(4, 0, "slow", 3)

    def test_stop_deputy(self):
        self.stop_one(3, 2)

    def test_stop_other_rank(self):
        self.stop_one(5, 3)

    def test_stop_other_rank_inside(self):
        self.stop_one(4, 3, "slow", 1)

    def test_stop_both_monitors(self):
        with Run(4, "steady") as run:
            run.await_loop()
            run.kill(0, signal.SIGSTOP)
            run.kill(2, signal.SIGSTOP)
            self.expect_end(run)
            self.expect_incident(
                run, 1, r"rank 0 on host n0 and rank 2 on host n1 have not answered for \d\.\d s",
                stopped=[0, 2])

    def test_short_stop_is_survived(self):
        for victim in (0, 2, 3):
            with self.subTest(victim=victim), Run(4, "steady") as run:
                run.await_loop()
                run.kill(victim, signal.SIGSTOP)
                time.sleep(0.4)
                run.kill(victim, signal.SIGCONT)
                time.sleep(1.5)
                self.assertIsNone(run.launcher.poll())
                self.assertEqual(run.roles(), {})

    # --- a killed rank ---

    def kill_one(self, ranks, victim, number=signal.SIGKILL):
        if program.HYDRA:
            self.skipTest("Hydra kills all ranks at once when one is killed: nobody can say so")
        with Run(ranks, "steady") as run:
            run.await_loop()
            run.kill(victim, number)
            self.assertLess(run.await_footer(1), 0.9)
            self.assertNotEqual(run.finish(), 0)  # the launcher's own: 137, or the ranks' 12
            speaker = 0 if victim != 0 else deputy(ranks)
            self.expect_incident(run, speaker,
                                 rf"rank {victim} on host n{victim // 2} is gone .*last seen in "
                                 r"case c001 \(all_reduce 8 B\), timed iteration \d+")

    def test_kill_each_rank(self):
        for victim in range(4):
            with self.subTest(victim=victim):
                self.kill_one(4, victim)

    def test_kill_of_two_ranks(self):
        for victim in range(2):
            with self.subTest(victim=victim):
                self.kill_one(2, victim)

    def test_crash(self):
        self.kill_one(3, 1, signal.SIGSEGV)

    # --- signals ---

    def test_signal_to_launcher(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number), Run(4, "steady") as run:
                run.await_loop()
                run.launcher.send_signal(number)
                self.assertLess(run.await_footer(1.5), 1)
                run.finish()
                self.assertEqual(run.speakers(), [0])
                # Hydra passes the signal on, and it reaches any of the ranks first.
                how = (r"rank \d on host n\d received SIG" if program.HYDRA else
                       "the launcher ends the run ")
                self.assertRegex(run.read("footer-0"), how + ".* in case c001")

    def test_signal_to_one_rank(self):
        for victim in (0, 2, 3):
            with self.subTest(victim=victim), Run(4, "steady") as run:
                run.await_loop()
                run.kill(victim, signal.SIGTERM)
                self.expect_end(run)
                self.expect_incident(
                    run, 0, rf"rank {victim} on host n{victim // 2} received SIGTERM in case c001")

    def test_signal_to_a_run_of_one(self):
        with Run(1, "steady") as run:
            run.await_loop()
            run.kill(0, signal.SIGINT)
            self.expect_end(run)
            self.expect_incident(run, 0, r"rank 0 on host n0 received SIGINT \(Ctrl-C\)")

    # --- a rank that fails, or hangs ---

    def test_announced_failure(self):
        for ranks, actor in ((4, 0), (4, 2), (4, 3), (1, 0)):
            with self.subTest(ranks=ranks, actor=actor), Run(ranks, "raise", actor) as run:
                self.expect_end(run)
                self.expect_incident(run, 0, rf"rank {actor} on host n{actor // 2}: no space left")

    def test_exception_that_ends_the_watchdog(self):
        for actor in (0, 2, 3):
            with self.subTest(actor=actor), Run(4, "unwind", actor) as run:
                self.expect_end(run)
                speaker = 0 if actor != 0 else deputy(4)
                self.assertIn(f"rank {actor}: a defect", run.err)
                self.assertNotIn(actor, run.roles())
                self.expect_incident(run, speaker,
                                     rf"rank {actor} on host n{actor // 2} left the run because")

    def test_stuck_rank(self):
        self.stick(4, 0)

    def test_stuck_other_rank(self):
        self.stick(4, 3)

    def test_stuck_run_of_one(self):
        self.stick(1, 0)

    def stick(self, ranks, actor):
        with Run(ranks, "spin", actor) as run:
            self.expect_end(run)
            self.expect_incident(
                run, 0, rf"rank {actor} on host n{actor // 2} has made no progress for "
                r"\d\.\d s; last seen in case c001 .*iteration 100, between operations")


if __name__ == "__main__":
    MPIRUN, PROGRAM = shlex.split(sys.argv[1]), sys.argv[2]
    if shutil.which(MPIRUN[0]) is None:
        print(f"skipped: {MPIRUN[0]} not found")
        sys.exit(77)
    program.HYDRA = program.is_hydra(MPIRUN[0])
    program.run_scenario([sys.argv[0]] + sys.argv[3:])
