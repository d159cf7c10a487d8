"""assay as its user starts it: under the real launcher, in a folder of its own.

A test file ends with `program.main(__file__)` and is started with the launcher and its options
("mpirun --oversubscribe"), the program, the program with planted faults (tests/fakes) and the
source folder, then unittest's own arguments.
"""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MPIRUN, ASSAY, FAULTY, SOURCE = ("mpirun",), "assay", "assay_faulty", "."
HYDRA = False
LIMIT_S = 100
# No GPU: the tests say what there is without one, on every machine. Doubles do not look at it.
ENVIRONMENT = dict(os.environ, CUDA_VISIBLE_DEVICES="", OMPI_ALLOW_RUN_AS_ROOT="1",
                   OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_mpi_yield_when_idle="1", MPIR_CVAR_POLLS_BEFORE_YIELD="1")
# What no user should ever see.
DEFECTS = ("terminate called", "Signal code", "what():", "defect of assay", "core dumped")
SHORT = ("-b", "1K", "-n", "30", "--quiet")


class Finished:
    """What a process left: its exit code and what it said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.sentences = [line for line in err.splitlines() if line.startswith("assay:")]
        self.flat = " ".join(out.split())  # what was wrapped, unwrapped

    def __str__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


def faults(fault="", local_fault="", team_fault="", clock_fault=""):
    """Environment of assay_faulty: faults in communicators, in benchmarks themselves, in the
    teams of groups and in the clock."""
    named = {"ASSAY_FAULT": fault, "ASSAY_LOCAL_FAULT": local_fault,
             "ASSAY_TEAM_FAULT": team_fault, "ASSAY_CLOCK_FAULT": clock_fault}
    return {name: text for name, text in named.items() if text}


def processes_of(folder):
    """Rank → process id of the ranks that were started in `folder`."""
    ranks = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") != os.path.realpath(folder):
                continue
            with open(f"/proc/{pid}/environ", "rb") as file:
                found = re.search(rb"(?:^|\0)(?:OMPI_COMM_WORLD|PMI)_RANK=(\d+)", file.read())
        except OSError:
            continue  # gone, or not ours
        if found:
            ranks[int(found[1])] = int(pid)
    return ranks


class ProgramTest(unittest.TestCase):
    """A folder of its own, and assertions on how a process ends."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="assay-program-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.end_ranks)

    def end_ranks(self):
        for pid in processes_of(self.folder).values():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # gone

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def json(self, *names):
        return json.loads(self.read(*names))

    def write(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        with open(self.path(name), "w") as file:
            file.write(text)
        return name

    # --- starting ---

    def start(self, command, environment=None):
        process = subprocess.Popen(command, cwd=self.folder, text=True,
                                   env={**ENVIRONMENT, **(environment or {})},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(self.end_process, process)
        return process

    @staticmethod
    def end_process(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    @staticmethod
    def finish(process, limit_s=LIMIT_S):
        out, err = process.communicate(timeout=limit_s)
        return Finished(process.returncode, out, err)

    def launcher(self, ranks, *command):
        return [*MPIRUN, "-n", str(ranks), *command]

    def launch(self, ranks, *arguments, environment=None):
        """assay on so many ranks; with planted faults where the environment names some."""
        program = FAULTY if set(environment or {}) & set(faults("x", "x", "x", "x")) else ASSAY
        return self.finish(self.start(self.launcher(ranks, program, *arguments), environment))

    def alone(self, *arguments, environment=None):
        """assay without a launcher."""
        return self.finish(self.start([ASSAY, *arguments], environment))

    def measure(self, out="out", ranks=2, arguments=("all_reduce", *SHORT)):
        """A good run to do something to."""
        run = self.launch(ranks, "run", *arguments, "--out", out)
        self.assertEqual(run.code, 0, run)
        return out

    # --- looking at what came of it ---

    def expect(self, finished, code, *phrases):
        """Exit code, and what stands on stdout, however it was wrapped."""
        self.assertEqual(finished.code, code, finished)
        for phrase in phrases:
            self.assertRegex(finished.flat, phrase, finished)
        self.expect_no_defect(finished)

    def expect_sentence(self, finished, code, pattern):
        """Exit code, and exactly one sentence on stderr, not one per rank."""
        self.assertIn(finished.code, codes(code), finished)
        self.assertEqual(len(finished.sentences), 1, finished)
        self.assertRegex(finished.sentences[0], "^assay: " + pattern)
        self.expect_no_defect(finished)

    def expect_no_defect(self, finished):
        for text in DEFECTS:
            self.assertNotIn(text, finished.out + finished.err)

    def refuse(self, finished, pattern):
        """Nothing was run, one sentence says why, and no results were begun."""
        self.expect_sentence(finished, 64, pattern)
        self.assertEqual(finished.out, "", finished)
        self.assertFalse(os.path.exists(self.path("out")), "a result folder was left behind")

    def finding(self, clause, out="out"):
        """The clause's entry in verdict.json."""
        return next(f for f in self.json(out, "verdict.json")["findings"] if f["clause"] == clause)


def await_true(condition, process, limit_s=30):
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end or process.poll() is not None:
            raise AssertionError("the run did not come so far")
        time.sleep(0.02)


def codes(code):
    """What a launcher may return for ranks that leave with `code`: Hydra, which kills those that
    have not left yet when the first one has, may report that instead."""
    return (code, 9) if HYDRA and code == 12 else (code,)


def is_hydra(launcher):
    """MPICH's launcher: as soon as one rank is killed or leaves with a code, it kills the others."""
    asked = subprocess.run([launcher, "--version"], capture_output=True, text=True)
    return "HYDRA" in asked.stdout


def run_scenario(argv):
    """A scenario is an entry of its own: one that skipped itself must not count as passed."""
    done = unittest.main(module="__main__", argv=argv, exit=False).result
    for _, reason in done.skipped:
        print(f"skipped: {reason}")
    sys.exit(77 if done.skipped and done.wasSuccessful() else not done.wasSuccessful())


def main(where):
    global MPIRUN, ASSAY, FAULTY, SOURCE, HYDRA
    MPIRUN, ASSAY, FAULTY, SOURCE = shlex.split(sys.argv[1]), *sys.argv[2:5]
    if shutil.which(MPIRUN[0]) is None:
        print(f"skipped: {MPIRUN[0]} not found")
        sys.exit(77)
    HYDRA = is_hydra(MPIRUN[0])
    os.chdir(os.path.dirname(os.path.abspath(where)))
    run_scenario([where] + sys.argv[5:])
