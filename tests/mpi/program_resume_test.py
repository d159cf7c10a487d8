#!/usr/bin/env python3
"""A run that was cut short is resumed: nothing that was measured is lost, and the result says so.

ASSAY_RESUME_KILLS=50 kills as many runs at random moments; ASSAY_RESUME_SEED chooses others.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import program
from program import ProgramTest, await_true, processes_of

# Eight cases and noop, a tenth of a second each.
CASES = ("all_reduce", "-b", "8", "-e", "1K", "-f", "2", "--blocks", "64", "--block-length", "1",
         "--pilot", "20", "-w", "5", "--warmup-time", "0.1", "--ranks-per-node", "1", "--quiet")
PLANNED = [f"c00{i}" for i in range(1, 10)]
# Far from any time that a busy machine could take.
CONTRACT = {
    "format": "assay.contract", "schema_version": "0.1.0", "name": "small", "guard": "20%",
    "clauses": [{"id": "latency", "metric": "time", "q": 0.5, "at_most": "10 s",
                 "of": {"benchmark": "all_reduce", "bytes": "1KiB", "pacing": "isolated"}}]}


class ResumeTest(ProgramTest):
    def journal_lines(self, out="out"):
        """Whole lines, header included."""
        try:
            return self.read(out, "run.jsonl").count(b"\n")
        except OSError:
            return 0

    def is_complete(self, out="out"):
        """The evidence is whole: what comes after it is only derived from it."""
        if not os.path.exists(self.path(out, "SHA256SUMS")):
            return False
        return self.json(out, "result.json")["run"]["complete"]

    def begin(self, ranks, *command):
        self.process = self.start(self.launcher(ranks, program.ASSAY, "run", *command))

    def kill_rank(self, rank):
        try:
            os.kill(processes_of(self.folder)[rank], signal.SIGKILL)
        except (KeyError, OSError):
            pass  # it has ended already

    def cut(self, out, *options, ranks=2, victim=0, lines=3):
        """A run that is killed in the middle."""
        self.write("small.json", CONTRACT)
        self.begin(ranks, *CASES, *options, "--contract", "small.json", "--out", out)
        await_true(lambda: self.journal_lines(out) >= lines, self.process)
        self.kill_rank(victim)
        run = self.finish(self.process)
        self.assertFalse(self.is_complete(out))
        return run

    def expect_whole(self, out, attempts, finished):
        """All cases, those of before as they were; the files agree; it says that it was resumed."""
        result = self.json(out, "result.json")
        self.assertTrue(result["run"]["complete"])
        self.assertEqual([c["id"] for c in result["cases"]], PLANNED)
        self.assertTrue(all(c["status"] == "measured" for c in result["cases"]))
        self.assertEqual(result["cases"][:len(finished)], finished)
        self.assertEqual(result["run"]["attempt"], attempts)
        self.assertEqual([a["attempt"] for a in result["resumed"]], list(range(2, attempts + 1)))
        warnings = [w["evidence"] for w in result["warnings"] if w["code"] == "resumed"]
        self.assertEqual(len(warnings), 1, result["warnings"])
        self.assertRegex(warnings[0], f"^attempt 1 measured .* attempt {attempts} measured ")
        check = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"],
                               cwd=self.path(out), capture_output=True, text=True)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""))
        self.expect(self.alone("judge", out), 0, f"complete +9 cases, as planned, in {attempts} att"
                    "empts", "PASS +latency", "reproduced bit for bit")
        return result

    def finished(self, out="out"):
        """The cases that the journal holds, without a last line that is torn."""
        lines = self.read(out, "run.jsonl").split(b"\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith(b'{"id":')]


class Killed(ResumeTest):
    def kill_at_random(self, chance, ranks, command):
        """From the first line of this attempt to its footer and beyond, or before any of them.
        True if that cut the run short."""
        lines = self.journal_lines()
        missing = len(PLANNED) - (len(self.finished()) if lines else 0)
        many = chance.randint(max(lines, 1), lines + missing + 2)
        self.begin(ranks, *command)
        if many == lines:
            time.sleep(chance.uniform(0, 1.5))
        while self.journal_lines() < many and self.process.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.choice((0, 0.003, 0.01, 0.1)) * chance.random())
        self.kill_rank(chance.randrange(ranks))
        self.finish(self.process)
        return not self.is_complete()

    def kill_and_resume(self, chance):
        """False if the run was complete before it could be killed."""
        ranks = chance.choice((2, 3))
        self.write("small.json", CONTRACT)
        command = (*CASES, "--contract", "small.json", "--out", "out")
        again = True
        while again:
            if not self.kill_at_random(chance, ranks, command):
                return False
            command = ("--resume", "out", "--quiet")
            again = chance.random() < 0.3
        finished = self.finished()
        before = self.read("out", "run.jsonl").rpartition(b"\n")[0]
        run = self.launch(ranks, "run", *command)
        self.expect(run, 0, "PASS +latency", "VERDICT: PASS")
        self.assertEqual(self.read("out", "run.jsonl")[:len(before)], before)
        # An attempt that was killed at once has left no line of its own.
        attempts = self.json("out", "result.json")["run"]["attempt"]
        result = self.expect_whole("out", attempts, finished)
        print(f"{ranks} ranks, {len(finished)} cases before:",
              [w["evidence"] for w in result["warnings"] if w["code"] == "resumed"][0], flush=True)
        return True

    def test_random_ranks_at_random_moments(self):
        seed = os.environ.get("ASSAY_RESUME_SEED", "1")
        kills = int(os.environ.get("ASSAY_RESUME_KILLS", "4"))
        done = late = 0
        while done < kills:
            draw = f"{seed} {done} {late}"
            print(f"draw {draw}:", end=" ", flush=True)
            if self.kill_and_resume(random.Random(draw)):
                done += 1
            else:
                late += 1
                print("complete before it was killed")
            self.assertLess(late, 10 + kills, "the kills come too late")
            shutil.rmtree(self.path("out"))
        print(f"{done} of {kills} resumed; {late} more were complete before they were killed")

    def test_those_left_say_how_to_go_on(self):
        if program.HYDRA:
            self.skipTest("Hydra kills all ranks at once when one is killed: nobody is left")
        died = self.cut("out", ranks=3, victim=1, lines=4)
        self.assertRegex(died.err, "resume with: assay run --resume out\n")
        self.expect(self.alone("judge", "out"), 12, "resume with: assay run --resume out")
        finished = self.finished()
        self.assertGreaterEqual(len(finished), 3)
        self.expect(self.launch(3, "run", "--resume", "out"), 0, "WARNING +resumed: attempt 1 mea")
        result = self.expect_whole("out", 2, finished)
        self.assertRegex(result["resumed"][0]["previous"], r"rank 1 on host \S+ \(node1\) is gone")

    def test_the_contract_is_the_one_it_was_begun_with(self):
        """Also where the run was killed before it had put it beside its evidence."""
        self.cut("out")
        os.remove(self.path("out", "contract.json"))
        self.write("small.json", dict(CONTRACT, name="another"))
        run = self.launch(2, "run", "--resume", "out", "--quiet")
        self.expect(run, 0, "PASS +latency")
        self.assertEqual(self.json("out", "contract.json")["name"], "small")

    def test_iterations_start_as_they_did(self):
        """Chosen anew, most of them would start at an agreed time."""
        self.cut("out", "--sync", "barrier")
        self.expect(self.launch(2, "run", "--resume", "out", "--quiet"), 0)
        starts = {c["notes"]["sync"] for c in self.json("out", "result.json")["cases"]
                  if c["benchmark"] == "all_reduce"}
        self.assertEqual(len(starts), 1, starts)
        self.assertRegex(starts.pop(), "barrier")

    def test_the_matrix_is_the_one_it_was_begun_with(self):
        """Whatever has become of the file; and the copy in the folder must not have changed."""
        self.write("moe.csv", "1,2\n0,0\n")
        options = ("all_to_all_v", "--set", "counts=file:moe.csv")
        self.cut("out", *options)
        os.remove(self.path("moe.csv"))
        kept = next(n for n in os.listdir(self.path("out")) if n.startswith("counts-"))
        before = self.read("out", kept)
        self.write("out/" + kept, "2,1\n0,0\n")
        self.expect_sentence(self.launch(2, "run", "--resume", "out", "--quiet"), 64,
                             f"out/{kept}: is not the file that the run was begun with; restore")
        os.remove(self.path("out", kept))
        self.expect(self.launch(2, "run", "--resume", "out", "--quiet"), 0)
        self.assertEqual(self.read("out", kept), before)
        counts = {c["dims"]["counts"] for c in self.json("out", "result.json")["cases"]
                  if c["benchmark"] == "all_to_all_v"}
        self.assertRegex(counts.pop(), "file:moe.csv#")
        self.expect(self.alone("judge", "out"), 0, "bit for bit")

    def test_when_only_files_were_missing(self):
        self.write("small.json", CONTRACT)
        self.measure(arguments=(*CASES, "--contract", "small.json"))
        finished = self.finished()
        for name in ("result.json", "SHA256SUMS", "verdict.json", "failed_hosts.txt"):
            os.remove(self.path("out", name))
        self.expect(self.launch(2, "run", "--resume", "out"), 0, "attempt 2 measured none")
        self.expect_whole("out", 2, finished)

    def test_what_has_changed_is_said(self):
        self.cut("out")
        text = self.read("out", "run.jsonl").decode()
        header = json.loads(text.partition("\n")[0])
        kernel = header["topology"]["fingerprints"][0]["kernel"]
        self.write("out/run.jsonl", text.replace(kernel, "1.2.3", 1))
        self.expect(self.launch(2, "run", "--resume", "out", "--quiet"), 0,
                    r"WARNING +changed_between_attempts: since attempt 2: kernel \S+ \(was 1.2.3\)")


class Refused(ResumeTest):
    def resume(self, *options, ranks=2):
        return self.launch(ranks, "run", "--resume", "out", *options)

    def refuse_resume(self, pattern, *options, ranks=2):
        """Nothing is run, nothing is changed, and one sentence says why."""
        def content():
            if not os.path.isdir(self.path("out")):
                return None
            return {name: self.read("out", name) for name in os.listdir(self.path("out"))}
        before = content()
        self.expect_sentence(self.resume(*options, ranks=ranks), 64, pattern)
        self.assertEqual(content(), before)

    def edited(self, old, new):
        """The cut run with an edit in its journal."""
        shutil.rmtree(self.path("out"), ignore_errors=True)
        shutil.copytree(self.path("cut"), self.path("out"))
        text = self.read("out", "run.jsonl").decode()
        self.assertIn(old, text)
        self.write("out/run.jsonl", text.replace(old, new, 1))

    def test_no_journal(self):
        self.refuse_resume(r"out: holds no run\.jsonl; give the folder of a run")
        os.mkdir(self.path("out"))
        self.refuse_resume(r"out: holds no run\.jsonl; give the folder of a run")
        self.write("out/run.jsonl", '{"format":"assay.journal"')
        self.refuse_resume(r"out/run\.jsonl: holds no complete header line; the run ended before")

    def test_a_complete_run(self):
        self.measure()
        self.refuse_resume("out: the run is complete: nothing is left to measure; see its verdict "
                           "with: assay judge out")

    def test_other_options(self):
        self.cut("out")
        for options in (("--seed", "7"), ("--out", "other"), ("--contract", "small.json")):
            self.refuse_resume(f"--resume: {options[0]} was given too, and the run's journal says "
                               "what to measure and how; leave it out", *options)

    def test_another_place(self):
        self.cut("cut")
        self.edited("", "")
        self.refuse_resume(r"out/run\.jsonl: the run has 2 ranks, 3 were started; start 2, on the",
                           ranks=3)
        self.edited('"name":"node1"', '"name":"node9"')
        self.refuse_resume(r"out/run\.jsonl: rank 1 is on host node1, in the run it was on host "
                           "node9; start it on the same hosts")
        self.edited('"mpi":"', '"mpi":"another ')
        self.refuse_resume(r"out/run\.jsonl: the run was begun by another build: mpi .* \(was "
                           r"another .*\); resume it with that build, or start it anew")

    def test_another_journal(self):
        self.cut("cut")
        self.edited('"schema_version":"0.1.', '"schema_version":"0.1.9')
        self.refuse_resume(r"out/run\.jsonl: line 1: schema_version: version \S+ cannot be resumed")
        self.edited('{"id":"c001"', '{"id:"c001"')
        self.refuse_resume(r"out/run\.jsonl: line 2: line 1, column \d+")
        self.edited('"max_time_per_case_s":60.0', '"max_time_per_case_s":"60"')
        self.refuse_resume(r"out/run\.jsonl: line 1: conduct\.max_time_per_case_s: ")
        self.edited("", "")
        self.write("out/contract.json", dict(CONTRACT, name="another"))
        self.refuse_resume(r"out/contract\.json: is not the contract that the run was begun with")

    def test_two_at_once(self):
        self.begin(2, *CASES, "--repetitions", "20", "--out", "out")
        await_true(lambda: self.journal_lines() >= 2, self.process)
        self.expect_sentence(self.resume(), 64, "out: another process is writing this run; wait ")
        self.kill_rank(0)
        self.finish(self.process)
        self.begin(2, "--resume", "out", "--quiet")
        lines = self.journal_lines()
        await_true(lambda: self.journal_lines() > lines, self.process)
        self.expect_sentence(self.resume(), 64, "out: another process is writing this run; wait ")


if __name__ == "__main__":
    program.main(__file__)
