"""Plants violations of the layers in a small tree and sees check_layers.py name each of them."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).resolve().parents[2] / "scripts" / "check_layers.py"

CLEAN = {
    "harness/core/units.hpp": "#pragma once\n#include <string>\n#include <fmt/format.h>\n",
    "harness/stats/quantile.cpp": '#include "harness/core/units.hpp"\n#include <boost/math.hpp>\n',
    "harness/comm/mpi_team.cpp": '#include <mpi.h>\n#include "harness/device/device.hpp"\n',
    "harness/device/cuda_device.cpp": "#include <cuda_runtime.h>\n",
    "harness/run/runner.cpp": '#include "harness/result/document.hpp"\n',
    "harness/app/main.cpp": '#include "benchmarks/catalogue.hpp"\n#include "harness/run/runner.hpp"\n',
    "kernels/fill_cuda.cu": '#include <cuda_fp16.h>\n#include "harness/core/units.hpp"\n',
    "benchmarks/copy.cpp": '#include "harness/bench/benchmark.hpp"\n#include "kernels/fill.hpp"\n',
    "benchmarks/micro/judge.cpp": '#include "harness/contract/judge.hpp"\n',
}

# file, planted line, what the check must say
PLANTED = [
    ("harness/core/planted.hpp", '#include "harness/stats/quantile.hpp"', "core includes"),
    ("harness/core/planted.hpp", "#include <nlohmann/json.hpp>", "only the standard library"),
    ("harness/core/planted.hpp", "#include <unistd.h>", "only the standard library"),
    ("harness/plan/planted.cpp", '#include "harness/result/codec.hpp"', "plan includes"),
    ("harness/run/planted.cpp", '#include "harness/contract/judge.hpp"', "run includes"),
    ("harness/run/planted.cpp", '#include "benchmarks/catalogue.hpp"', "run includes"),
    ("harness/run/planted.cpp", "  #  include <mpi.h>", "MPI may be seen only in files named mpi_*"),
    ("harness/comm/planted.hpp", "#include <mpi-ext.h>", "MPI may be seen only"),
    ("harness/comm/mpi_planted.cpp", "#include <nccl.h>", "NCCL may be seen only"),
    ("harness/comm/nccl_planted.cpp", "#include <cuda_runtime.h>", "CUDA may be seen only"),
    ("kernels/planted.cpp", '#include "harness/stats/quantile.hpp"', "kernels includes"),
    ("kernels/planted.cu", "#include <cuda_runtime.h>", "CUDA may be seen only"),
    ("benchmarks/planted.cpp", '#include "harness/run/runner.hpp"', "benchmarks includes"),
    ("benchmarks/planted.cpp", '#include "neighbour.hpp"', "path from the root"),
    ("benchmarks/micro/planted.cpp", '#include "harness/app/app.hpp"', "micro includes"),
    ("harness/stats/planted.cpp", "#include <harness/plan/plan.hpp>", "stats includes"),
    ("harness/stats/planted.cpp", "#include HEADER", "cannot be checked"),
    ("harness/stats/planted.cpp", '#include "harness/typo/x.hpp"', "belongs to no layer"),
    ("harness/planted.hpp", "", "the file belongs to no layer"),
]


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def check(self):
        return subprocess.run([sys.executable, str(CHECK), str(self.root)], capture_output=True,
                              text=True, check=False)

    def test_a_clean_tree_passes(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_each_planted_violation_is_named_with_its_line(self):
        for path, line, what in PLANTED:
            with self.subTest(path=path, line=line):
                self.write(path, f"// planted\n{line}\n")
                done = self.check()
                (self.root / path).unlink()
                number = 2 if line else 1
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
                self.assertTrue(done.stdout.startswith(f"{path}:{number}: "), done.stdout)
                self.assertIn(what, done.stdout)

    def test_every_violation_is_named(self):
        self.write("harness/core/a.hpp", "#include <mpi.h>\n#include <mpi.h>\n")
        self.assertEqual(len(self.check().stdout.splitlines()), 2)

    def test_a_wrong_root_is_refused(self):
        self.root = self.root / "kernels"
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn("no harness/", done.stdout)


if __name__ == "__main__":
    unittest.main()
