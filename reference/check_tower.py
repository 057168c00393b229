"""Qwen3-VL's vision side at full width, random numbers: the tower, its merger and DeepStack's mergers beside PyTorch.

    python reference/check_tower.py make DIR [--layers N]        # DIR/model, DIR/picture.png: 500 image tokens
    npm run -s headless -- features --model DIR/model --image DIR/picture.png --out DIR/features.safetensors
    python reference/check_tower.py compare DIR

Sizes are those of Qwen3-VL-2B-Instruct's tower; the language model has its width and one layer, because nothing of it runs. Weights are
stored in bfloat16, as published ones are, and computed with in float32. Tokenizer and texts are those of the golden case `qwen3-vl`.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from full_size_models import QWEN3_VL, QWEN3_VL_SECTION
from make_full_size import values
from PIL import Image
from safetensors.torch import load_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

GOLDEN = Path(__file__).parent.parent / "workers/testing/goldens/qwen3-vl/model"
VISION = QWEN3_VL | {"out_hidden_size": 2048}
TEXT = {
    "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 3, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 1088, "tie_word_embeddings": True, "rope_theta": 5e6,
    "rope_scaling": {"rope_type": "default", "mrope_interleaved": True, "mrope_section": QWEN3_VL_SECTION},
}  # fmt: skip
#: 25 x 20 blocks of 32 pixels.
SIZE = (800, 640)
PROCESSOR = {
    "size": {"shortest_edge": 65536, "longest_edge": 16777216}, "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2,
    "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
}  # fmt: skip


def make(folder: Path, layers: int | None) -> None:
    vision = VISION if layers is None else VISION | {"depth": layers, "deepstack_visual_indexes": list(range(min(3, layers)))}
    config = Qwen3VLConfig(text_config=TEXT, vision_config=vision, image_token_id=1012, tie_word_embeddings=True)
    model = Qwen3VLForConditionalGeneration(config)
    for index, (name, parameter) in enumerate(model.named_parameters()):
        parameter.data = torch.from_numpy(values(name, list(parameter.shape), index).reshape(parameter.shape))
    out = folder / "model"
    model.to(torch.bfloat16).save_pretrained(out)
    for file in GOLDEN.iterdir():
        if not (out / file.name).exists() and file.suffix == ".json" and "preprocessor" not in file.name:
            shutil.copy(file, out / file.name)
    Qwen2VLImageProcessorPil(**PROCESSOR).save_pretrained(out)
    random = np.random.default_rng(7)
    coarse = Image.fromarray(random.integers(0, 256, (40, 50, 3), dtype=np.uint8))
    coarse.resize(SIZE, Image.Resampling.BICUBIC).save(folder / "picture.png")


def compare(folder: Path) -> None:
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder / "model", dtype=torch.float32)
    picture = Qwen2VLImageProcessorPil(**PROCESSOR)(Image.open(folder / "picture.png"), return_tensors="pt")
    with torch.no_grad():
        seen = model.model.visual(picture["pixel_values"], picture["image_grid_thw"])
    ours = load_file(folder / "features.safetensors")
    pairs = {"vision_features": seen.last_hidden_state, "projected": seen.pooler_output}
    pairs |= {f"deepstack.{k}": rows for k, rows in enumerate(seen.deepstack_features)}
    print(f"{picture['image_grid_thw'].tolist()[0]} patches, {len(ours['projected'])} image tokens")
    for name, rows in pairs.items():
        difference = ours[name].double() - rows.double()
        relative = (difference.norm() / rows.double().norm()).item()
        largest = (difference.abs().max() / rows.abs().max()).item()
        print(f"{name}: relative L2 {relative:.1e}, largest {largest:.1e} of the largest value ({rows.abs().max():.3g})")
        if relative > 1e-3:
            raise SystemExit(f"{name} differs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, help="blocks of the tower instead of 24")
    args = parser.parse_args()
    if args.what == "make":
        make(args.folder, args.layers)
    else:
        compare(args.folder)


if __name__ == "__main__":
    main()
