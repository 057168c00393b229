"""One optimizer step at full size, by transformers + PEFT, beside what the engine made of the same files.

    python reference/make_full_size.py tiny-llava DIR
    python reference/check_full_size.py start DIR                     # recipe.json, lora.safetensors
    npm run -s headless -- train --model DIR/model --data DIR/data --recipe DIR/recipe.json --lora-init DIR/lora.safetensors \\
        --steps 1 --dump --out DIR/run
    npm run -s headless -- tokenize --model DIR/model --data DIR/data --recipe DIR/recipe.json > DIR/tokens.jsonl
    npm run -s headless -- preprocess --model DIR/model --image DIR/data/images/000.png --out DIR/pixels.safetensors
    npm run -s headless -- logits --model DIR/model --data DIR/data --row 0 --recipe DIR/recipe.json --out DIR/logits.safetensors
    python reference/check_full_size.py pytorch DIR [--forward]       # DIR/pytorch.json, DIR/pytorch-gradients.safetensors
    python reference/check_full_size.py compare DIR                   # the differences, of what there is

The linear layers of the language model are rounded to NF4 and back (`demo/nf4.py`); everything is computed in float32. B starts
with small numbers rather than zeros, so that the gradients of A are checked too.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedModel

sys.path.insert(0, str(Path(__file__).parent / "demo"))
from nf4 import quantise_language_model  # noqa: E402

RANK, ALPHA = 64, 16
RECIPE = {
    "max_steps": 1, "per_device_train_batch_size": 1, "learning_rate": 2e-5, "lora_r": RANK, "lora_alpha": ALPHA,
    "train_on": "all-text", "data_order": "sequential", "save_steps": 1000,
}  # fmt: skip
PREFIX = "base_model.model.model.language_model.layers"


def start(folder: Path) -> None:
    text = AutoConfig.from_pretrained(folder / "model").text_config
    kv = text.hidden_size // text.num_attention_heads * text.num_key_value_heads
    h, f = text.hidden_size, text.intermediate_size
    sizes = {
        "self_attn.q_proj": (h, h), "self_attn.k_proj": (h, kv), "self_attn.v_proj": (h, kv), "self_attn.o_proj": (h, h),
        "mlp.gate_proj": (h, f), "mlp.up_proj": (h, f), "mlp.down_proj": (f, h),
    }  # fmt: skip
    random = torch.Generator().manual_seed(7)
    tensors = {}
    for n in range(text.num_hidden_layers):
        for name, (inputs, outputs) in sizes.items():
            key = f"{PREFIX}.{n}.{name}"
            tensors[f"{key}.lora_A.weight"] = torch.randn(RANK, inputs, generator=random) / inputs**0.5
            tensors[f"{key}.lora_B.weight"] = torch.randn(outputs, RANK, generator=random) * 0.01
    save_file(tensors, folder / "lora.safetensors")
    (folder / "recipe.json").write_text(json.dumps(RECIPE))


def pytorch(folder: Path, forward_only: bool) -> None:
    began = time.time()
    model = AutoModelForImageTextToText.from_pretrained(folder / "model", dtype=torch.float32, attn_implementation="eager")
    print(f"{quantise_language_model(model)} matrices rounded to NF4, {time.time() - began:.0f} s", flush=True)
    row = json.loads((folder / "tokens.jsonl").read_text().splitlines()[0])
    ids, labels = torch.tensor([row["input_ids"]]), torch.tensor([row["labels"]])
    pixels = load_file(folder / "pixels.safetensors")["pixel_values"]
    call = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels, "use_cache": False}
    if model.config.model_type == "llava_next":
        # A picture's tiles are one entry, and its size says how they lie.
        picture = json.loads((folder / "data/metadata.jsonl").read_text())["images"][0]
        with Image.open(folder / "data" / picture) as image:
            call |= {"pixel_values": pixels[None], "image_sizes": torch.tensor([[image.height, image.width]])}
    out = {"tokens": ids.shape[1], "targets": int((labels[:, 1:] != -100).sum())}
    with torch.no_grad():
        logits = model(**call).logits[0]
    save_file({"logits": logits[(labels[0, 1:] != -100).nonzero()[:, 0]]}, folder / "pytorch-logits.safetensors")
    if not forward_only:
        out |= step(model, folder, call, labels)
    out["seconds"] = round(time.time() - began)
    (folder / "pytorch.json").write_text(json.dumps(out, indent=2))
    print(json.dumps(out, indent=2))


def step(model: PreTrainedModel, folder: Path, call: dict, labels: torch.Tensor) -> dict:
    """Loss and gradients of the row with the given adapter."""
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

    modules = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
    tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=modules, bias="none"))
    result = set_peft_model_state_dict(tuned, load_file(folder / "lora.safetensors"))
    assert not result.unexpected_keys, result.unexpected_keys[:3]
    tuned.train()
    loss = tuned(**call, labels=labels).loss
    loss.backward()
    gradients = {n.replace(".default", ""): p.grad for n, p in tuned.named_parameters() if p.grad is not None}
    save_file(gradients, folder / "pytorch-gradients.safetensors")
    norm = torch.sqrt(sum((g.double() ** 2).sum() for g in gradients.values())).item()
    return {"loss": loss.item(), "grad_norm": norm, "lora_tensors": len(gradients)}


def compare(folder: Path) -> None:
    out = {"pytorch": json.loads((folder / "pytorch.json").read_text())}
    if (folder / "logits.safetensors").exists():
        ours = load_file(folder / "logits.safetensors")["logits"]
        theirs = load_file(folder / "pytorch-logits.safetensors")["logits"]
        out["logits_max_abs"] = theirs.abs().max().item()
        out["logits_max_abs_difference"] = (ours - theirs).abs().max().item()
    if (folder / "run/steps.jsonl").exists():
        ours = json.loads((folder / "run/steps.jsonl").read_text().splitlines()[0])
        out["engine"] = ours
        out["loss_difference"] = abs(ours["loss"] - out["pytorch"]["loss"])
        out["grad_norm_relative_difference"] = abs(ours["grad_norm"] / out["pytorch"]["grad_norm"] - 1)
    if (folder / "run/gradients-step-1.safetensors").exists():
        ours = load_file(folder / "run/gradients-step-1.safetensors")
        theirs = load_file(folder / "pytorch-gradients.safetensors")
        worst = 0.0
        for name, gradient in theirs.items():
            found = ours[name.replace("model.language_model.layers", "language_model.model.layers")]
            worst = max(worst, ((found - gradient).norm() / gradient.norm()).item())
        out["gradient_worst_relative_l2"] = worst
    print(json.dumps(out, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "pytorch", "compare"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--forward", action="store_true", help="logits only")
    args = parser.parse_args()
    if args.command == "start":
        start(args.folder)
    elif args.command == "pytorch":
        pytorch(args.folder, args.forward)
    else:
        compare(args.folder)


if __name__ == "__main__":
    main()
