"""Runs of assay on the hosts of a lab: starts them, finds their ranks, disturbs them, reads what
they leave. Used by lab_verdict_test.py and lab_fault_test.py."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "..", "scripts", "lab.sh")
ASSAY = ""

# Runs assay, then says what is in the working folder of each rank's host.
LISTING = '"$@"; code=$?; echo "files of $(hostname):" $(find . -mindepth 1 | sort); exit $code'


class Lab:
    """One run in a working folder that only n0 can see, on links of 100 Mbit/s."""

    def __init__(self, hosts, ranks_per_host, slow_link=None, files=()):
        self.ranks_per_host = ranks_per_host
        self.folder = tempfile.mkdtemp(prefix="assay-lab-")
        self.out = os.path.join(self.folder, "out")
        self.process = None
        self.options = ["--hosts", str(hosts), "--ranks-per-host", str(ranks_per_host),
                        "--rate", "100mbit", "--no-shared-folder"]
        if slow_link:
            self.options += ["--slow-link", slow_link]
        for name in files:
            shutil.copy(os.path.join(HERE, name), self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()  # the kernel ends every process of the lab with it
            self.process.wait()
        shutil.rmtree(self.folder)

    def start(self, arguments, wrapper=()):
        """Starts `assay run ARGUMENTS` on every rank."""
        command = [LAB, *self.options, "--", *wrapper, ASSAY, "run", *arguments, "--out", self.out]
        with open(self.path("stdout"), "w") as out, open(self.path("stderr"), "w") as err:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)

    def said(self):
        """What has come on stdout and stderr so far."""
        return tuple(self.text(name) for name in ("stdout", "stderr"))

    def finish(self, limit_s):
        """The exit code of mpirun."""
        code = self.process.wait(timeout=limit_s)
        self.stdout, self.stderr = self.said()
        return code

    def run(self, arguments, wrapper=(), limit_s=100):
        self.start(arguments, wrapper)
        return self.finish(limit_s)

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        try:
            with open(self.path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def verdict(self):
        return json.loads(self.text("out/verdict.json"))

    def result(self):
        return json.loads(self.text("out/result.json"))

    def journal(self):
        return [json.loads(line) for line in self.text("out/run.jsonl").splitlines()]

    def finding(self, clause):
        return next(f for f in self.verdict()["findings"] if f["clause"] == clause)

    # --- the ranks, as processes of this machine ---

    def pid(self, rank):
        """The process of `rank`, or None."""
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                with open(folder + "/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if words[0] != os.fsencode(ASSAY) or os.fsencode(self.out) not in words:
                    continue
                with open(folder + "/environ", "rb") as file:
                    if b"OMPI_COMM_WORLD_RANK=%d" % rank in file.read().split(b"\0"):
                        return int(os.path.basename(folder))
            except OSError:
                pass  # gone meanwhile
        return None

    def sent_bytes(self, pid):
        """What has left the host of process `pid` so far."""
        with open(f"/proc/{pid}/net/dev") as file:
            return int(re.search(r"eth0:\s*(\d+\s+){8}(\d+)", file.read()).group(2))

    def await_traffic(self, rank, megabytes=5):
        """Waits until the host of `rank` is in the middle of its operations."""
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            pid = self.pid(rank)
            if pid and self.sent_bytes(pid) > megabytes * 1e6:
                return
            time.sleep(0.05)
        raise AssertionError(f"the ranks did not come to their operations: {self.said()}")

    def kill(self, rank, number):
        os.kill(self.pid(rank), number)

    def pull_cable(self, rank):
        """Takes the link of the host of `rank` down."""
        enter = ["nsenter", "--target", str(self.pid(rank)), "--net"]
        if os.getuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        subprocess.run([*enter, "--", "ip", "link", "set", "eth0", "down"], check=True)


def main():
    """usage: TEST ASSAY [unittest arguments]"""
    global ASSAY
    ASSAY = os.path.realpath(sys.argv[1])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    check = subprocess.run([LAB, "--check"], check=False)
    if check.returncode != 0:
        sys.exit(check.returncode)
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
