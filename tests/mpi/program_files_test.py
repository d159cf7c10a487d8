#!/usr/bin/env python3
"""The verdict can be recomputed from the files alone, and whatever was touched is named."""
import os
import shutil
import struct
import subprocess
import unittest

import program
from program import ProgramTest

CONTRACT = {
    "format": "assay.contract", "schema_version": "0.1.0", "name": "small", "guard": "20%",
    "clauses": [{"id": "latency", "metric": "time", "q": 0.5, "at_most": "10 s",
                 "of": {"benchmark": "all_reduce", "bytes": "1KiB", "pacing": "isolated"}}]}
BLOCKS = ("-b", "1K", "--blocks", "64", "--block-length", "1", "--pilot", "20", "--quiet")


class Judge(ProgramTest):
    def test_reproduces_the_verdict(self):
        self.write("small.json", CONTRACT)
        self.measure(arguments=("all_reduce", *BLOCKS, "--contract", "small.json"))
        before = {name: self.read("out", name) for name in os.listdir(self.path("out"))}
        judged = self.alone("judge", "out", "--out", "again.json")
        self.expect(judged, 0, "PASS +latency", "verdict.json is reproduced bit for bit")
        self.assertEqual(self.read("again.json"), before["verdict.json"])
        self.assertEqual({n: self.read("out", n) for n in os.listdir(self.path("out"))}, before)

        # A copy elsewhere, without what was derived; the contract from somewhere else.
        os.makedirs(self.path("far", "away"))
        for name in ("result.json", "run.jsonl", "samples.f32", "SHA256SUMS"):
            shutil.copy(self.path("out", name), self.path("far", "away"))
        judged = self.alone("judge", "far/away/result.json", "--contract", "small.json", "--out",
                            "far/verdict.json")
        self.expect(judged, 0, "VERDICT: PASS")
        self.assertEqual(self.read("far", "verdict.json"), before["verdict.json"])

        # The manifest is one that everybody's tools check.
        check = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"],
                               cwd=self.path("out"), capture_output=True, text=True)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""))

    def test_next_commands_name_the_contract_and_the_verdict_no_paths(self):
        self.write("small.json", CONTRACT)
        run = self.launch(2, "run", "all_reduce", "-b", "1K", "--blocks", "10", "--block-length",
                          "1", "--pilot", "20", "--quiet", "--contract", "small.json", "--out",
                          "out")
        self.expect(run, 11, "next: assay run --contract small.json --block(s|-length) ")
        self.expect(self.alone("judge", "out"), 11, "reproduced bit for bit",
                    r"next: assay run --contract out/contract\.json --block(s|-length) ")

    def test_another_contract_is_another_verdict(self):
        self.measure(arguments=("all_reduce", *BLOCKS))
        impossible = dict(CONTRACT, clauses=[dict(CONTRACT["clauses"][0], at_most="1 ns")])
        self.write("impossible.json", impossible)
        judged = self.alone("judge", "out", "--contract", "impossible.json")
        self.expect(judged, 10, "FAIL +latency .*at most 1.000 ns required", "VERDICT: FAIL",
                    "verdict.json differs from this verdict")
        unasked = dict(CONTRACT["clauses"][0], of={"benchmark": "gemm"}, metric="flops")
        del unasked["at_most"]
        self.write("unasked.json", dict(CONTRACT, clauses=[dict(unasked, at_least="1 FLOP/s")]))
        judged = self.alone("judge", "out", "--contract", "unasked.json")
        self.expect(judged, 11, "NOT MEASURED +latency .*no case .*gemm", "VERDICT: NOT MEASURED",
                    "next: assay run --contract unasked.json")

    def test_exit_map(self):
        self.measure(arguments=("all_reduce", *BLOCKS))
        self.write("impossible.json",
                   dict(CONTRACT, clauses=[dict(CONTRACT["clauses"][0], at_most="1 ns")]))
        judged = self.alone("judge", "out", "--contract", "impossible.json", "--exit-map",
                            "11=0,10=3")
        self.expect(judged, 3, "exit 10")

    def test_refuses_to_overwrite(self):
        self.measure()
        self.write("kept.json", "kept")
        judged = self.alone("judge", "out", "--out", "kept.json")
        self.expect_sentence(judged, 64, "kept.json: the file exists; ")
        self.assertEqual(self.read("kept.json"), b"kept")


