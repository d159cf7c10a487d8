"""A run on GPUs, on the double of CUDA: which GPU, what is timed, and GPUs that go wrong."""
import os
import unittest

import program

DOUBLE = os.environ.get("ASSAY_DOUBLE", "")
# Little to copy: the double's kernels are plain loops on two busy cores.
COPY = ("copy", "triad", "--memory", "device", "-b", "64K", "-w", "2", "--warmup-time", "0", "--quiet")
FEW = (*COPY, "-n", "20")
JUDGED = (*COPY, "--blocks", "8", "--block-length", "3", "--pilot", "20")


def gpus(count, trouble="", **more):
    """Environment of so many GPUs on this host, with what goes wrong on them."""
    return {"ASSAY_FAKE_GPUS": str(count), "ASSAY_FAKE_CUDA": trouble, **more}


class GpuTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        if not DOUBLE:
            self.skipTest("this build has no CUDA, so there is no double of it")

    def run_on(self, ranks, *arguments, count=None, trouble="", **more):
        command = self.launcher(ranks, DOUBLE, "run", *arguments, "--out", "out")
        environment = gpus(ranks if count is None else count, trouble, **more)
        return self.finish(self.start(command, environment))

    def cases(self, benchmark):
        found = [c for c in self.json("out", "result.json")["cases"] if c["benchmark"] == benchmark]
        self.assertTrue(found, "there is no such case")
        return found


class Measured(GpuTest):
    def measured(self, ranks, pacing):
        run = self.run_on(ranks, *FEW, "--pacing", pacing)
        self.assertEqual(run.code, 0, run)
        for benchmark in ("copy", "triad"):
            for case in self.cases(benchmark):
                self.assertEqual(case["status"], "measured")
                self.assertEqual(case["dims"]["memory"], "device")
                self.assertEqual(case["protocol"]["pacing"], pacing)
                self.assertEqual(case["notes"]["timed_by"], "events of the GPU")
                self.assertEqual(case["notes"]["kernel"], "CUDA")
                self.assertNotIn("gate_expired", [flag["code"] for flag in case["flags"]])
                self.assertEqual(case["n"], 20)
                self.assertEqual(case["verify"]["after"]["wrong"], 0)
                self.assertEqual(case["verify"]["after"]["checked"], ranks * 8192)
                self.assertIn("bandwidth", case["figures"])
                self.assertEqual(case["figures"]["wall_time"]["n"], 20)
        judged = self.alone("judge", "out", "--out", "again.json")
        self.assertEqual(judged.code, 0, judged)
        self.assertEqual(self.read("again.json"), self.read("out", "verdict.json"))

    def test_isolated_on_1(self):
        self.measured(1, "isolated")

    def test_isolated_on_3(self):
        self.measured(3, "isolated")

    def test_stream_on_2(self):
        self.measured(2, "stream")

    def test_stream_on_5(self):
        self.measured(5, "stream")

    def test_graph_on_1(self):
        self.measured(1, "graph")

    def test_graph_on_2(self):
        self.measured(2, "graph")

    def test_ranks_that_are_timed_together(self):
        """T_max is that of all ranks; what needs a common clock is absent, and why is said."""
        run = self.run_on(3, "copy", *FEW[2:], "--layout", "world", "--pacing", "stream",
                          trouble="copy:delay=0.003:gpu=2")
        self.assertEqual(run.code, 0, run)
        case = self.cases("copy")[0]
        for figure in ("span", "transfer", "last_arriver"):
            self.assertEqual(case["absent"][figure], "events of several GPUs share no clock")
        self.assertGreaterEqual(case["figures"]["time"]["min"], 0.003, "one GPU is that slow")
        self.assertGreaterEqual(case["figures"]["wall_time"]["min"], 0.0029)

    def test_against_a_contract(self):
        self.write("contract.json", {
            "format": "assay.contract", "schema_version": "0.1.0", "name": "hbm",
            "clauses": [{"id": "hbm", "of": {"benchmark": "copy", "memory": "device", "bytes": "64KiB",
                                             "pacing": "stream"},
                         "metric": "bandwidth", "q": 0.5, "at_least": "1 kB/s"}]})
        run = self.run_on(2, "--contract", "contract.json", "--quiet")
        # A busy machine may drift, which is no pass: what matters is that it is judged, and how.
        self.assertIn(run.code, (0, 11), run)
        self.assertRegex(run.flat, "hbm median bandwidth|hbm rank [01] on .*median bandwidth|hbm worst of 2")
        again = self.alone("judge", "out", "--out", "again.json")
        self.assertEqual(again.code, run.code, again)
        self.assertEqual(self.read("again.json"), self.read("out", "verdict.json"))


