"""Speed of each packed-attention kernel of a CUDA GPU, forward and backward, at the shapes of the 2B and 8B models.

TFLOP/s count 4 L² heads dim a forward pass (half of it if causal) of each segment of length L, and 2.5 times that backward. Median of 10.

    PYTHONPATH=. python bench/attention.py
"""

import statistics
from collections.abc import Callable

import torch

from model.attention import choose, describe, use
from model.attention_kernels import KERNELS, Kernel, Packed

SHAPES = [
    ("decoder, 1 document", 16, 8, 128, [16_384], True),
    ("decoder, 8 documents", 16, 8, 128, [2_048] * 8, True),
    ("decoder, 21 documents", 16, 8, 128, [700] * 20 + [2_384], True),
    ("tower 2B, 64x64 patches", 16, 16, 64, [4_096] * 8, False),
    ("tower 2B, 32x32 patches", 16, 16, 64, [1_024] * 32, False),
    ("tower 8B, 64x64 patches", 16, 16, 72, [4_096] * 8, False),
]


def milliseconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(13):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return float(statistics.median(times[3:]))


def measure(kernel: Kernel, heads: int, kv: int, dim: int, lengths: list[int], causal: bool) -> str:
    cu = torch.tensor([0, *lengths], device="cuda").cumsum(0).to(torch.int32)
    generator = torch.Generator("cuda").manual_seed(0)
    q, k, v, grad = (
        torch.randn(sum(lengths), n, dim, device="cuda", dtype=torch.bfloat16, generator=generator) for n in (heads, kv, kv, heads)
    )
    given = Packed(q, k, v, cu, max(lengths), causal)
    saved = kernel.forward(given)
    forward = milliseconds(lambda: kernel.forward(given))
    backward = milliseconds(lambda: kernel.backward(grad, given, saved))
    flops = sum(length**2 for length in lengths) * heads * dim * (2 if causal else 4)
    rate = 3.5 * flops / (forward + backward) / 1e9
    return f"forward {forward:7.3f} ms  backward {backward:7.3f} ms  {rate:4.0f} TFLOP/s"


def main() -> None:
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    for label, heads, kv, dim, lengths, causal in SHAPES:
        print(f"{label}: {heads}/{kv} heads of {dim}, {len(lengths)} segments, {sum(lengths)} tokens")
        for kernel in KERNELS[:-1]:
            use(kernel.name)
            try:
                choose(torch.device("cuda"), torch.bfloat16, dim, heads // kv, causal)
            except RuntimeError as error:
                print(f"  {kernel.name:14} {error}")
            else:
                print(f"  {kernel.name:14} {measure(kernel, heads, kv, dim, lengths, causal)}", flush=True)
            use(None)
        choose(torch.device("cuda"), torch.bfloat16, dim, heads // kv, causal)
    print(describe())


if __name__ == "__main__":
    main()
