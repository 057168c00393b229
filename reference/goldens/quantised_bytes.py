"""What bitsandbytes makes of 168 seeded vectors in NF4 and FP4, once and twice quantised -> workers/weights/nf4/fixtures/bytes.json.

Kept are SHA-256 hashes: of the inputs (the test makes them again by the same arithmetic), of the packed codes, the block maxima and the
weights they stand for, and of the block maxima quantised in their turn. FP4 has two codes of zero, taken as one here, and bitsandbytes'
CUDA and CPU kernels have thresholds that differ in the seventh decimal: vectors with an element between them are drawn anew. Lengths odd and even, whole blocks and broken ones, every block size.
"""

import hashlib
import itertools
import json
import os
from pathlib import Path

os.environ["TORCHDYNAMO_DISABLE"] = "1"  # compiling takes longer than the work
import bitsandbytes.functional as bnb  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "workers/weights/nf4/fixtures/bytes.json"
KINDS = ["normal", "steps", "sparse", "outliers", "tiny"]
LENGTHS = [1, 2, 63, 64, 65, 127, 1000, 4097, 96 * 160, 257 * 64, 300 * 65, 70001]
BLOCK_SIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096]


def uniform(seed: int, count: int) -> np.ndarray:
    """mulberry32: [count] f64 in [0, 1), all multiples of 2^-32."""
    a = (seed + np.arange(1, count + 1, dtype=np.uint64) * 0x6D2B79F5).astype(np.uint32)
    t = (a ^ (a >> np.uint32(15))) * (a | np.uint32(1))
    t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    return (t ^ (t >> np.uint32(14))).astype(np.float64) / 2**32


def vector(kind: str, seed: int, count: int) -> np.ndarray:
    """[count] f32"""
    u = uniform(seed, 5 * count).reshape(5, count)
    x = (u[0] + u[1] + u[2] + u[3] - 2) * 0.05
    if kind == "steps":  # many on the border between two codes, many equal
        x = np.floor(x * 640) / 32
    elif kind == "sparse":  # zeros of both signs, and whole blocks of them
        x = np.where(u[4] < 0.97, x * 0.0, x)
    elif kind == "outliers":
        x = np.where(u[4] < 0.01, x * 50, x)
    elif kind == "tiny":  # below the smallest normal number of f16
        x = x * 2.0**-12
    return x.astype(np.float32)


def digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()[:16]


def in_eight_bits(centred: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes and block maxima by bitsandbytes' kernel in PyTorch, which takes the nearest code as CUDA does. Its CPU library takes the wrong
    neighbour about once in some thousand values, where a value lies close to the border."""
    kernel = torch.ops.bitsandbytes.quantize_blockwise.default
    filled = torch.cat([centred, torch.zeros(-len(centred) % 256)])
    book = bnb.create_dynamic_map()
    codes, absmax = kernel._op_dk(torch._C.DispatchKey.CompositeExplicitAutograd, filled, book, 256)
    return codes[: len(centred)], absmax


def stored(kind: str, length: int, quant_type: str, half: bool, block_size: int, seed: int) -> dict | None:
    """What is kept of one vector; None if the kernels of bitsandbytes disagree on it."""
    values = torch.from_numpy(vector(kind, seed, length))
    # Filled up with zeros to whole blocks, as the CUDA kernel does: the CPU kernel of bitsandbytes 0.50 divides in a broken last block, where
    # every other block is multiplied by the reciprocal.
    given = torch.cat([values, torch.zeros(-length % block_size)])
    given = given.half() if half else given
    packed, state = bnb.quantize_4bit(given, blocksize=block_size, quant_type=quant_type)
    twice = bnb.quantize_4bit(given, blocksize=block_size, quant_type=quant_type, compress_statistics=True)[1]
    packed = packed.flatten()
    if quant_type == "fp4":
        scaled = given.float().view(-1, block_size) * (1 / state.absmax).nan_to_num(0, 0, 0)[:, None]
        book = state.code.abs().unique()
        if ((scaled.abs()[..., None] - (book[1:] + book[:-1]) / 2).abs() < 1e-6).any():
            return None
        packed = torch.where(packed >> 4 == 8, packed & 15, packed)
        packed = torch.where(packed & 15 == 8, packed & 240, packed)
    # As rows of one block: the CPU kernel takes matrices, whose rows must be whole blocks.
    state.shape, state.dtype = torch.Size([len(state.absmax), block_size]), torch.float32
    weights = bnb.dequantize_4bit(packed, state).flatten()[:length]
    nested_codes, nested_absmax = in_eight_bits(state.absmax - twice.offset)
    assert torch.equal(nested_absmax, twice.state2.absmax)
    return {
        "kind": kind, "seed": seed, "length": length, "type": quant_type, "roundToF16First": half, "blockSize": block_size,
        "input": digest(values), "codes": digest(packed[: (length + 1) // 2]), "absmax": digest(state.absmax), "weights": digest(weights + 0.0),
        "nestedCodes": digest(nested_codes), "nestedAbsmax": digest(nested_absmax), "offset": float(twice.offset),
    }  # fmt: skip


def main() -> None:
    sizes = itertools.cycle(BLOCK_SIZES)
    every = itertools.product(KINDS, LENGTHS, ["nf4", "fp4"], [False, True])
    # One size more a round, so that no size sticks to one type.
    cases = []
    for number, case in enumerate(every):
        block_size = next(sizes) if number % 8 else (next(sizes), next(sizes))[1]
        kind, length, quant_type, _ = case
        if quant_type == "nf4" or (kind in ("normal", "sparse", "outliers") and length < 5000):  # others always touch a threshold
            seeds = itertools.count(number, 1000)
            cases.append(next(found for seed in seeds if (found := stored(*case, block_size, seed))))
    OUT.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(f"{OUT.relative_to(ROOT)}: {len(cases)} vectors, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
