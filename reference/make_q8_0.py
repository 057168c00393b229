"""Seeded numbers and what gguf's Q8_0 makes of them -> workers/weights/formats/fixtures/q8-0.json. Needs numpy and gguf."""

import base64
import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import quantize

TARGET = Path(__file__).resolve().parents[1] / "workers/weights/formats/fixtures/q8-0.json"


def main() -> None:
    random = np.random.default_rng(8)
    values = random.normal(size=(24, 32)).astype(np.float32) * np.float32(10.0) ** random.integers(-9, 4, size=(24, 1)).astype(np.float32)
    # Nothing, exact halves in both directions (the scale is 1), one number alone, and one beyond half precision's smallest scale.
    values[0] = 0
    values[1] = np.r_[127, np.arange(31) - 15.5]
    values[2] = np.r_[np.zeros(31), -3]
    values[3] = np.float32(1e-7)
    blocks = quantize(values, GGMLQuantizationType.Q8_0)
    written = {"values": base64.b64encode(values.tobytes()).decode(), "blocks": base64.b64encode(blocks.tobytes()).decode()}
    TARGET.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