class Local(GpuTest):
    """All that a GPU does by itself."""
    ALL = ("read", "write", "host_copy", "launch", "--memory", "device", "--set",
           "way=to_device,to_host,both", "-b", "64K", "-n", "20", "-w", "2", "--warmup-time", "0",
           "--quiet")

    def measured(self, ranks, pacing):
        run = self.run_on(ranks, *self.ALL, "--pacing", pacing)
        self.assertEqual(run.code, 0, run)
        checked = {"read": 1, "write": 8192, "host_copy": 65536, "launch": 0}
        for benchmark, elements in checked.items():
            for case in self.cases(benchmark):
                self.assertEqual(case["n"], 20)
                both = 2 if case["dims"].get("way") == "both" else 1
                self.assertEqual(case["verify"]["after"]["checked"], ranks * both * elements)
        # Twice the double's cache of 64 KiB: over and over the same 64 KiB would be read from it.
        self.assertEqual(self.cases("read")[0]["notes"]["buffers"], "2")
        self.assertEqual({c["dims"]["way"] for c in self.cases("host_copy")},
                         {"to_device", "to_host", "both"})

    def test_isolated_on_2(self):
        self.measured(2, "isolated")

    def test_stream_on_3(self):
        self.measured(3, "stream")

    def test_graph_on_2(self):
        self.measured(2, "graph")

    def wrong(self, benchmark, trouble, *more):
        run = self.run_on(2, benchmark, "--memory", "device", *more, "-b", "64K", "-n", "5", "-w", "1",
                          "--warmup-time", "0", "--quiet", trouble=trouble)
        self.expect(run, 10, f"FAIL correct {benchmark} .*elements wrong; the first on rank 1")

    def test_wrong_reads_are_seen(self):
        self.wrong("read", "fold:corrupt:gpu=1")

    def test_wrong_writes_are_seen(self):
        self.wrong("write", "write:corrupt:gpu=1")

    def test_wrong_copies_to_the_host_are_seen(self):
        self.wrong("host_copy", "cudaMemcpyAsync:corrupt:least=1000:gpu=1", "--set", "way=both")

    def gemm(self, ranks, *more, trouble=""):
        return self.run_on(ranks, "gemm", "--memory", "device", "-d", "bf16,tf32,fp8_e4m3", "--set", "m=48",
                           "--set", "n=32", "--set", "k=80", "-n", "10", "-w", "2", "--warmup-time", "0",
                           "--quiet", *more, trouble=trouble)

    def test_products_in_a_graph_on_3(self):
        run = self.gemm(3, "--pacing", "graph")
        self.assertEqual(run.code, 0, run)
        types = {c["dims"]["type"]: c for c in self.cases("gemm")}
        self.assertEqual(set(types), {"bf16", "tf32", "fp8_e4m3"})
        for case in types.values():
            self.assertEqual(case["verify"]["after"]["checked"], 3 * 48 * 32)
            self.assertEqual(case["notes"]["library"], "cuBLASLt 13.0.2")
            self.assertIn("wall_time", case["figures"])
        self.assertEqual(types["fp8_e4m3"]["notes"]["stored"], "A by rows, B by columns")

    def test_wrong_products_are_seen(self):
        run = self.gemm(2, trouble="cublasLtMatmul:corrupt:gpu=1")
        self.expect(run, 10, "FAIL correct gemm 48x32x80 .* 1 of .* elements wrong; the first on rank 1 "
                             ".*buffer matrix C, offset .*: expected -?[0-9]+, got ")

    def test_the_shipped_suite_can_be_planned(self):
        suite = os.path.join(program.SOURCE, "configs", "suites", "gpu.json")
        run = self.alone("run", "--suite", suite, "--ranks", "8", "--dry-run")
        self.assertEqual(run.code, 0, run)
        self.assertIn("42 cases on 8 ranks", run.out)


