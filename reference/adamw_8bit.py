"""Five steps of bitsandbytes' own 8-bit AdamW -> workers/kernels/optimizer/fixtures/adamw-8bit.json.

The update is bitsandbytes' CPU operator. Its C library finds codes through a coarse table; CUDA and the library's default backend take
the nearest code, and so does what replaces that one function here.
"""

import json
import math
from pathlib import Path

import torch
from bitsandbytes.backends.cpu import ops as cpu
from bitsandbytes.functional import create_dynamic_map

OUT = Path(__file__).parent.parent / "workers/kernels/optimizer/fixtures/adamw-8bit.json"
COUNT = 700  # two whole blocks of 256 and a short one


def digits(tensor: torch.Tensor) -> list[float]:
    """f32 values with enough digits to come back exactly."""
    return [float(f"{x:.9g}") for x in tensor.tolist()]


def quantise_nearest(values, code, absmax_out, out, blocksize) -> None:
    """The default backend's `quantize_blockwise`."""
    for block, part in enumerate(values.split(blocksize)):
        absmax = part.abs().max()
        scaled = torch.clamp(part * (1.0 / absmax.clamp(min=1e-38)), -1, 1)
        out[block * blocksize :][: len(part)] = torch.bucketize(scaled, (code[:-1] + code[1:]) / 2).to(torch.uint8)
        absmax_out[block] = absmax


def main() -> None:
    cpu._quant_blockwise_fp32_direct = quantise_nearest
    signed = create_dynamic_map(signed=True).float()
    unsigned = create_dynamic_map(signed=False).float()
    generator = torch.Generator().manual_seed(5)
    param = torch.randn(COUNT, generator=generator) * 0.1
    start = param.clone()
    m, v = torch.zeros(COUNT, dtype=torch.uint8), torch.zeros(COUNT, dtype=torch.uint8)
    blocks = math.ceil(COUNT / 256)
    m_absmax, v_absmax = torch.zeros(blocks), torch.zeros(blocks)
    steps = []
    for t in range(1, 6):
        spread = torch.exp(torch.randn(COUNT, generator=generator) * 2)
        grad = torch.randn(COUNT, generator=generator) * spread * 1e-2
        if t == 3:
            grad[300:] = 0
        lr, decay = 2e-4 * t, 0.01 if t > 3 else 0.0
        torch.ops.bitsandbytes.optimizer_update_8bit_blockwise(
            "adam", grad, param, m, v, 0.9, 0.999, 0.0, 0.0, 1e-8, t, lr,
            signed, unsigned, m_absmax, v_absmax, decay, 1.0, False,
        )  # fmt: skip
        steps.append({
            "grad": digits(grad), "lr": lr, "wd": decay, "param": digits(param),
            "m": m.tolist(), "v": v.tolist(), "absmax": [digits(m_absmax), digits(v_absmax)],
        })  # fmt: skip
    OUT.write_text(json.dumps({"p0": digits(start), "unsigned": digits(unsigned), "steps": steps}))


if __name__ == "__main__":
    main()