class Touched(ProgramTest):
    """One run, touched in many ways: each is refused with the place that was touched."""

    def setUp(self):
        super().setUp()
        self.write("mine.json", CONTRACT)
        self.measure("good", arguments=("all_reduce", *BLOCKS, "--contract", "mine.json"))
        self.case = next(c["id"] for c in self.json("good", "result.json")["cases"]
                         if c["benchmark"] == "all_reduce")

    def refuse_after(self, touch, pattern):
        shutil.copytree(self.path("good"), self.path("bad"))
        touch()
        judged = self.alone("judge", "bad")
        self.expect_sentence(judged, 64, pattern)
        self.assertNotIn("VERDICT", judged.out)
        shutil.rmtree(self.path("bad"))

    def edit(self, name, old, new, count=1):
        text = self.read("bad", name)
        self.assertIn(old, text)
        with open(self.path("bad", name), "wb") as file:
            file.write(text.replace(old, new, count))

    def truncate(self, name, by=1):
        os.truncate(self.path("bad", name), os.path.getsize(self.path("bad", name)) - by)

    def set_sample(self, index, value):
        with open(self.path("bad", "samples.f32"), "r+b") as file:
            file.seek(4 * index)
            file.write(struct.pack("<f", value))

    def test_changed_sample(self):
        # The last case of the plan has its samples last: either case's may be changed.
        last = os.path.getsize(self.path("good", "samples.f32")) // 4 - 1
        for index in (0, last):
            with self.subTest(index=index):
                self.refuse_after(lambda: self.set_sample(index, 1e-9), r"bad/.*\bc00[12]\b")

    def test_truncated_files(self):
        for name, by, pattern in (("samples.f32", 4, r"bad/.*(samples\.f32|c00\d)"),
                                  ("result.json", 100, r"bad/result\.json: line \d+, column \d+"),
                                  ("run.jsonl", 5, r"bad/run\.jsonl: is truncated"),
                                  ("SHA256SUMS", 10, "bad/SHA256SUMS: is truncated"),
                                  ("SHA256SUMS", 80, r"bad/SHA256SUMS: does not list contract")):
            with self.subTest(name=name):
                self.refuse_after(lambda: self.truncate(name, by), pattern)

    def test_missing_files(self):
        self.refuse_after(lambda: os.remove(self.path("bad", "samples.f32")),
                          r"bad/samples\.f32: cannot be read: no such file")
        shutil.rmtree(self.path("good"))
        self.expect_sentence(self.alone("judge", "good"), 64,
                             "good.*(no such file|cannot be read)")
        os.mkdir(self.path("good"))
        self.expect_sentence(self.alone("judge", "good"), 64,
                             r"good: holds neither result\.json nor run\.jsonl")

    def test_contract(self):
        other = "; restore the contract .* or name one with --contract$"
        self.refuse_after(lambda: os.remove(self.path("bad", "contract.json")),
                          r"bad/contract\.json: is missing" + other)
        self.refuse_after(lambda: self.edit("contract.json", b'"10 s"', b'"99 s"'),
                          r"bad/contract\.json: does not match the SHA-256 in result\.json" + other)
        self.refuse_after(lambda: self.truncate("contract.json", 20), r"bad/contract\.json: line 1")
        # Whoever brings a contract does not need the one that was kept.
        for touch in (os.remove, lambda path: os.truncate(path, 5)):
            shutil.copytree(self.path("good"), self.path("bad"))
            touch(self.path("bad", "contract.json"))
            judged = self.alone("judge", "bad", "--contract", "mine.json")
            self.expect(judged, 0, "VERDICT: PASS", "reproduced bit for bit")
            shutil.rmtree(self.path("bad"))

    def test_changed_journal(self):
        case = b'"id":"%s","status":"measured"' % self.case.encode()
        self.refuse_after(lambda: self.edit("run.jsonl", case, case.replace(b"measu", b"igno")),
                          rf"bad/run\.jsonl: case {self.case} is not as result\.json holds it")

    def test_dropped_case(self):
        def drop(name):
            lines = self.read("bad", name).splitlines(keepends=True)
            with open(self.path("bad", name), "wb") as file:
                file.writelines(line for line in lines
                                if not line.startswith(b'{"id":"%s"' % self.case.encode()))

        self.refuse_after(lambda: drop("run.jsonl"),
                          rf"bad/run\.jsonl: case {self.case} is (not as result\.json|missing)")
        self.refuse_after(lambda: drop("result.json"), r"bad/")
        self.refuse_after(lambda: self.drop_from_result(), rf"bad/.*{self.case}")

    def drop_from_result(self):
        result = self.json("bad", "result.json")
        result["cases"] = [c for c in result["cases"] if c["id"] != self.case]
        self.write("bad/result.json", result)

    def test_edited_result(self):
        for old, new in ((b'"complete":true', b'"complete":false'),
                         (b'"wrong":0', b'"wrong":1'),
                         (b'"stated":false', b'"stated":true'),
                         (b'"bytes":1024', b'"bytes":2048'),
                         (b'"provenance":"measured"', b'"provenance":"simulated"')):
            with self.subTest(old=old):
                self.refuse_after(lambda: self.edit("result.json", old, new), "bad/result.json")

    def test_edited_figures(self):
        figures = next(c for c in self.json("good", "result.json")["cases"]
                       if c["id"] == self.case)["figures"]
        p50 = str(next(iter(figures["busbw"]))["p50"] if isinstance(figures["busbw"], list)
                  else figures["busbw"]["p50"]).encode()
        self.refuse_after(lambda: self.edit("result.json", p50, b"9" + p50),
                          rf"bad/result\.json.*({self.case}|\[\d\])")

    def test_edited_consistently(self):
        """result.json and journal alike, manifest made anew: the samples still tell."""
        def edit():
            for name in ("result.json", "run.jsonl"):
                self.edit(name, b'"bytes":1024', b'"bytes":2048', -1)
            os.remove(self.path("bad", "SHA256SUMS"))

        self.refuse_after(edit, "bad/")

    def test_edited_verdict(self):
        shutil.copytree(self.path("good"), self.path("bad"))
        self.edit("verdict.json", b'"outcome": "pass"', b'"outcome": "fail"')
        judged = self.alone("judge", "bad")
        self.expect(judged, 0, "VERDICT: PASS", "bad/verdict.json differs from this verdict: it "
                    "was made with another contract or assay, or was edited")

    def test_not_a_result(self):
        for content, pattern in (("", "line 1, column 1"), ("[]", "is not an object"),
                                 ("{}", "format: the key is missing"),
                                 ('{"format":"assay.contract"}', '"assay.contract" is unknown')):
            with self.subTest(content=content):
                self.write("it.json", content)
                self.expect_sentence(self.alone("judge", "it.json"), 64, f"it.json: .*{pattern}")


if __name__ == "__main__":
    program.main(__file__)
