#!/usr/bin/env python3
"""Tests of scripts/compare_peers: the peers' formats, the estimator, the pairing, the sentences."""
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import struct
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("compare_peers", str(SCRIPTS / "compare_peers"))
compare_peers = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
sys.modules["compare_peers"] = compare_peers
loader.exec_module(compare_peers)
import peer_formats  # noqa: E402  (found through SCRIPTS)

OSU_7 = """
# OSU MPI Allreduce Latency Test v7.4
# Datatype: MPI_CHAR.
# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations
8                       4.42              0.42              8.42        2000
16                     11.48             10.48             12.49        2000
"""
OSU_5 = """# OSU MPI Allreduce Latency Test v5.8
# Size       Avg Latency(us)
4                       1.34
8                       1.17
"""
OSU_BARRIER = """
# OSU MPI Barrier Latency Test v7.4
# Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations
             1.96              1.90              2.02         100
"""
OSU_BANDWIDTH = """
# OSU MPI Bandwidth Test v7.4
# Size      Bandwidth (MB/s)
8                     169.76
16                    512.00
"""
IMB = """#----------------------------------------------------------------
#    Intel(R) MPI Benchmarks 2021.11, MPI-1 part
# MPI_Datatype                   :   MPI_BYTE
#----------------------------------------------------------------
# Benchmarking Allreduce
# #processes = 2
#----------------------------------------------------------------
       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]
            0         1000         0.02         0.02         0.02
            8         1000         0.38         0.45         0.41
           16         1000         0.47         0.64         0.55

# All processes entering MPI_Finalize
"""
NCCL = """# nThread 1 nGpus 1 minBytes 8 maxBytes 16 step: 2(factor) warmup iters: 5 iters: 20
#  Rank  0 Group  0 Pid   1 on  a device  0 [0000:1b:00] NVIDIA H100
#                                                    out-of-place                 in-place
#       size    count   type  redop  root   time  algbw  busbw #wrong   time  algbw  busbw #wrong
#        (B) (elements)                     (us) (GB/s) (GB/s)          (us) (GB/s) (GB/s)
           8        2  float    sum    -1  11.37   0.00   0.00      0  11.26   0.00   0.00      0
          16        4  float    sum    -1  12.05   0.00   0.00    N/A  11.30   0.00   0.00    N/A
# Avg bus bandwidth    : 0.1
"""


class PeersFormats(unittest.TestCase):
    def test_osu_average_over_ranks(self):
        self.assertEqual(peer_formats.Osu.parse(OSU_7, "all_reduce"), {8: 4.42, 16: 11.48})
        self.assertEqual(peer_formats.Osu.parse(OSU_5, "all_reduce"), {4: 1.34, 8: 1.17})

    def test_osu_barrier_has_no_size(self):
        self.assertEqual(peer_formats.Osu.parse(OSU_BARRIER, "barrier"), {0: 1.96})

    def test_osu_bandwidth_becomes_the_time_of_a_window(self):
        self.assertEqual(peer_formats.Osu.parse(OSU_BANDWIDTH, "unidirectional")[16], 2.0)
        self.assertEqual(peer_formats.Osu.parse(OSU_BANDWIDTH, "bidirectional")[16], 4.0)

    def test_imb_average_and_not_its_minimum(self):
        self.assertEqual(peer_formats.Imb.parse(IMB, "all_reduce"), {8: 0.41, 16: 0.55})

    def test_nccl_tests_out_of_place_time(self):
        self.assertEqual(peer_formats.NcclTests.parse(NCCL, "all_reduce"), {8: 11.37, 16: 12.05})

    def test_foreign_output_is_refused(self):
        for peer in peer_formats.PEERS:
            with self.assertRaises(peer_formats.Failure):
                peer.parse("8 1.0\n16 2.0\n", "all_reduce")

    def test_another_imb_section_is_refused(self):
        with self.assertRaises(peer_formats.Failure):
            peer_formats.Imb.parse(IMB, "all_to_all")


