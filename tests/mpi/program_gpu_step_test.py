"""A model's training step on GPUs through the whole program, on the doubles of CUDA and NCCL."""
import json
import os

import program
import program_nccl_test as nccl

FEW = ("-w", "1", "--warmup-time", "0", "-n", "3", "--quiet")
NO_CLOCK = "events of several GPUs share no clock"


class StepTest(nccl.NcclTest):
    def setUp(self):
        super().setUp()
        os.symlink(os.path.join(program.SOURCE, "configs"), self.path("configs"))

    def small(self, model, parallelism, **changes):
        """Settings for little to compute: the double's products are plain loops."""
        made = json.loads(self.read("configs", "models", f"{model}.json"))
        made.update(name="small", layers=2, hidden=32, ffn=64, vocab=128)
        self.write("small.json", made)
        made = json.loads(self.read("configs", "layouts", f"{parallelism}.json"))
        made.update({"name": "short", "sequence": 16, **changes})
        self.write("short.json", made)
        return ("--set", "model=./small.json", "--set", "parallelism=./short.json")

    def step(self, ranks, *settings, **environment):
        return self.run_on(ranks, "training_step", "--backend", "nccl", *FEW, *settings,
                           NCCL_LAUNCH_ORDER_IMPLICIT="1", **environment)

    def expect_right(self, run):
        self.assertEqual(run.code, 0, run)
        for case in self.cases("training_step"):
            self.assertEqual(case["path"], "native on streams")
            for moment in ("before", "after"):
                self.assertEqual(case["verify"][moment]["wrong"], 0)
                self.assertGreater(case["verify"][moment]["checked"], 1000)


class Measured(StepTest):
    def test_with_and_without_a_graph_on_2(self):
        run = self.step(2, *self.small("tiny", "tiny-dp2"), "--set", "graph=off,on", "--set", "parts=on")
        self.expect_right(run)
        for case in self.cases("training_step"):
            self.assertEqual(case["notes"]["timed_by"], "events of the GPU")
            self.assertNotIn("threads", case["notes"])
            means = {name: figure["mean"] for name, figure in case["figures"].items()}
            parts = means["compute"] + means["exposed_dp"] + means["exposed_world"] + means["idle"]
            self.assertLess(0.5, parts / means["time"])  # what is timed begins before the step, and ends behind it
            self.assertLess(parts / means["time"], 1.001)
            for figure in ("bubble", "communication_interference"):
                self.assertEqual(case["absent"][figure], NO_CLOCK)
            events = json.loads(self.read("out", f"trace-{case['id']}.json"))["traceEvents"]
            self.assertEqual({e["cat"] for e in events if e["ph"] == "X"}, {"compute", "dp", "world"})

    def test_stages_and_halves_of_tensors_on_4(self):
        types = {"weights": "bf16", "activations": "bf16", "gradients": "fp32", "gemm": "bf16"}
        run = self.step(4, *self.small("tiny", "tiny-tp2-pp2-dp2", dp=1, types=types), "--set", "overlap=on,off")
        self.expect_right(run)

    def test_experts_on_4(self):
        self.expect_right(self.step(4, *self.small("tiny-moe", "tiny-moe-ep4")))


class GoneWrong(StepTest):
    def test_corrupted_data_fail(self):
        run = self.step(2, *self.small("tiny", "tiny-dp2"), ASSAY_FAKE_NCCL="ncclAllReduce:ranks=1:corrupt:after=5")
        self.expect(run, 10, r"FAIL correct training_step .*elements wrong; the first on rank")

    def test_a_hang_inside_a_step_ends_the_run(self):
        run = self.step(2, *self.small("tiny", "tiny-dp2"), "--timeout", "2",
                        ASSAY_FAKE_NCCL="ncclAllReduce:ranks=1:hang:after=7")
        self.expect_sentence(run, 12, ".*no progress ")
        self.assertFalse(self.json("out", "result.json")["run"]["complete"])


class Refused(StepTest):
    def test_what_gpus_cannot_do(self):
        small = self.small("tiny", "tiny-dp2")
        self.refuse(self.run_on(2, "training_step", "--backend", "nccl", *FEW, *small),
                    "assay run: training_step .*a step has several communicators, and of nccl, two "
                    "communicators at once .*NCCL_LAUNCH_ORDER_IMPLICIT=1")
        self.refuse(self.step(2, *small, "--set", "progress=none"), ".*nccl goes on by itself")
        self.refuse(self.run_on(2, "training_step", "--backend", "mpi_staged", *FEW, *small),
                    ".*mpi_staged waits for each message: use backend nccl")
        large = ("--set", "model=llama-3.1-8b", "--set", "parallelism=llama-3.1-8b-cp2", "--set",
                 "scaling=weak")
        self.refuse(self.step(2, *large), "llama-3.1-8b as llama-3.1-8b-cp2: rank 0 needs .* GB .*"
                    "and 4.29. GB are there; ")

    def test_what_hosts_cannot_do(self):
        def refuse(pattern, *settings):
            self.refuse(self.launch(2, "run", "training_step", *FEW, *settings, "--out", "out"), pattern)
        refuse(".*graph on replays what a GPU has recorded.*: use graph off, or backend nccl", "--set", "graph=on")
        refuse(".*the matrices of parallelism llama-3.1-8b-cp2 are of bf16, and hosts multiply fp32 and fp64: .*",
               "--set", "model=llama-3.1-8b", "--set", "parallelism=llama-3.1-8b-cp2")


if __name__ == "__main__":
    program.main(__file__)