class Peers(GpuTest):
    """From GPU to GPU, each of another process."""

    def copies(self, ranks, *more, trouble="", count=None):
        # The last of 14 copies into 4 buffers goes into another one than the first.
        return self.run_on(ranks, "peer_copy", "--set", "way=there,back,both", "-b", "16K", "-n", "11", "-w",
                           "2", "--warmup-time", "0", "--quiet", *more, trouble=trouble, count=count)

    def measured(self, ranks, *more):
        run = self.copies(ranks, *more)
        self.assertEqual(run.code, 0, run)
        pairs = ranks * (ranks - 1) // 2
        ways = {c["dims"]["way"]: c for c in self.cases("peer_copy")}
        self.assertEqual(set(ways), {"there", "back", "both"})
        for way, case in ways.items():
            both = 2 if way == "both" else 1
            self.assertEqual(case["verify"]["after"]["checked"], pairs * both * 16384)
            # Twice the double's cache of 64 KiB, over what is sent and what is received.
            self.assertEqual(case["notes"]["buffers"], "4")
            self.assertIn("bandwidth", case["figures"])

    def test_stream_on_5(self):
        self.measured(5, "--pacing", "stream")

    def test_graph_on_3(self):
        self.measured(3, "--pacing", "graph")

    def test_ranks_that_share_a_gpu(self):
        run = self.copies(2, "--share-gpu", count=1)
        self.expect(run, 0, "WARNING gpu_shared", "PASS correct 131072 elements checked")

    def test_what_arrives_wrong_is_seen_where_it_arrives(self):
        run = self.copies(3, trouble="cudaMemcpyAsync:corrupt:least=1000:gpu=2")
        self.expect(run, 10, "FAIL correct peer_copy .*elements wrong; the first on rank [01] ")

    def test_gpus_that_do_not_reach_each_other(self):
        run = self.copies(3, trouble="cudaDeviceCanAccessPeer:corrupt:gpu=2")
        self.expect(run, 11, "NOT MEASURED complete ")
        ways = {c["dims"]["way"]: c for c in self.cases("peer_copy")}
        # GPU 2 is the second of its pairs: it only sends back.
        self.assertEqual({way: case["status"] for way, case in ways.items()},
                         {"there": "measured", "back": "skipped", "both": "skipped"})
        self.assertRegex(ways["back"]["reason"],
                         r"rank 2, GPU 2 .* has no peer access to the GPU at 0000:1[BC]:00.0; "
                         r"see with nvidia-smi .* \(on rank 2\) in round \d of 3")

    def test_memory_that_cannot_be_shared(self):
        run = self.copies(2, trouble="cudaIpcGetMemHandle:error=801:gpu=1")
        self.expect(run, 11, r"NOT MEASURED complete .*rank 1, GPU 1 .* cannot share its memory with another process")


class ThroughTheHost(GpuTest):
    """MPI with data of GPUs."""
    REDUCE = ("all_reduce", "-b", "64K", "-n", "20", "-w", "2", "--warmup-time", "0", "--quiet", "--backend")

    def test_staged_on_3(self):
        run = self.run_on(3, *self.REDUCE, "mpi_staged", "--pacing", "stream")
        self.assertEqual(run.code, 0, run)
        case = self.cases("all_reduce")[0]
        self.assertEqual(case["path"], "staged")
        self.assertEqual(case["verify"]["after"]["wrong"], 0)
        self.assertEqual(case["verify"]["after"]["checked"], 3 * 16384)
        # By the host's clock, in spite of where the data are.
        self.assertNotIn("timed_by", case["notes"])
        self.assertNotIn("events", case["absent"].get("span", ""))

    def test_wrong_copies_are_seen(self):
        run = self.run_on(2, *self.REDUCE, "mpi_staged", trouble="cudaMemcpyAsync:corrupt:least=1000:gpu=1")
        self.expect(run, 10, "FAIL correct all_reduce .*elements wrong")

    def test_nothing_that_returns_when_done_is_recorded(self):
        run = self.run_on(2, *self.REDUCE, "mpi_staged", "--pacing", "graph")
        self.refuse(run, "assay run: all_reduce .* graph: pacing graph replays what is only enqueued, and what "
                         "mpi_staged launches is done when the call returns")

    def test_an_mpi_that_takes_no_memory_of_gpus(self):
        run = self.run_on(2, *self.REDUCE, "mpi_cuda")
        self.refuse(run, ".*mpi_cuda: this MPI (takes no|does not say|says only)")