class Sizes(unittest.TestCase):
    def test_are_read_with_binary_units(self):
        self.assertEqual(peer_formats.parse_size("8"), 8)
        self.assertEqual(peer_formats.parse_size("4K"), 4096)
        self.assertEqual(peer_formats.parse_size("64MiB"), 64 << 20)
        for bad in ("", "0", "-8", "4T", "K", "1.5M"):
            with self.assertRaises(ValueError):
                peer_formats.parse_size(bad)

    def test_a_sweep_doubles_up_to_its_largest(self):
        self.assertEqual(peer_formats.parse_sweep("8:64:7").sizes(), [8, 16, 32, 64])
        self.assertEqual(peer_formats.parse_sweep("8:65").sizes(), [8, 16, 32, 64])
        self.assertEqual(peer_formats.parse_sweep("8:8").sizes(), [8])

    def test_few_iterations_of_large_messages(self):
        self.assertEqual(peer_formats.parse_sweep("8:4K").iterations, 5000)
        self.assertEqual(peer_formats.parse_sweep("1M:64M").iterations, 50)

    def test_all_to_all_counts_per_peer_in_osu_and_in_total_in_nccl_tests(self):
        def bytes_of(peer, collective):
            return compare_peers.Request(peer, "", collective, "char", 4, (), "").bytes_of(8)
        self.assertEqual(bytes_of(peer_formats.Osu, "all_to_all"), 32)
        self.assertEqual(bytes_of(peer_formats.Osu, "all_reduce"), 8)
        self.assertEqual(bytes_of(peer_formats.Osu, "all_gather"), 32)
        self.assertEqual(bytes_of(peer_formats.Osu, "reduce_scatter"), 8)
        self.assertEqual(bytes_of(peer_formats.NcclTests, "all_to_all"), 8)


def a_case(samples, size=8, status="measured", benchmark="all_reduce"):
    return {"id": "c001", "status": status, "benchmark": benchmark, "dims": {"bytes": size},
            "samples": samples}


