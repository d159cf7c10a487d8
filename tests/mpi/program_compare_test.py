#!/usr/bin/env python3
"""Two runs compared, as one who looks for a regression meets it."""
import os
import shutil
import unittest

import program
from program import ProgramTest, faults

# Every launch takes 4 to 6 ms at least: hiccups of the machine vanish below, and what it remembers
# from one launch to the next in the spread.
PACE = "pace:benchmark=copy:floor=0.004:spread=0.5"
SLOW = "pace:benchmark=copy:floor=0.04:spread=0.5"
BLOCKS = ("--blocks", "240", "--block-length", "1", "--pilot", "20", "-w", "3", "--quiet")

FEWER = ("--blocks", "100", *BLOCKS[2:])


class Compare(ProgramTest):
    def copy(self, out, fault=PACE, arguments=BLOCKS, ranks=2, code=0):
        run = self.launch(ranks, "run", "copy", "-b", "1K", "--layout", "each", *arguments, "--out",
                          out, environment=faults(local_fault=fault))
        self.assertEqual(run.code, code, run)
        return out

    def compare(self, base, new, *options):
        return self.alone("compare", base, new, "--json", f"{base}-{new}.json", *options)

    def expect_outcome(self, finished, code, outcome, *phrases):
        """Exit code, stdout and the document say the same."""
        shouted = outcome.upper().replace("_", " ")
        self.expect(finished, code, f"COMPARE: {shouted} .* exit {code}", *phrases)
        self.assertEqual(finished.sentences, [])

    # --- 0 ---

    def test_same(self):
        self.copy("a")
        self.copy("b")
        found = self.compare("a", "b", "--margin", "50%")
        self.expect_outcome(found, 0, "same", "rank 0 on host .* bandwidth .* same",
                            "rank 1 on host .* bandwidth .* same", "2 same · 0 undecided",
                            "each interval with 97.5% .Bonferroni.")
        document = self.json("a-b.json")
        self.assertEqual((document["outcome"], document["exit_code"]), ("same", 0))
        self.assertEqual([f["decision"] for f in document["figures"]], ["same", "same"])

    def test_faster_and_slower(self):
        self.copy("slow", fault=SLOW, arguments=FEWER)
        self.copy("fast")
        self.expect_outcome(self.compare("slow", "fast"), 0, "faster", "2 faster")
        self.expect_outcome(self.compare("fast", "slow"), 10, "slower", "2 slower")
        in_time = self.alone("compare", "fast", "slow", "--metric", "time", "--json", "t.json")
        self.expect_outcome(in_time, 10, "slower", "time .* SLOWER")
        self.assertGreater(self.json("t.json")["figures"][0]["ratio"], 2)

    # --- 10 ---

    def test_one_slow_rank_is_named(self):
        self.copy("a")
        self.copy("b", fault=SLOW + ":ranks=1", arguments=FEWER)
        found = self.compare("a", "b")
        self.expect_outcome(found, 10, "slower", "1 slower · 1 faster")
        self.assertEqual({f["ranks"]: f["decision"] for f in self.json("a-b.json")["figures"]},
                         {"0": "faster", "1": "slower"})

    def test_wrong_data(self):
        good = ("all_reduce", "-b", "1K", "-n", "60", "--quiet")
        self.measure("a", arguments=good)
        run = self.launch(2, "run", *good, "--out", "b", environment=faults("corrupt:ranks=1"))
        self.assertEqual(run.code, 10, run)
        self.expect_outcome(self.compare("a", "b"), 10, "wrong_data", "FAIL NEW correct: .* wrong",
                            "REFUSED all_reduce .* NEW: the data is wrong")
        self.expect_outcome(self.compare("b", "a"), 11, "not_compared", "FAIL BASE correct:")

    # --- 11 ---

    def test_too_few_iterations(self):
        few = ("-n", "8", "-w", "3", "--quiet")
        self.copy("a", arguments=few)
        self.copy("b", arguments=few)
        self.expect_outcome(self.compare("a", "b"), 11, "undecided", "2 undecided",
                            "no interval for 2 figures: too few iterations", "next: measure both")
        mapped = self.alone("compare", "a", "b", "--exit-map", "11=3")
        self.expect(mapped, 3, "COMPARE: UNDECIDED .* exit 11")

    def test_other_pacing_is_refused(self):
        self.copy("a", arguments=(*BLOCKS, "--pacing", "isolated"))
        self.copy("b", arguments=(*BLOCKS, "--pacing", "stream"))
        self.expect_outcome(self.compare("a", "b"), 11, "not_compared",
                            "REFUSED copy .*: the pacing is isolated in BASE and stream in NEW: "
                            "they are different figures", " 1 refused")

    def test_other_ranks_are_refused(self):
        self.copy("a", ranks=2)
        self.copy("b", ranks=3)
        self.expect_outcome(self.compare("a", "b"), 11, "not_compared",
                            "REFUSED .* 2 groups of up to 1 ranks in BASE and 3 groups of up to 1 "
                            "ranks in NEW")

    def test_a_case_that_is_gone(self):
        self.copy("a", arguments=(*BLOCKS, "--cache", "warm"))
        self.copy("b", arguments=("-e", "2K", *BLOCKS, "--cache", "warm"))
        self.expect_outcome(self.compare("b", "a", "--margin", "50%"), 11, "not_compared",
                            "ONLY IN BASE copy 2 KiB .*there is no such case", "1 only in BASE")
        self.expect_outcome(self.compare("a", "b", "--margin", "50%"), 0, "same",
                            "ONLY IN NEW copy 2 KiB", "1 only in NEW")

    def test_a_run_that_was_cut_short(self):
        self.copy("a")
        shutil.copytree(self.path("a"), self.path("b"))
        for name in ("result.json", "SHA256SUMS"):
            os.remove(self.path("b", name))
        journal = self.read("b", "run.jsonl").splitlines(keepends=True)
        with open(self.path("b", "run.jsonl"), "wb") as file:
            file.writelines(journal[:-1])  # without its footer
        self.expect_outcome(self.compare("a", "b", "--margin", "50%"), 11, "not_compared",
                            "NOT MEASURED NEW complete: the run did not complete", "2 same")

    # --- 64 ---

    def test_damaged_files_are_named(self):
        self.copy("a")
        self.copy("b")
        with open(self.path("b", "samples.f32"), "r+b") as file:
            file.seek(200)
            file.write(b"\xff\x00\xff")
        self.expect_sentence(self.alone("compare", "a", "b"), 64, r"b/\S+.*(samples|c00\d)")
        self.expect_sentence(self.alone("compare", "a", "nowhere"), 64, "nowhere")

    def test_files_are_not_overwritten(self):
        self.copy("a")
        self.write("kept.json", "{}")
        found = self.alone("compare", "a", "a", "--json", "kept.json")
        self.expect_sentence(found, 64, "kept.json: the file exists; choose another --json")
        self.assertEqual(self.read("kept.json"), b"{}")

    def test_under_a_launcher_one_speaks(self):
        self.copy("a")
        found = self.launch(2, "compare", "a", "a", "--margin", "50%")
        self.expect_outcome(found, 0, "same", "same_run: BASE and NEW are both run")
        self.assertEqual(found.out.count("COMPARE:"), 1)


if __name__ == "__main__":
    program.main(__file__)
