#!/usr/bin/env python3
"""Training steps as a user asks for them. No time is asserted: only that what was measured is kept,
can be judged, and that wrong data and wrong ranks are told apart from it.
"""
import hashlib
import json
import os

import program
from program import ProgramTest, faults

SHORT = ("-w", "1", "--warmup-time", "0.001", "-n", "3", "--quiet", "--seed", "7")


def step(*settings):
    return ("training_step", *SHORT, *(word for s in settings for word in ("--set", s)))


class Training(ProgramTest):
    def setUp(self):
        super().setUp()
        os.symlink(os.path.join(program.SOURCE, "configs"), self.path("configs"))

    def case(self):
        return next(c for c in self.json("out", "result.json")["cases"]
                    if c["benchmark"] == "training_step")

    def run_steps(self, ranks, *settings, environment=None):
        return self.launch(ranks, "run", *step(*settings), "--out", "out", environment=environment)

    def test_a_step_is_measured_kept_and_judged(self):
        def clause(name, metric, **bound):
            return {"id": name, "of": {"benchmark": "training_step", "model": "tiny"},
                    "metric": metric, "q": 0.5, **bound}
        self.write("contract.json", {
            "format": "assay.contract", "schema_version": "0.1.0", "name": "c", "clauses": [
                clause("slow", "step_time", at_most="1 us"),
                clause("mfu", "mfu", at_least=1000),
                clause("tokens", "tokens_per_s", at_least="1 Ptokens/s")]})
        run = self.launch(2, "run", "training_step", "-w", "1", "--warmup-time", "0.001", "--pilot",
                          "20", "--blocks", "12", "--block-length", "1", "--quiet", "--set",
                          "peak=1 TFLOP/s", "--set", "overlap=off", "--contract", "contract.json",
                          "--out", "out")
        self.expect(run, 10, "FAIL +slow ", "FAIL +mfu ", "FAIL +tokens ")
        self.assertRegex(run.flat, "# training_step model parallelism overlap .*tokens/s .*mfu")
        case = self.case()
        self.assertEqual(case["verify"]["before"]["wrong"] + case["verify"]["after"]["wrong"], 0)
        self.assertGreater(case["verify"]["after"]["checked"], 1000)
        self.assertEqual((case["dims"]["model"], case["dims"]["parallelism"]), ("tiny", "tiny-dp2"))
        figures, amount = case["figures"], case["work"][0]["amount"]
        self.assertEqual(amount["tokens"], 8 * 128 / 2)
        self.assertAlmostEqual(figures["mfu"]["p50"],
                               figures["model_flops"]["p50"] / 1e12, delta=1e-6)
        self.assertAlmostEqual(figures["tokens_per_s"]["max"] * figures["step_time"]["min"], 512,
                               delta=0.01)
        for name, folder in (("model-tiny", "models/tiny"), ("parallelism-tiny-dp2",
                                                             "layouts/tiny-dp2")):
            kept = self.read("out", f"{name}.json")
            self.assertEqual(kept, self.read("configs", f"{folder}.json"))
            entry = next(f for f in self.json("out", "result.json")["files"]
                         if f["path"] == f"{name}.json")
            self.assertEqual(entry["sha256"], hashlib.sha256(kept).hexdigest())
        self.assertIn("reproduced bit for bit", self.alone("judge", "out").flat)

    def test_layouts_of_several_kinds_are_verified(self):
        for ranks, settings in ((4, ("model=tiny-moe", "parallelism=tiny-moe-ep4")),
                                (3, ("scaling=weak", "progress=none")),
                                (8, ("parallelism=configs/layouts/tiny-tp2-pp2-dp2.json",))):
            with self.subTest(settings=settings):
                run = self.run_steps(ranks, *settings)
                self.assertEqual(run.code, 0, run)
                self.assertGreater(self.case()["verify"]["before"]["checked"], 1000)
                os.rename(self.path("out"), self.path(f"out{ranks}"))

    def test_experts_get_what_was_counted(self):
        name = "tiny-moe-ep2-trace"
        run = self.run_steps(2, "model=tiny-moe", f"parallelism={name}")
        self.assertEqual(run.code, 0, run)
        kept = self.read("out", f"routing-{name}.csv")
        self.assertEqual(kept, self.read(f"configs/layouts/{name}.csv"))
        self.assertEqual(self.json("out", "result.json")["plan"]["inputs"][f"routing-{name}.csv"],
                         hashlib.sha256(kept).hexdigest())
        self.assertRegex(self.case()["notes"]["routing"], "max/mean of experts 1.[4-9]")

    def test_wrong_data_fails(self):
        # After the first step, whose check finds nothing.
        run = self.run_steps(2, environment=faults("corrupt:ranks=1:benchmark=all_reduce:after=1"))
        self.expect(run, 10, "FAIL +correct .*rank 1.*")
        self.assertGreater(self.case()["verify"]["after"]["wrong"], 0)

    def test_wrong_blocks_of_experts_fail(self):
        run = self.run_steps(2, "model=tiny-moe", "parallelism=tiny-moe-ep2-trace",
                             environment=faults("corrupt:ranks=1:benchmark=all_to_all_v"))
        self.expect(run, 10, "FAIL +correct .*rank 1 .*, buffer dispatch, .*VERDICT")
        self.assertNotIn("--layout pairs", run.flat)  # no step can be taken so

    def test_a_slow_rank_is_named_and_every_rank_is_traced(self):
        small = json.loads(self.read("configs/models/tiny.json"))
        small.update(name="small", layers=1, hidden=64, ffn=128, vocab=256)
        self.write("small.json", small)
        run = self.run_steps(2, "model=./small.json", environment=faults(
            local_fault="throttle:ranks=1:factor=20:benchmark=training_step"))
        self.expect(run, 0, "# where the time of a step goes.* compute .* exposed_dp .* idle .*"
                    "# slowest to compute: rank 1 on host ")
        case = self.case()
        means = {name: figure["mean"] for name, figure in case["figures"].items()}
        self.assertGreater(case["figures"]["straggler_index"]["max"], 1.5)
        parts = means["compute"] + means["exposed_dp"] + means["exposed_world"] + means["idle"]
        self.assertAlmostEqual(parts / means["time"], 1, delta=0.01)
        self.assertGreater(means["bubble_ideal"], -1e-9)
        for needs_a_clock in ("bubble", "bubble_excess", "comm_wait", "comm_transfer"):
            self.assertTrue(needs_a_clock in means or "clock" in case["absent"][needs_a_clock])
        name = f"trace-{case['id']}.json"
        self.assertEqual(case["notes"]["trace"], f"{name}: the last timed iteration of all ranks")
        text = self.read("out", name)
        entry = next(f for f in self.json("out", "result.json")["files"] if f["path"] == name)
        self.assertEqual(entry["sha256"], hashlib.sha256(text).hexdigest())
        self.assertRegex(json.loads(text)["otherData"]["clock"], r"off by at most .* us$")
        for process in (1, 2):
            events = [e for e in json.loads(text)["traceEvents"]
                      if e["ph"] == "X" and e["pid"] == process]
            self.assertEqual({e["cat"] for e in events}, {"compute", "dp", "world"})

    def test_a_rank_that_dies_inside_a_step_ends_the_run(self):
        run = self.run_steps(2, environment=faults("die:ranks=1:benchmark=all_reduce:after=2"))
        self.assertNotEqual(run.code, 0, run)
        judged = self.alone("judge", "out")
        self.expect(judged, 12, r"(the journal has no footer|rank 1 on host .*is gone)")

    def test_a_rank_that_stalls_inside_a_step_ends_the_run(self):
        run = self.launch(2, "run", *step(), "--timeout", "3", "--out", "out",
                          environment=faults("hang:ranks=1:benchmark=all_reduce:after=2"))
        self.assertEqual(run.code, 12, run)
        self.assertRegex(run.err, "no progress for .*training_step tiny tiny-dp2 ")
        self.expect(self.alone("judge", "out"), 12, "complete .*made no progress")

    def test_a_dry_run_says_what_a_large_job_takes(self):
        run = self.alone("run", *step("model=llama-3.1-405b",
                                      "parallelism=llama-3.1-405b-tp8-pp8-cp2-vp8",
                                      "peak=989 TFLOP/s"), "--backend", "nccl", "--dry-run", "--ranks", "1024")
        self.expect(run, 0, "2 cases on 1024 ranks", "405853388800 parameters, 4194304 tokens, "
                    "2.52. TFLOP per token, 64 micro-batches",
                    "holds 80.3. GB: weights 12.7. GB, gradients 25.5. GB, optimizer 4.78. GB, ",
                    "rank ranks memory computes .*tp: sent", " 9728 × ", " 2880 × ", " 1920 × ")

    def test_a_dry_run_says_what_a_small_job_computes(self):
        run = self.alone("run", *step(), "--dry-run", "--ranks", "2")
        self.expect(run, 0, r"tokens, \d+\.\d+ MFLOP per token", r"\d+\.\d+ [MG]FLOP +")

    def test_what_does_not_go_is_refused(self):
        self.write("odd.json", self.read("configs/models/tiny.json").decode().replace("tiny",
                                                                                     "od/d"))
        other = json.loads(self.read("configs/models/tiny.json"))
        other["layers"] = 3
        self.write("tiny.json", other)
        for ranks, settings, sentence in (
                (3, (), "assay run: training_step tiny tiny-dp2 .*: parallelism tiny-dp2 is for 2 "
                 "ranks, and there are 3: start 2, or use scaling weak"),
                (3, ("parallelism=tiny-tp2-pp2-dp2", "scaling=weak"),
                 ".*tiny-tp2-pp2-dp2 grows by tp.cp.pp = 4 ranks, and there are 3: start 4"),
                (2, ("model=llama",), "model=llama: there is no model of that name in "
                 "configs/models; give the path of a file, or one of .*llama-3.1-405b.* tiny"),
                (2, ("model=./odd.json",), "./odd.json: name: \"od/d\" stands in every case; give"),
                (2, ("model=tiny,./tiny.json",), "./tiny.json: another file was given that is "
                 "called model=tiny too"),
                (1024, ("parallelism=llama-3.1-405b-tp8-pp8-cp2-vp8",),
                 "tiny as llama-3.1-405b-tp8-pp8-cp2-vp8: 4 heads cannot be divided by tp 8; tp 1"),
                (2, ("peak=989 GB/s",), "--set: '989 GB/s' is no speed at which any"),
                (2, ("peak=1e-310 TFLOP/s",), "--set: .*is no speed at which any.* write for exa"),
                (1, (), ".*one rank communicates with nobody, .*: start more"),
                (2, ("overlap=some",), "assay run training_step.overlap: training_step cannot use"),
        ):
            with self.subTest(settings=settings):
                self.refuse(self.alone("run", *step(*settings), "--dry-run", "--ranks", str(ranks)),
                            sentence)

    def test_a_broken_trace_is_refused(self):
        traced = json.loads(self.read("configs/layouts/tiny-moe-ep2-trace.json"))
        traced["routing"]["file"] = "trace.csv"
        os.mkdir(self.path("layouts"))
        self.write("layouts/traced.json", traced)
        for text, sentence in (
                (None, "layouts/trace.csv: "),
                ("", "layouts/trace.csv: .*give one line per layer"),
                ("{}", "layouts/trace.csv: line 1, column 1: '{}' is no whole number"),
                ("1,2,3,4,5,6,7,-8\n", "layouts/trace.csv: line 1, column 8: '-8' is no whole"),
                ("0,0,0,0,0,0,0,0\n", "layouts/trace.csv: line 1: all numbers are 0; give one"),
                ("1,2,3\n", "tiny-moe as tiny-moe-ep2-trace: the trace trace.csv is of 3 experts; a "
                 "line of 8 numbers per layer would fit")):
            with self.subTest(text=text):
                if text is not None:
                    with open(self.path("layouts/trace.csv"), "w", encoding="utf-8") as file:
                        file.write(text)
                self.refuse(self.alone("run", *step("model=tiny-moe",
                                                    "parallelism=layouts/traced.json"),
                                       "--dry-run", "--ranks", "2"), sentence)

    def test_an_optional_step_that_does_not_fit_here_is_skipped(self):
        case = {"benchmark": "training_step", "pacing": "isolated", "optional": True,
                "warm_up": {"iterations": 1}, "pilot": 0, "stop": {"iterations": 2}}
        self.write("suite.json", {"format": "assay.suite", "schema_version": "0.1.0", "name": "s",
                                  "description": "Steps of 2 and of 1,024 ranks.", "cases": [
                                      dict(case, model="tiny", parallelism="tiny-dp2"),
                                      dict(case, model="llama-3.1-405b",
                                           parallelism="llama-3.1-405b-tp8-pp8-cp2-vp8")]})
        self.expect(self.launch(2, "run", "--suite", "suite.json", "--quiet", "--out", "out"), 0,
                    "PASS +correct", "PASS +complete")


if __name__ == "__main__":
    program.main(__file__)
