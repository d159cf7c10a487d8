#!/usr/bin/env python3
"""Every clause of every shipped contract fails, and names who is slow, once somebody is slow.

A clause is tested alone, so that only its own cases are measured, and at 1 MiB instead of 64 MiB:
the bounds are the shipped ones, and a planted fault is slow by far at either size. What the slow
one is compared with is paced, so that hiccups of a busy machine do not count; the pace itself
scatters, because a reference whose blocks remember one another has no interval.
"""
import json
import os
import unittest

import program
from program import ProgramTest, faults


def shipped(contract):
    with open(os.path.join(program.SOURCE, "configs", "contracts", contract + ".json")) as file:
        return json.load(file)


PACED_COPY = "pace:benchmark=copy:floor=0.01:spread=0.5"


class Shipped(ProgramTest):
    block_length = "5"  # what the contracts plan for large messages
    max_time_s = "5"
    next_step = "next: assay run "

    def run_clauses(self, contract, clauses, fault, ranks, how):
        """Of the shipped contract, these clauses."""
        document = shipped(contract)
        document["clauses"] = [c for c in document["clauses"] if c["id"] in clauses]
        for clause in document["clauses"]:
            if clause["of"].get("bytes", "").endswith("MiB"):
                clause["of"]["bytes"] = "1MiB"
        self.write("contract.json", document)
        return self.launch(ranks, "run", *how, "--contract", "contract.json", "--ranks-per-node",
                           str(max(1, ranks // 2)), "--max-time-per-case", self.max_time_s,
                           "--block-length", self.block_length, "--quiet", "--out", "out",
                           environment=fault)

    def expect_fail(self, contract, clause, fault, who, ranks=2, how=()):
        return self.expect_fails(contract, {clause: who}, fault, ranks, how)

    def expect_fails(self, contract, failures, fault, ranks=2, how=()):
        """`failures`: who, by clause."""
        run = self.run_clauses(contract, failures.keys(), fault, ranks, how)
        self.expect(run, 10, *(f"FAIL +{clause} +.*{who}" for clause, who in failures.items()),
                    "PASS +correct", "PASS +complete", "VERDICT: FAIL .* exit 10", self.next_step)
        return self.read("out", "failed_hosts.txt").decode().split()

    # --- quickstart ---

    # All ranks together are slow: the evidence cannot say which of them is to blame.
    def test_quickstart_all_reduce_vs_memory(self):
        hosts = self.expect_fail("quickstart", "all-reduce-vs-memory",
                                 faults("slow:ranks=1:benchmark=all_reduce:delay=0.05", PACED_COPY),
                                 "ranks 0-1 between node0 and node1: median busbw")
        self.assertEqual(hosts, [])

    def test_quickstart_all_to_all_vs_memory(self):
        hosts = self.expect_fail("quickstart", "all-to-all-vs-memory",
                                 faults("slow:ranks=1:benchmark=all_to_all:delay=0.05", PACED_COPY),
                                 "ranks 0-1 between node0 and node1: median busbw")
        self.assertEqual(hosts, [])

    def test_quickstart_even_memory(self):
        hosts = self.expect_fail("quickstart", "even-memory",
                                 faults(local_fault="slow:ranks=1:benchmark=copy:delay=0.02"),
                                 "lowest: rank 1 on host node1")
        self.assertEqual(hosts, ["node1"])

    def test_quickstart_even_compute(self):
        self.block_length, self.max_time_s = "1", "15"
        hosts = self.expect_fail("quickstart", "even-compute",
                                 faults(local_fault="slow:ranks=1:benchmark=gemm:delay=0.2"),
                                 "lowest: rank 1 on host node1")
        self.assertEqual(hosts, ["node1"])

    # --- node-cpu ---

    def test_node_cpu_memory_per_rank(self):
        hosts = self.expect_fail("node-cpu", "memory-per-rank", faults(
            local_fault="slow:ranks=1:benchmark=copy:delay=0.02"), "rank 1 on host node1: median ")
        self.assertEqual(hosts, ["node1"])

    def test_node_cpu_compute_per_rank(self):
        self.block_length, self.max_time_s = "1", "15"  # the fault has to be a large one
        hosts = self.expect_fail("node-cpu", "compute-per-rank", faults(
            local_fault="slow:ranks=1:benchmark=gemm:delay=0.2"), "rank 1 on host node1: median ")
        self.assertEqual(hosts, ["node1"])

    def test_node_cpu_all_reduce_per_node(self):
        hosts = self.expect_fail("node-cpu", "all-reduce-per-node",
                                 faults("slow:ranks=2:delay=0.05"), "host node1: median busbw", 4)
        self.assertEqual(hosts, ["node1"])

    def test_node_cpu_small_all_reduce_per_node(self):
        # The contract's own plan has a pilot of 500: dear where all is slow.
        how = ("all_reduce", "-b", "8", "--layout", "node", "--blocks", "64", "--pilot", "20")
        hosts = self.expect_fail("node-cpu", "small-all-reduce-per-node",
                                 faults("slow:ranks=3:delay=0.02"), "host node1: median time", 4,
                                 how)
        self.assertEqual(hosts, ["node1"])

    # --- fabric-cpu ---

    # Point-to-point patterns are composed by assay, so their faults are its own, not the library's.
    # The contract's own plan has a pilot of 500: dear where all is slow.
    def how(self, *command):
        self.block_length, self.max_time_s = "1", "40"
        return (*command, "--layout", "pairs", "--pacing", "stream", "-w", "2", "--pilot", "20",
                "--blocks", "24")

    def test_fabric_cpu_worst_pair_latency(self):
        self.next_step = "."  # nothing smaller than a pair is left to test
        hosts = self.expect_fail("fabric-cpu", "worst-pair-latency",
                                 faults(local_fault="slow:ranks=1:benchmark=ping_pong:delay=0.1"),
                                 "ranks 0-1 between node0 and node1: median latency",
                                 how=self.how("ping_pong", "-b", "8"))
        self.assertEqual(hosts, [])

    def test_fabric_cpu_even_pairs(self):
        self.next_step = "."  # nothing smaller than a pair is left to test
        self.expect_fail("fabric-cpu", "even-pairs", faults(
            local_fault="slow:ranks=3:benchmark=unidirectional:delay=0.1"), "lowest: ranks .*3 ", 4,
            how=self.how("unidirectional", "-b", "1M", "--set", "window=16"))

    def test_fabric_cpu_even_rails(self):
        self.block_length, self.max_time_s = "1", "40"
        self.expect_fail("fabric-cpu", "even-rails",
                         faults("slow:ranks=3:benchmark=all_gather:delay=0.05",
                                "pace:benchmark=all_gather:floor=0.001"), "lowest: ranks 1,3 ", 4)

    def expect_slower_than(self, clause, slow, reference):
        """All ranks together are slow at one collective, beside another one that is not."""
        self.block_length, self.max_time_s = "1", "40"
        self.expect_fail("fabric-cpu", clause,
                         faults(f"slow:ranks=1:benchmark={slow}:delay=0.15",
                                f"pace:benchmark={reference}:floor=0.01:spread=0.5"),
                         "ranks 0-1 between node0 and node1: median busbw")

    def test_fabric_cpu_all_to_all_vs_send_recv(self):
        self.expect_slower_than("all-to-all-vs-send-recv", "all_to_all", "send_recv")

    def test_fabric_cpu_all_reduce_vs_all_gather(self):
        self.expect_slower_than("all-reduce-vs-all-gather", "all_reduce", "all_gather")

    # --- training-tiny ---

    def expect_slow_steps(self, failures, fault, blocks=("--pilot", "20", "--blocks", "8")):
        os.symlink(os.path.join(os.path.abspath(program.SOURCE), "configs"), self.path("configs"))
        self.next_step = "."  # a step of fewer ranks is another step
        self.block_length = "1"
        steps = ("training_step", "--set", "model=tiny", "--set", "parallelism=tiny-dp2", "-w", "1",
                 *blocks)
        self.max_time_s = "60"
        return self.expect_fails("training-tiny", failures, fault, how=steps)

    # Who makes the others wait cannot be told from the time of a step.
    def test_training_tiny_step_time_and_tokens(self):
        who = "ranks 0-1 between node0 and node1: median "
        hosts = self.expect_slow_steps(
            {"step-time": who + "step_time", "tokens": who + "tokens_per_s"},
            faults("slow:ranks=1:benchmark=all_reduce:delay=0.25"))
        self.assertEqual(hosts, [])

    def test_training_tiny_even_compute(self):
        self.expect_slow_steps(
            {"even-compute": "rank 1 on host node1"},
            faults(local_fault="throttle:ranks=1:factor=20:benchmark=training_step"),
            blocks=("--pilot", "0", "--blocks", "3"))

    # --- the list above is complete ---

    def test_every_clause_is_seen_to_fail(self):
        tests = set()
        for name in dir(self):
            for contract in os.listdir(os.path.join(program.SOURCE, "configs", "contracts")):
                prefix = f"test_{contract.removesuffix('.json')}_".replace("-", "_")
                if name.startswith(prefix):
                    tests.update(prefix + clause
                                 for clause in name.removeprefix(prefix).split("_and_"))
        for file in os.listdir(os.path.join(program.SOURCE, "configs", "contracts")):
            name = file.removesuffix(".json")
            if "device" in shipped(name).get("expects", {}):
                continue  # for GPUs: tests/unit/gpu_presets_test.cpp
            for clause in shipped(name)["clauses"]:
                self.assertIn(f"test_{name}_{clause['id']}".replace("-", "_"), tests)

    def test_suites_measure_what_the_contracts_ask(self):
        folder = os.path.join(os.path.abspath(program.SOURCE), "configs")
        for suite, contracts in (("quick", ["quickstart"]), ("node", ["quickstart", "node-cpu"]),
                                 ("fabric", ["fabric-cpu"]),
                                 ("full", ["quickstart", "node-cpu", "fabric-cpu"])):
            for contract in contracts:
                with self.subTest(suite=suite, contract=contract):
                    run = self.launch(4, "run", "--suite", f"{folder}/suites/{suite}.json",
                                      "--contract", f"{folder}/contracts/{contract}.json",
                                      "--ranks-per-node", "2", "--dry-run")
                    self.expect(run, 0, "about .* s over shared memory")

    def test_quickstart_as_it_is_shipped(self):
        """All of it, with one rank slow at everything it does alone."""
        path = os.path.join(os.path.abspath(program.SOURCE), "configs/contracts/quickstart.json")
        run = self.launch(2, "run", "--contract", path, "--block-length", "1",
                          "--quiet", "--out", "out",
                          environment=faults(local_fault="slow:ranks=0:benchmark=gemm:delay=0.2"))
        self.expect(run, 10, "FAIL +even-compute +.*lowest: rank 0 on host ", "PASS +correct")
        with open(path, "rb") as contract:
            self.assertEqual(self.read("out", "contract.json"), contract.read())


if __name__ == "__main__":
    program.main(__file__)
