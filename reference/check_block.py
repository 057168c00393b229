"""A block of Qwen3-VL's language model at full width, random numbers: forward and gradients beside PyTorch, over 500 image tokens.

    python reference/check_block.py make DIR [--dense]       # DIR/model, DIR/row.json, DIR/row.safetensors
    node scripts/run-gpu.mjs /bench/block-beside.ts DIR      # DIR/block.safetensors
    python reference/check_block.py compare DIR

Sizes are those of Qwen3-VL-2B-Instruct's blocks; the row is text, a picture of 25 x 20 tokens as `check_tower.py` has it, and text, each
token by its own three positions. The linears are rounded to NF4, as a run has them, or with --dense stay as stored in bfloat16; LoRA (r 16)
is on all seven, with B not zero, so that A's gradients are checked too. Everything is computed in float32.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from check_tower import SIZE, make as make_model
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Qwen3VLForConditionalGeneration

sys.path.insert(0, str(Path(__file__).parent / "demo"))
from nf4 import quantise_language_model  # noqa: E402

RANK, ALPHA = 16, 16
BEFORE, BEHIND = 10, 24
WIDTH, HEIGHT = SIZE
GRID = (HEIGHT // 32, WIDTH // 32)
BLOCK = "model.language_model.layers.0"
BOUND = 1e-3


def make(folder: Path, dense: bool) -> None:
    make_model(folder, 1)
    config = json.loads((folder / "model/config.json").read_text())
    tokens = GRID[0] * GRID[1]
    ids = [*range(3, 3 + BEFORE), *[config["image_token_id"]] * tokens, *range(40, 40 + BEHIND)]
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder / "model")
    random = torch.Generator().manual_seed(11)
    normal = lambda *shape: torch.randn(*shape, generator=random)  # noqa: E731
    hidden = config["text_config"]["hidden_size"]
    tensors = {"x": normal(len(ids), hidden), "dy": normal(len(ids), hidden)}
    for name, linear in linears(model):
        tensors[f"{name}.lora_A.weight"] = normal(RANK, linear.in_features) / linear.in_features**0.5
        tensors[f"{name}.lora_B.weight"] = normal(linear.out_features, RANK) * 0.1
    save_file(tensors, folder / "row.safetensors")
    picture = {"height": HEIGHT, "width": WIDTH, "tokens": tokens}
    row = {"ids": ids, "picture": picture, "rank": RANK, "alpha": ALPHA, "recipe": {"load_in_4bit": False} if dense else {}}
    (folder / "row.json").write_text(json.dumps(row))


def linears(model: nn.Module) -> list[tuple[str, nn.Linear]]:
    """Of the block, by their names within it."""
    return [(n, m) for n, m in model.get_submodule(BLOCK).named_modules() if isinstance(m, nn.Linear)]


def pytorch(folder: Path, row: dict, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder / "model", dtype=torch.float32, attn_implementation="eager")
    if not row["recipe"]:
        quantise_language_model(model)
    # The norms learn nothing, and neither does anything else.
    tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=rf"{BLOCK}\..*_proj", bias="none"))
    begin = {f"base_model.model.{BLOCK}.{n}": t for n, t in given.items() if ".lora_" in n}
    assert not set_peft_model_state_dict(tuned, begin).unexpected_keys
    ids = torch.tensor([row["ids"]])
    grid = torch.tensor([[1, 2 * GRID[0], 2 * GRID[1]]])
    kinds = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(ids, mm_token_type_ids=kinds, image_grid_thw=grid)
    language = model.model.language_model
    x = given["x"][None].clone().requires_grad_()
    causal = torch.full((x.shape[1], x.shape[1]), torch.finfo(torch.float32).min).triu(1)[None, None]
    y = language.layers[0](x, position_embeddings=language.rotary_emb(x, positions), attention_mask=causal)
    y.backward(given["dy"][None])
    out = {"y": y[0].detach(), "dx": x.grad[0]}
    for name, parameter in tuned.named_parameters():
        if parameter.grad is not None:
            out[name.removeprefix(f"base_model.model.{BLOCK}.").replace(".default", "")] = parameter.grad
    return out


def compare(folder: Path) -> None:
    row = json.loads((folder / "row.json").read_text())
    theirs = pytorch(folder, row, load_file(folder / "row.safetensors"))
    ours = load_file(folder / "block.safetensors")
    assert len(theirs) == 16
    assert {n.split(".", 1)[1] for n in ours} == set(theirs)
    image = slice(BEFORE, BEFORE + GRID[0] * GRID[1])
    worst = 0.0
    for policy in ("kept", "again"):
        errors = {name: relative(ours[f"{policy}.{name}"], tensor) for name, tensor in theirs.items()}
        for name in ("y", "dx"):
            errors[f"{name} of the image tokens"] = relative(ours[f"{policy}.{name}"][image], theirs[name][image])
        matrices = {n: e for n, e in errors.items() if ".lora_" in n}
        most = max(matrices, key=matrices.get)
        for name in ("y", "y of the image tokens", "dx", "dx of the image tokens"):
            print(f"{policy}: {name}: relative L2 {errors[name]:.1e}")
        print(f"{policy}: gradients of LoRA: relative L2 up to {matrices[most]:.1e} ({most})")
        worst = max(worst, *errors.values())
    if not worst <= BOUND:
        raise SystemExit(f"{worst:.1e} is more than {BOUND}")


def relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return ((ours.double() - theirs.double()).norm() / theirs.double().norm()).item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dense", action="store_true", help="weights as they are stored, not in 4 bits")
    args = parser.parse_args()
    if args.what == "make":
        make(args.folder, args.dense)
    else:
        compare(args.folder)


if __name__ == "__main__":
    main()
