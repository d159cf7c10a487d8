// What --help says beside the options themselves.
#pragma once

namespace assay::app {

inline constexpr const char* overview =
    "assay proves, or disproves, that leased capacity performs as contracted.\n"
    "It measures over all ranks of an MPI launch, keeps every iteration, and judges the\n"
    "evidence against a contract with bounded error.";

inline constexpr const char* overview_footer =
    "Exit codes: 0 every clause passes · 10 contract not met or data wrong · 11 more evidence\n"
    "needed · 12 the run did not complete · 64 usage or configuration error · 70 internal error\n"
    "\n"
    "Examples:\n"
    "  mpirun -n 2 assay run --contract configs/contracts/quickstart.json\n"
    "  mpirun -n 2 assay run --suite configs/suites/quick.json\n"
    "  assay judge results/quickstart\n"
    "  assay compare results/handover results/today\n"
    "  assay list benchmarks";

inline constexpr const char* run_footer =
    "With --contract alone, the plan is what the contract's clauses need. Letters are those of\n"
    "nccl-tests where it has them; K, M and G are powers of 1024 as there.\n"
    "\n"
    "Examples:\n"
    "  mpirun -n 16 assay run --contract lease.json\n"
    "  mpirun -n 16 assay run --suite configs/suites/node.json --out results/today\n"
    "  mpirun -n 8 assay run all_reduce -b 8 -e 64M -f 2 -d fp32 -o sum --pacing stream\n"
    "  mpirun -n 8 assay run all_reduce all_to_all -b 1M --layout node,pairs --ranks-per-node 4\n"
    "  mpirun -n 2 assay run gemm --set m=1024 --set n=1024 --set k=512,1024 -d fp32\n"
    "  mpirun -n 8 assay run gemm --memory device -d bf16 --set m=8192 --set n=8192 --set k=8192\n"
    "  mpirun -n 8 assay run all_to_all_v -b 64M --set counts=file:experts.csv\n"
    "  mpirun -n 2 assay run training_step --set model=tiny --set parallelism=tiny-dp2\n"
    "  assay run --suite configs/suites/node.json --ranks 16 --ranks-per-node 8 --dry-run\n"
    "  mpirun -n 16 assay run --resume results/today    goes on with a run that was cut short";

inline constexpr const char* judge_footer =
    "RESULT is a run's folder, its result.json, or the run.jsonl of a run that was cut short.\n"
    "Every figure is recomputed from the samples and every digest is checked: a changed sample,\n"
    "a dropped case or a truncated file is named. So is a contract.json that is missing or was\n"
    "changed, unless --contract names the contract to judge against. No MPI is needed.\n"
    "\n"
    "Examples:\n"
    "  assay judge results/today                          the contract kept with the run\n"
    "  assay judge results/today --contract lease.json    another contract\n"
    "  assay judge results/today --out verdict.json       write the verdict too";

}  // namespace assay::app