class Told(GpuTest):
    """What the driver's library tells, on its double."""

    def setUp(self):
        super().setUp()
        self.nvml = {"LD_LIBRARY_PATH": os.path.join(os.path.dirname(DOUBLE), "fakes", "nvml_whole")}

    def test_readings_are_judged(self):
        def clause(metric, bound):
            return {"id": metric, "of": {"benchmark": "copy", "memory": "device", "bytes": "64KiB"},
                    "metric": metric, "at_most": bound}
        self.write("contract.json", {
            "format": "assay.contract", "schema_version": "0.1.0", "name": "health",
            "clauses": [clause("gpu_temperature", "83 C"), clause("gpu_power", "100 W"),
                        clause("ecc_corrected", 0), clause("gpu_throttled", 0)]})
        run = self.run_on(1, "--contract", "contract.json", "--quiet", **self.nvml)
        self.expect(run, 10, r"PASS gpu_temperature highest gpu_temperature 41.00 C",
                    r"FAIL gpu_power .*101.0 W; at most 100.0 W required", "PASS ecc_corrected",
                    "FAIL gpu_throttled .*2.000; at most 0 required")
        again = self.alone("judge", "out", "--out", "again.json")
        self.assertEqual(again.code, 10, again)
        self.assertEqual(self.read("again.json"), self.read("out", "verdict.json"))

    def test_what_a_gpu_cannot_tell_is_no_pass(self):
        self.write("contract.json", {
            "format": "assay.contract", "schema_version": "0.1.0", "name": "health",
            "clauses": [{"id": "ecc", "of": {"benchmark": "copy", "memory": "device"},
                         "metric": "ecc_uncorrected", "at_most": 0}]})
        run = self.run_on(2, "--contract", "contract.json", "--quiet", **self.nvml)
        self.expect(run, 11, "NOT MEASURED ecc .*rank 1 on host .* ecc_uncorrected is not finite")

    def test_the_inventory(self):
        run = self.run_on(2, *FEW, **self.nvml)
        self.assertEqual(run.code, 0, run)
        topology = self.json("out", "result.json")["topology"]
        self.assertEqual([d["rank"] for d in topology["devices"]], ["0", "1"])
        self.assertEqual(topology["devices"][0]["serial"], "1320000000001")
        self.assertEqual(topology["devices"][0]["gpu_nvlinks"], "17 of 18 up")
        self.assertEqual(topology["fingerprints"][0]["gpu"], "2 × NVIDIA Double")
        self.assertNotIn("nvml", topology["devices"][0])
        self.assertRegex(run.flat, r"gpus_differ: gpu_ecc is .*not told \(rank 1\)")

    def test_without_the_library_it_is_said(self):
        run = self.run_on(1, *FEW)
        self.assertEqual(run.code, 0, run)
        self.assertRegex(self.json("out", "result.json")["topology"]["devices"][0]["nvml"],
                         "libnvidia-ml.so.1: cannot")