class AssaysResults(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def parsed(self, *cases):
        (self.folder / "result.json").write_text(json.dumps({"cases": cases}))
        return peer_formats.parse_assay(self.folder, "all_reduce")

    def test_sidecar_at_an_offset(self):
        block = [1e-6] * 3 + [2e-6, 4e-6] + [9e-6] * 2
        data = struct.pack("<f", 7.0) + struct.pack(f"<{len(block)}f", *block)
        (self.folder / "samples.f32").write_bytes(data)
        samples = {"groups": 1, "file": "samples.f32", "offset": 4, "bytes": 28,
                   "series": [{"name": "t_max", "counts": 3}, {"name": "rank_mean", "counts": 2},
                              {"name": "rank_max", "counts": [2]}]}
        self.assertAlmostEqual(self.parsed(a_case(samples))[8], 3.0, places=5)

    def test_counts_are_per_group(self):
        (self.folder / "samples.f32").write_bytes(struct.pack("<6f", 0, 0, 0, 0, 1e-6, 3e-6))
        samples = {"groups": 2, "file": "samples.f32", "offset": 0, "bytes": 24,
                   "series": [{"name": "t_max", "counts": 2}, {"name": "rank_mean", "counts": 1}]}
        self.assertAlmostEqual(self.parsed(a_case(samples))[8], 2.0, places=5)

    def test_inline(self):
        samples = {"groups": 1, "inline": [{"name": "rank_mean", "values": [[2e-6, 6e-6]]}]}
        self.assertAlmostEqual(self.parsed(a_case(samples))[8], 4.0)

    def test_other_cases_are_left_out(self):
        samples = {"groups": 1, "inline": [{"name": "rank_mean", "values": [[2e-6]]}]}
        self.assertEqual(list(self.parsed(a_case(samples), a_case({}, 16, "skipped"),
                                          a_case(samples, 32, benchmark="noop"))), [8])

    def test_a_missing_series_is_an_error(self):
        with self.assertRaisesRegex(peer_formats.Failure, "c001 has no series rank_mean"):
            self.parsed(a_case({"groups": 1, "inline": []}))


class Intervals(unittest.TestCase):
    def test_fifteen_pairs_leave_out_three_on_each_side(self):
        found = compare_peers.median_interval(list(range(1, 16)))
        self.assertEqual((found["median"], found["lower"], found["upper"]), (8, 4, 12))
        self.assertAlmostEqual(found["coverage"], 0.96484375)

    def test_six_pairs_are_the_fewest_for_95_percent(self):
        self.assertAlmostEqual(compare_peers.median_interval([1] * 6)["coverage"], 0.96875)
        found = compare_peers.median_interval([1, 2, 3, 4, 5])
        self.assertEqual((found["lower"], found["upper"], found["coverage"]), (1, 5, 0.9375))

    def test_one_pair(self):
        self.assertEqual(compare_peers.median_interval([1.5])["coverage"], 0.0)

    def test_statements(self):
        def said(lower, upper, coverage=0.96):
            return compare_peers.statement(
                {"lower": lower, "upper": upper, "coverage": coverage}, 1.03)
        self.assertEqual(said(0.9, 1.03), "holds")
        self.assertEqual(said(1.031, 1.2), "exceeded")
        self.assertEqual(said(0.9, 1.1), "undecided")
        self.assertEqual(said(0.9, 1.0, 0.9), "too few pairs")


LAUNCHER = """#!/bin/sh
# fake mpirun: -n RANKS PROGRAM ARGUMENTS...
shift 2
echo "$(basename "$1")" >>"{folder}/order"
exec "$@"
"""
FAKE_OSU = """#!/bin/sh
printf '# Size       Avg Latency(us)\\n8   2.00\\n16   4.00\\n'
"""
FAKE_ASSAY = """#!/bin/sh
for last; do :; done
mkdir "$last"
cat >"$last/result.json" <<'END'
{json}
END
"""


class ThePairing(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        cases = [a_case({"groups": 1, "inline": [{"name": "rank_mean", "values": [[t, t]]}]}, size)
                 for size, t in ((8, 1.5e-6), (16, 5e-6))]
        self.program("mpirun", LAUNCHER.replace("{folder}", str(self.folder)))
        self.program("osu_allreduce", FAKE_OSU)
        self.program("assay", FAKE_ASSAY.replace("{json}", json.dumps({"cases": cases})))

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)

    def run_main(self, *arguments, collective="all_reduce"):
        """(exit code, stdout, stderr)"""
        out, err = io.StringIO(), io.StringIO()
        sys.argv = ["compare_peers", "--assay", str(self.folder / "assay"), "--mpirun",
                    str(self.folder / "mpirun"), "--osu-dir", str(self.folder), "--peer", "osu",
                    "--collective", collective, "--sizes", "8:16:10", *arguments]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = compare_peers.main()
            except SystemExit as leaving:
                code = leaving.code
        return code, out.getvalue(), err.getvalue()

    def test_alternates_which_program_goes_first(self):
        self.assertEqual(self.run_main("--repetitions", "3")[0], 0)
        self.assertEqual((self.folder / "order").read_text().split(),
                         ["assay", "osu_allreduce", "osu_allreduce", "assay",
                          "assay", "osu_allreduce"])

    def test_prints_and_writes_ratios(self):
        code, out, _ = self.run_main("--repetitions", "6", "--out", str(self.folder / "peers.json"))
        self.assertEqual(code, 0)
        self.assertRegex(out, r"all_reduce +8 +1\.50 +2\.00 +0\.750  \[0\.750, 0\.750\]")
        self.assertRegex(out, r"all_reduce +16 +5\.00 +4\.00 +1\.250")
        written = json.loads((self.folder / "peers.json").read_text())
        self.assertEqual([row["ratio"]["median"] for row in written["rows"]], [0.75, 1.25])
        self.assertEqual(written["rows"][0]["peer_us"], [2.0] * 6)

    def test_a_ratio_beyond_the_bound_is_not_met(self):
        code, out, _ = self.run_main("--repetitions", "6", "--at-most", "1.03")
        self.assertEqual(code, 10)
        self.assertRegex(out, r" 8 .*holds\n.* 16 .*exceeded")

    def test_an_existing_file_is_not_overwritten(self):
        (self.folder / "peers.json").write_text("mine")
        code, _, err = self.run_main("--out", str(self.folder / "peers.json"))
        self.assertEqual(code, 64)
        self.assertIn("exists and is not overwritten", err)
        self.assertEqual((self.folder / "peers.json").read_text(), "mine")

    def test_a_failing_program_is_named_with_what_it_said(self):
        self.program("assay", "#!/bin/sh\necho 'assay: no such benchmark' >&2\nexit 64\n")
        code, _, err = self.run_main()
        self.assertEqual(code, 1)
        self.assertRegex(err, "assay run .*exited with 64: assay: no such benchmark")

    def test_a_program_below_the_folder_is_found(self):
        (self.folder / "pt2pt").mkdir()
        (self.folder / "osu_allreduce").rename(self.folder / "pt2pt" / "osu_allreduce")
        self.assertEqual(self.run_main("--repetitions", "1")[0], 0)

    def test_a_message_is_half_of_a_round_trip(self):
        self.program("osu_latency", FAKE_OSU)
        cases = [a_case({"groups": 1, "inline": [{"name": "rank_mean", "values": [[t, t]]}]}, size,
                        benchmark="ping_pong") for size, t in ((8, 3e-6), (16, 4e-6))]
        self.program("assay", FAKE_ASSAY.replace("{json}", json.dumps({"cases": cases})))
        code, out, _ = self.run_main("--repetitions", "1", collective="ping_pong")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"ping_pong +8 +1\.50 +2\.00 +0\.750")

    def test_without_a_peer_there_is_a_sentence(self):
        os.unlink(self.folder / "osu_allreduce")
        code, _, err = self.run_main()
        self.assertEqual(code, 77)
        self.assertIn("no peer was found on the PATH: looked for osu", err)

    def test_a_size_that_the_peer_left_out_is_named(self):
        self.program("osu_allreduce", "#!/bin/sh\nprintf '# Size  Avg Latency(us)\\n8 2.0\\n'\n")
        code, _, err = self.run_main()
        self.assertEqual(code, 1)
        self.assertIn("size 16 is missing in the output of osu", err)


if __name__ == "__main__":
    unittest.main()
