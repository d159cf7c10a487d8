"""Collectives between GPUs through the whole program, on the doubles of CUDA and NCCL."""
import subprocess

import program
import program_gpu_test as gpu

REDUCE = ("all_reduce", "--backend", "nccl", "-b", "64K", "-w", "2", "--warmup-time", "0", "-n", "20", "--quiet")


class NcclTest(gpu.GpuTest):
    def setUp(self):
        super().setUp()
        rows = subprocess.run([gpu.DOUBLE, "list", "backends"], capture_output=True, text=True, check=True)
        if "not built" in rows.stdout.split("nccl", 1)[1].split("\n")[0]:
            self.skipTest("this build has no NCCL, so there is no double of it")


class Measured(NcclTest):
    def measured(self, ranks, pacing, **environment):
        run = self.run_on(ranks, *REDUCE, "--pacing", pacing, **environment)
        self.assertEqual(run.code, 0, run)
        case = self.cases("all_reduce")[0]
        self.assertEqual(case["path"], "native")
        self.assertEqual(case["reduction"], "library")
        self.assertEqual(case["verify"]["after"], {**case["verify"]["after"], "wrong": 0, "checked": ranks * 16384})

    def test_isolated_on_3(self):
        self.measured(3, "isolated")

    def test_stream_on_2(self):
        self.measured(2, "stream", ASSAY_FAKE_NCCL_NETWORK="sockets")
        self.assertEqual(self.cases("all_reduce")[0]["notes"]["nccl_transport"], "sockets")
        self.assertIn("socket_fallback", [w["code"] for w in self.json("out", "result.json")["warnings"]])

    def test_graph_on_3(self):
        self.measured(3, "graph")


class GoneWrong(NcclTest):
    def test_corrupted_data_fail(self):
        run = self.run_on(3, *REDUCE, ASSAY_FAKE_NCCL="ncclAllReduce:ranks=1:corrupt")
        self.expect(run, 10, r"FAIL correct all_reduce .*elements wrong; the first on rank 1")

    def test_what_breaks_off_is_told(self):
        run = self.run_on(3, *REDUCE, ASSAY_FAKE_NCCL="ncclAllReduce:ranks=1:after=5:async=3")
        self.expect_sentence(run, 12, r".*GPU . \(NVIDIA Double, .*failed with .*(ncclInternal|ncclRemote)Error")
        self.assertFalse(self.json("out", "result.json")["run"]["complete"])

    def test_a_call_that_fails_on_one_rank_is_told(self):
        run = self.run_on(3, *REDUCE,
                          # To destroy it would wait for ranks that know of nothing.
                          ASSAY_FAKE_NCCL="ncclAllReduce:ranks=1:after=5:error=2,ncclCommDestroy:hang")
        self.expect_sentence(run, 12, r".*rank 1, GPU 1 .*ncclAllReduce.*ncclSystemError")


class Hangs(NcclTest):
    """Nobody waits for what never returns: a report first, then all communicators aborted, then exit 12."""

    def hang(self, ranks, trouble, *more):
        run = self.run_on(ranks, *REDUCE, "--timeout", "2", *more, ASSAY_FAKE_NCCL=trouble,
                          ASSAY_FAKE_NCCL_LOG=self.path("nccl.log"))
        self.expect_sentence(run, 12, ".*no progress ")
        result = self.json("out", "result.json")["run"]
        self.assertFalse(result["complete"])
        self.assertIn("no progress", result["reason"])
        return run

    def aborted(self):
        """(rank, "whole" or "part") of every communicator."""
        events = [line.split() for line in self.read("nccl.log").decode().splitlines()]
        return sorted((int(rank), "part" if "." in name else "whole") for rank, event, name in events if event == "abort")

    def test_all_communicators_are_aborted(self):
        run = self.hang(4, "ncclAllReduce:ranks=1:after=5:hang", "--layout", "halves")
        self.assertIn("inside the operation", run.err)
        self.assertEqual(self.aborted(), [(rank, kind) for rank in range(4) for kind in ("part", "whole")])

    def test_an_abort_that_hangs_holds_up_nothing(self):
        self.hang(3, "ncclAllReduce:ranks=1:after=5:hang,ncclCommAbort:hang")
        self.assertEqual(self.aborted(), [(rank, "whole") for rank in range(3)])
        for rank in range(3):
            self.assertIn("no progress", self.read(f"rank-{rank}.log").decode())

    def test_a_rank_that_never_comes_to_connect(self):
        run = self.hang(3, "ncclCommInitRankConfig:ranks=2:hang")
        self.assertNotIn("inside the operation", run.err)


if __name__ == "__main__":
    program.main(__file__)
