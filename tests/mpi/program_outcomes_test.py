#!/usr/bin/env python3
"""Every outcome and exit code of a run, as one who reads the verdict meets it."""
import os
import unittest

import program
from program import SHORT, ProgramTest, faults

BLOCKS = ("--blocks", "46", "--block-length", "1", "--pilot", "20", "-w", "5", "--quiet")


def contract(**clause):
    base = {"id": "it", "metric": "busbw", "q": 0.5, "at_least": "1 B/s",
            "of": {"benchmark": "all_reduce", "bytes": "1KiB"}}
    return {"format": "assay.contract", "schema_version": "0.1.0", "name": "c", "guard": "20%",
            "clauses": [{**base, **clause}]}


class Outcomes(ProgramTest):
    def judge_run(self, document, *options, ranks=2, environment=None):
        self.write("contract.json", document)
        return self.launch(ranks, "run", "all_reduce", "-b", "1K", *(options or BLOCKS),
                           "--contract", "contract.json", "--out", "out", environment=environment)

    def expect_outcome(self, run, code, outcome, *phrases):
        """The exit code, stdout, and verdict.json say the same; stdout says it once."""
        shouted = outcome.upper().replace("_", " ")
        self.expect(run, code, f"VERDICT: {shouted} .* exit {code}", *phrases)
        self.assertEqual(run.out.count("VERDICT:"), 1, run)
        self.assertEqual(run.sentences, [])
        verdict = self.json("out", "verdict.json")
        self.assertEqual((verdict["outcome"], verdict["exit_code"]), (outcome, code))

    # --- 0 ---

    def test_pass(self):
        run = self.judge_run(contract())
        self.expect_outcome(run, 0, "pass", "PASS +it ", "PASS +correct", "PASS +complete",
                            "results in out", r"VERDICT: PASS 3 pass · 0 fail")
        self.assertEqual(self.read("out", "failed_hosts.txt"), b"")

    def test_pass_without_a_contract(self):
        run = self.launch(2, "run", "all_reduce", *SHORT, "--out", "out")
        self.expect_outcome(run, 0, "pass", r"[1-9]\d* elements checked in 2 cases, none wrong")

    def test_making_communicators(self):
        run = self.launch(3, "run", "communicator", "--set", "step=split,duplicate", "-n", "7", "--quiet", "--out", "out")
        self.expect(run, 0, r"correct \d+ elements")
        cases = [c for c in self.json("out", "result.json")["cases"] if c["benchmark"] == "communicator"]
        self.assertEqual({c["dims"]["step"] for c in cases}, {"split", "duplicate"})
        for case in cases:
            self.assertEqual((case["n"], case["verify"]["after"]["checked"]), (7, 3 * 16))
            self.assertGreater(case["figures"]["time"]["min"], 0)

    def test_progress_lines(self):
        run = self.launch(2, "run", "all_reduce", "-b", "1K", "-n", "30", "--out", "out")
        self.expect(run, 0)
        self.assertRegex(run.err, r"(?m)^\[2/2\] (all_reduce 1 KiB fp32 sum world|noop).* left\)$")

    # --- 10 ---

    def test_contract_not_met(self):
        """A slow rank makes its own pair slow, and no other."""
        clean = contract(of={"benchmark": "all_reduce", "bytes": "1KiB", "layout": "node"},
                         metric="time", at_most="40 ms")
        del clean["clauses"][0]["at_least"]
        run = self.judge_run(clean, *BLOCKS, "--layout", "node", "--ranks-per-node", "2", ranks=4,
                             environment=faults("slow:ranks=3:delay=0.1"))
        self.expect_outcome(run, 10, "fail", "FAIL +it +host node1: median time .*at most 40.00 "
                            r"ms required; \d+ of 46 blocks above", "1 of 2 hosts failed",
                            "next: assay run ")
        self.assertEqual(self.read("out", "failed_hosts.txt"), b"node1\n")
        self.assertEqual(self.finding("it")["failed_hosts"], ["node1"])

    def test_wrong_data(self):
        """However fast it was, and without a contract."""
        run = self.launch(3, "run", "all_reduce", *SHORT, "--ranks-per-node", "1", "--out", "out",
                          environment=faults("corrupt:ranks=2:benchmark=all_reduce"))
        self.expect_outcome(run, 10, "fail", "FAIL +correct +all_reduce 1 KiB fp32 sum world "
                            r"isolated \(c00[12]\): \d+ of \d+ elements wrong; the first on rank 2 "
                            r"\(host node2\), buffer recv, offset 128: expected \S+, got \S+")
        self.assertEqual(self.read("out", "failed_hosts.txt"), b"node2\n")
        self.expect(self.alone("judge", "out"), 10, "FAIL +correct .*rank 2", "bit for bit")

    def test_other_kinds_of_wrong_data(self):
        for kind, benchmark in (("swap", "all_to_all"), ("partial", "all_to_all")):
            with self.subTest(kind=kind):
                run = self.launch(2, "run", benchmark, *SHORT, "--out", kind,
                                  environment=faults(f"{kind}:ranks=1"))
                self.expect(run, 10, f"FAIL +correct +{benchmark} .*first on rank 1 ")

    def test_expectation_not_met(self):
        document = contract()
        document["expects"] = {"nodes": 1000}
        run = self.judge_run(document)
        self.expect_outcome(run, 10, "fail", "FAIL +expects +1000 nodes are expected, the run "
                            "had 1")

    def test_one_rank_has_set_what_is_forbidden(self):
        self.write("contract.json", {**contract(), "expects": {"environment": {"forbidden": ["NCCL_ALGO"]}}})
        rank = [program.ASSAY, "run", "all_reduce", *SHORT, "--contract", "contract.json", "--out", "out"]
        run = self.finish(self.start(self.launcher(
            1, *rank, ":", "-n", "1", "env", "NCCL_ALGO=Ring", *rank)))
        self.expect_outcome(run, 10, "fail", r"FAIL +expects +NCCL_ALGO=Ring is set on host \S+, and must not be")
        self.expect(self.alone("judge", "out"), 10, "FAIL +expects +NCCL_ALGO=Ring", "bit for bit")

    # --- 11 ---

    def test_too_few_blocks(self):
        run = self.judge_run(contract(), "--blocks", "5", "--block-length", "1", "--pilot", "20",
                             "--sync", "barrier", "--quiet")
        self.expect_outcome(run, 11, "inconclusive", "INCONCLUSIVE +it .*5 blocks.* too few to "
                            "pass")

    def test_within_the_guard(self):
        """As fast as can be told, neither above the bound nor below the guarded one."""
        same = {"benchmark": "all_reduce", "bytes": "1KiB"}
        run = self.judge_run(contract(of=same, at_least={"times": 1.0, "metric": "busbw", "q": 0.5,
                                                         "of": same}))
        self.assertIn(run.code, (0, 11), run)
        self.assertNotIn("FAIL", run.out)

    def test_unfinished_case(self):
        run = self.launch(2, "run", "all_reduce", "copy", *SHORT, "--out", "out",
                          environment=faults(local_fault="fail:ranks=1:benchmark=copy"))
        self.expect_outcome(run, 11, "not_measured", r"NOT MEASURED +complete +copy 1 KiB .*\(c00\d"
                            r"\) was not finished: .*rank 1.*planted failure")

    def test_case_that_fails_in_a_later_round(self):
        """What the rounds before it left is evidence, and can be judged again."""
        run = self.launch(2, "run", "copy", *SHORT, "--layout", "alone", "--out", "out",
                          environment=faults(local_fault="fail:ranks=1:benchmark=copy"))
        self.expect_outcome(run, 11, "not_measured", r"NOT MEASURED +complete +copy 1 KiB .*was "
                            r"not finished: .*planted failure \(on rank 1\) in round 2 of 2")
        failed = next(c for c in self.json("out", "result.json")["cases"]
                      if c["benchmark"] == "copy")
        self.assertEqual((failed["status"], failed["n"]), ("failed", 30))
        self.expect(self.alone("judge", "out"), 11, "in round 2 of 2")

    def test_case_that_a_clause_asks_for(self):
        document = contract(of={"benchmark": "copy", "layout": "each", "bytes": "1KiB"},
                            metric="bandwidth")
        self.write("contract.json", document)
        run = self.launch(2, "run", "copy", "-b", "1K", *BLOCKS, "--contract", "contract.json",
                          "--out", "out",
                          environment=faults(local_fault="fail:ranks=0:benchmark=copy"))
        self.expect_outcome(run, 11, "not_measured", "NOT MEASURED +it ", "NOT MEASURED +complete")

    def test_data_not_checked(self):
        run = self.launch(2, "run", "all_reduce", *SHORT, "-c", "0", "--out", "out")
        self.expect_outcome(run, 11, "not_measured", "NOT MEASURED +correct .*was not checked")

    def test_skipped_case(self):
        """int8 avg and the like: what cannot be measured is said, in table and verdict."""
        self.write("suite.json", {
            "format": "assay.suite", "schema_version": "0.1.0", "name": "s", "cases": [
                {"benchmark": "all_reduce", "bytes": "1KiB", "stop": {"iterations": 20}},
                {"benchmark": "all_reduce", "bytes": "1KiB", "backend": "nccl",
                 "stop": {"iterations": 20}}]})
        run = self.launch(2, "run", "--suite", "suite.json", "--quiet", "--out", "out")
        self.expect_outcome(run, 11, "not_measured", "NOT MEASURED +complete +all_reduce 1 KiB "
                            r"fp32 sum nccl .*\(c00\d\) was skipped: nccl: (not built|no GPU here)")

    def test_optional_case_may_be_skipped(self):
        self.write("suite.json", {
            "format": "assay.suite", "schema_version": "0.1.0", "name": "s", "cases": [
                {"benchmark": "all_reduce", "bytes": "1KiB", "stop": {"iterations": 20}},
                {"benchmark": "all_reduce", "bytes": "1KiB", "layout": "pairs", "optional": True,
                 "stop": {"iterations": 20}},
                {"benchmark": "all_reduce", "bytes": "1KiB", "backend": "nccl", "optional": True,
                 "stop": {"iterations": 20}}]})
        run = self.launch(1, "run", "--suite", "suite.json", "--quiet", "--out", "out")
        self.expect_outcome(run, 0, "pass")

    # --- a site's own codes ---

    def test_exit_map(self):
        run = self.launch(2, "run", "all_reduce", *SHORT, "--exit-map", "11=0,10=99", "--out",
                          "out", environment=faults("corrupt:ranks=1"))
        self.expect(run, 99, "VERDICT: FAIL .* exit 10")
        self.assertEqual(self.json("out", "verdict.json")["exit_code"], 10)
        refused = self.launch(2, "run", "all_rduce", "--exit-map", "64=65")
        self.expect_sentence(refused, 65, "assay run all_rduce")

    def test_default_folder(self):
        run = self.launch(2, "run", "all_reduce", *SHORT)
        self.expect(run, 0, r"results in results/\d{8}T\d{6}Z-command-line")
        self.assertEqual(len(os.listdir(self.path("results"))), 1)


if __name__ == "__main__":
    program.main(__file__)
