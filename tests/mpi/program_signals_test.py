#!/usr/bin/env python3
"""A run that is ended, stopped, killed or hangs: who is named, and what is left."""
import os
import re
import signal
import unittest

import program
from program import ProgramTest, await_true, faults, processes_of

# Some finished cases within a second; some minutes in all.
LONG = ("all_reduce", "-b", "8", "-e", "16M", "-f", "2", "--repetitions", "8", "--time", "0.3",
        "-w", "5", "--warmup-time", "0", "--pilot", "20", "--ranks-per-node", "1", "--quiet")


class Disturbed(ProgramTest):
    def begin(self, ranks, *options, environment=None, cases=1):
        """A long run of which some cases are finished."""
        program_path = program.FAULTY if environment else program.ASSAY
        command = self.launcher(ranks, program_path, "run", *LONG, *options, "--out", "out")
        self.process = self.start(command, environment)
        await_true(lambda: self.finished_cases() >= cases, self.process)

    def finished_cases(self):
        try:
            return self.read("out", "run.jsonl").count(b"\n") - 1
        except OSError:
            return 0

    def signal_rank(self, rank, number):
        os.kill(processes_of(self.folder)[rank], number)

    def expect_readable(self, cases, reason):
        """The evidence can be judged; it holds the finished cases, and says why it ends."""
        judged = self.alone("judge", "out")
        self.expect(judged, 12, "correct .*none wrong", f"complete .*did not complete: {reason}",
                    "VERDICT: NOT MEASURED")
        self.assertGreaterEqual(self.finished_cases(), cases)
        again = self.alone("judge", "out/run.jsonl")
        self.expect(again, 12, reason)

    # --- the launcher is told to end the run ---

    def end_by(self, number):
        self.begin(2, cases=2)
        self.process.send_signal(number)
        run = self.finish(self.process)
        ended = "the launcher ends the run"
        if program.HYDRA:  # it passes the signal on, and may itself end with 0
            ended = r"rank \d on host .* received SIG"
        else:
            self.assertNotEqual(run.code, 0)
        self.assertEqual(len(run.sentences), 1, run)
        self.assertRegex(run.sentences[0], rf"assay: {ended}.*in case c\d+ ")
        self.assertRegex(run.err, r"INCOMPLETE: \d+ of 177 cases are in out   exit 12")
        result = self.json("out", "result.json")
        self.assertFalse(result["run"]["complete"])
        self.assertGreaterEqual(len(result["cases"]), 2)
        self.expect_readable(2, ended)

    def test_end_by_sigterm(self):
        self.end_by(signal.SIGTERM)

    def test_end_by_sigint(self):
        self.end_by(signal.SIGINT)

    # --- one rank is disturbed ---

    def disturb(self, number, victim, pattern, ranks=3, code=12):
        self.begin(ranks)
        self.signal_rank(victim, number)
        run = self.finish(self.process)
        self.expect_sentence(run, code, pattern)
        return run

    def stop(self, victim):
        pattern = (rf"rank {victim} on host \S+ \(node{victim}\) has sent no heartbeat for "
                   r"\d+\.\d s; last seen in ")
        self.disturb(signal.SIGSTOP, victim, pattern)
        # The stopped rank is continued at the end: it adds nothing but how it ended.
        self.expect_readable(1, f"(rank {victim} on host .*no heartbeat|the journal has no footer)")

    def test_stop_rank_0(self):
        self.stop(0)

    def test_stop_rank_1(self):
        self.stop(1)

    def kill(self, victim):
        if program.HYDRA:
            return self.kill_all_by(victim)
        pattern = rf"rank {victim} on host \S+ \(node{victim}\) is gone .*last seen in case"
        run = self.disturb(signal.SIGKILL, victim, pattern, code=137)
        self.assertEqual(os.path.exists(self.path("out", "result.json")), victim != 0, run)
        self.expect_readable(1, "the journal has no footer" if victim == 0 else
                             f"rank {victim} on host .*is gone")

    def kill_all_by(self, victim):
        """Hydra kills the others at once: there may be nobody to say so, but what was finished
        stays."""
        self.begin(3)
        self.signal_rank(victim, signal.SIGKILL)
        self.assertNotEqual(self.finish(self.process).code, 0)
        self.expect_readable(1, f"(the journal has no footer|rank {victim} on host .*is gone)")

    def test_kill_rank_0(self):
        self.kill(0)

    def test_kill_rank_1(self):
        self.kill(1)

    def test_kill_rank_2(self):
        self.kill(2)

    # --- a rank that disturbs itself ---

    def fault(self, environment, pattern, code, ranks=2):
        """The run begins to fail by itself, in the middle of a case."""
        command = ("run", "all_reduce", "copy", "-b", "64K", "--time", "3", "--quiet", "-T", "2",
                   "--out", "out")
        process = self.start(self.launcher(ranks, program.FAULTY, *command), environment)
        self.expect_sentence(self.finish(process), code, pattern)
        os.rename(self.path("out"), self.path("was"))

    def test_hang_inside_a_collective(self):
        """Everybody is inside the same operation: nobody can be singled out."""
        self.fault(faults("hang:ranks=1:after=200"), r"(rank 1 on host \S+ has|all 2 ranks have) "
                   r"made no progress for \d+\.\d s; last seen in case c00\d \(all_reduce 64 KiB .*"
                   r"iteration \d+, inside the operation", 12)
        self.expect(self.alone("judge", "was"), 12, "complete .*made no progress")

    def test_hang_of_one_rank(self):
        for rank in (0, 1):
            with self.subTest(rank=rank):
                self.fault(faults(local_fault=f"hang:ranks={rank}:benchmark=copy:after=200"),
                           rf"rank {rank} on host \S+ has made no progress for \d+\.\d s; last "
                           r"seen in case c00\d \(copy 64 KiB .*iteration \d+, inside the op", 12)
                self.expect(self.alone("judge", "was"), 12, f"rank {rank} on host .*no progress")
                os.rename(self.path("was"), self.path(f"was-{rank}"))

    def test_death(self):
        if program.HYDRA:
            self.skipTest("Hydra kills all ranks at once when one dies: nobody can say so")
        # Where it was last seen may be a tenth of a second old: in the case before, perhaps.
        self.fault(faults("die:ranks=1:after=200"),
                   r"rank 1 on host \S+ is gone .*last seen in (case c00\d \(|start-up)",
                   137, 3)
        self.expect(self.alone("judge", "was"), 12, "rank 1 on host .*is gone")

    def test_rank_logs_say_where_everyone_was(self):
        self.disturb(signal.SIGTERM, 1, r"rank 1 on host \S+ \(node1\) received SIGTERM in case")
        logs = [name for name in os.listdir(self.folder) if re.fullmatch(r"rank-\d\.log", name)]
        self.assertEqual(sorted(logs), ["rank-0.log", "rank-1.log", "rank-2.log"])
        for rank in range(3):
            self.assertRegex(self.read(f"rank-{rank}.log").decode(),
                             rf"rank {rank} on host \S+ \(node{rank}\) \(pid \d+\) was in case "
                             r"c\d+ ")


if __name__ == "__main__":
    program.main(__file__)
