#!/usr/bin/env python3
"""What PyTorch reaches with matrix products of 8192 on this machine's first GPU, to hold gemm against.

    scripts/torch_gemm.py [--size N] [--launches N]

Random normal data, one event of the GPU around every product, the median of them; by type as assay
names it. fp8 without the fast, narrower sums, as cuBLASLt has it where nobody asks.
"""

import argparse
import statistics

import torch


def products(n):
    """By type: a function that multiplies, with its matrices."""
    def normal(dtype):
        return torch.randn(n, n, device="cuda").to(dtype)

    def plain(dtype):
        a, b = normal(dtype), normal(dtype)
        out = torch.empty(n, n, device="cuda", dtype=dtype)
        return lambda: torch.matmul(a, b, out=out)

    def fp8():
        a, b = normal(torch.float8_e4m3fn), normal(torch.float8_e4m3fn).t()
        one = torch.ones((), device="cuda")
        return lambda: torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

    yield "fp64", lambda: plain(torch.float64), False
    yield "fp32", lambda: plain(torch.float32), False
    yield "tf32", lambda: plain(torch.float32), True
    yield "fp16", lambda: plain(torch.float16), False
    yield "bf16", lambda: plain(torch.bfloat16), False
    if torch.cuda.get_device_capability() >= (8, 9):
        yield "fp8_e4m3", fp8, False


def median_s(multiply, launches):
    for _ in range(10):
        multiply()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(launches + 1)]
    marks[0].record()
    for mark in marks[1:]:
        multiply()
        mark.record()
    torch.cuda.synchronize()
    return statistics.median(a.elapsed_time(b) for a, b in zip(marks, marks[1:])) / 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--launches", type=int, default=340)
    options = parser.parse_args()
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}, {options.size}³")
    for name, make, tf32 in products(options.size):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        seconds = median_s(make(), options.launches)
        print(f"{name:10} {2 * options.size**3 / seconds / 1e12:8.1f} TFLOP/s")


if __name__ == "__main__":
    main()