class Refused(GpuTest):
    """One sentence, once, and nothing is run."""

    def refused(self, ranks, pattern, *more, count=0, arguments=FEW):
        run = self.run_on(ranks, *arguments, *more, count=count)
        self.refuse(run, pattern)

    def test_no_gpu_on_1(self):
        self.refused(1, r"rank 0 on host \S+: there is no GPU for it: no CUDA-capable device is detected; ")

    def test_no_gpu_on_2(self):
        self.refused(2, "rank 0 on host .*: there is no GPU for it")

    def test_no_gpu_on_3(self):
        self.refused(3, "rank 0 on host .*: there is no GPU for it")

    def test_too_few_gpus(self):
        self.refused(3, "host .*: 3 ranks see 2 GPUs between them, none of which is left for rank 2; ",
                     count=2)

    def test_graph_pacing_in_the_hosts_memory(self):
        run = self.run_on(2, "copy", *program.SHORT, "--pacing", "graph")
        self.refuse(run, "assay run: copy .* graph: pacing graph replays what a GPU has recorded")

    def test_a_case_that_may_be_left_out_needs_no_gpu(self):
        self.write("suite.json", {
            "format": "assay.suite", "schema_version": "0.1.0", "name": "some",
            "cases": [{"benchmark": "copy", "bytes": "64KiB", "stop": {"iterations": 10}},
                      {"benchmark": "copy", "bytes": "64KiB", "memory": "device", "optional": True,
                       "stop": {"iterations": 10}}]})
        run = self.run_on(1, "--suite", "suite.json", "--quiet", count=0)
        self.assertEqual(run.code, 0, run)
        skipped = [c for c in self.cases("copy") if c["dims"]["memory"] == "device"]
        self.assertEqual(skipped[0]["status"], "skipped")
        self.assertIn("no CUDA-capable device", skipped[0]["reason"])

    def test_a_dry_run_needs_no_gpu(self):
        run = self.run_on(1, *FEW, "--dry-run", count=0)
        self.assertEqual(run.code, 0, run)
        self.assertIn("up to 0.2 MiB of buffers per rank on its GPU", run.out)

    def test_memory_of_gpus_is_never_taken_for_the_hosts(self):
        run = self.run_on(2, "copy", "all_reduce", "--memory", "device")
        self.expect_sentence(run, 64, r".*all_reduce has no such dimension")

    def test_a_dry_run_names_the_back_end_that_is_not_here(self):
        run = self.alone("run", "all_reduce", "--backend", "nccl", "--dry-run", "--ranks", "4")
        self.expect(run, 0, "planned as if nccl were here: n", "all_reduce 1 MiB fp32 sum nccl")

    def test_shared_where_that_is_asked_for(self):
        run = self.run_on(3, *FEW, "--share-gpu", count=1)
        self.expect(run, 0, r"WARNING gpu_shared: ranks 0-2 share one GPU, GPU-")
        devices = self.json("out", "result.json")["topology"]["devices"]
        self.assertEqual([row["rank"] for row in devices], ["0", "1", "2"])
        self.assertEqual(len({row["uuid"] for row in devices}), 1)


class GoneWrong(GpuTest):
    def test_corrupted_data_fail(self):
        run = self.run_on(2, *JUDGED, trouble="copy:corrupt:gpu=1")
        self.expect(run, 10, r"FAIL correct copy .*elements wrong; the first on rank 1")
        self.assertEqual(self.alone("judge", "out").code, 10)

    def test_a_crashed_gpu_is_named(self):
        run = self.run_on(2, *FEW, trouble="triad:late=700:after=10:gpu=1")
        self.expect_sentence(run, 12, r".*rank 1, GPU 1 \(NVIDIA Double, 0000:1C:00.0\): "
                                      r".*an illegal memory access was encountered")
        self.assertFalse(self.json("out", "result.json")["run"]["complete"])
        # On sound GPUs the run is gone on with.
        again = self.finish(self.start(self.launcher(2, DOUBLE, "run", "--resume", "out", "--quiet"),
                                       gpus(2)))
        self.expect(again, 0, r"PASS complete \d cases, as planned, in 2 attempts")

    def test_a_hanging_gpu_is_seen(self):
        run = self.run_on(2, *FEW, "--timeout", "2", trouble="copy:delay=600:after=10:gpu=1")
        self.expect_sentence(run, 12, "rank 1 on host .*no progress .*inside the operation")
        self.assertTrue(os.path.exists(self.path("rank-1.log")))
        self.assertFalse(self.json("out", "result.json")["run"]["complete"])

    def test_too_little_memory_fails_the_case(self):
        run = self.run_on(1, "copy", "--memory", "device", "-b", "4G", "-n", "3", "--quiet")
        self.assertEqual(run.code, 11, run)
        self.assertRegex(self.cases("copy")[0]["reason"], "GPU 0 .*cannot allocate .* are free")


if __name__ == "__main__":
    program.main(__file__)
