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

The same of a step that the page did (`bench/full-size-step.ts DIR SITE` leaves it in DIR/page), with tokens and pixels as above, pictures
numbered: DIR/pixels-0.safetensors, DIR/pixels-1.safetensors, …

    python reference/check_full_size.py page DIR

The linear layers of the language model are rounded to NF4 and back (`demo/nf4.py`); everything is computed in float32. B starts
with small numbers rather than zeros, so that the gradients of A are checked too; through the page with zeros, as a person's run does.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedModel

sys.path.insert(0, str(Path(__file__).parent / "demo"))
from nf4 import quantise_language_model  # noqa: E402

if TYPE_CHECKING:
    from peft import PeftModel

RANK, ALPHA = 64, 16
RECIPE = {
    "max_steps": 1, "per_device_train_batch_size": 1, "learning_rate": 2e-5, "lora_r": RANK, "lora_alpha": ALPHA,
    "train_on": "all-text", "data_order": "sequential", "save_steps": 1000,
}  # fmt: skip


def language_of(model_type: str) -> str:
    return "text_model" if model_type in ("idefics3", "smolvlm") else "language_model"


def start(folder: Path) -> None:
    config = AutoConfig.from_pretrained(folder / "model")
    text, prefix = config.text_config, f"base_model.model.model.{language_of(config.model_type)}.layers"
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
            key = f"{prefix}.{n}.{name}"
            tensors[f"{key}.lora_A.weight"] = torch.randn(RANK, inputs, generator=random) / inputs**0.5
            tensors[f"{key}.lora_B.weight"] = torch.randn(outputs, RANK, generator=random) * 0.01
    save_file(tensors, folder / "lora.safetensors")
    (folder / "recipe.json").write_text(json.dumps(RECIPE))


def opened(folder: Path) -> PreTrainedModel:
    began = time.time()
    model = AutoModelForImageTextToText.from_pretrained(folder / "model", dtype=torch.float32, attn_implementation="eager")
    print(f"{quantise_language_model(model)} matrices rounded to NF4, {time.time() - began:.0f} s", flush=True)
    return model


def pytorch(folder: Path, forward_only: bool) -> None:
    began = time.time()
    model = opened(folder)
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
        tuned = adapted(model, load_file(folder / "lora.safetensors"), RANK, ALPHA)
        loss = tuned(**call, labels=labels).loss
        gradients = backward(tuned, loss)
        save_file(gradients, folder / "pytorch-gradients.safetensors")
        out |= {"loss": loss.item(), "grad_norm": norm_of(gradients), "lora_tensors": len(gradients)}
    out["seconds"] = round(time.time() - began)
    (folder / "pytorch.json").write_text(json.dumps(out, indent=2))
    print(json.dumps(out, indent=2))


def adapted(model: PreTrainedModel, matrices: dict[str, torch.Tensor], rank: int, alpha: int) -> "PeftModel":
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

    modules = rf".*{language_of(model.config.model_type)}.*\.(q|k|v|o|gate|up|down)_proj"
    tuned = get_peft_model(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=modules, bias="none"))
    result = set_peft_model_state_dict(tuned, matrices)
    assert not result.unexpected_keys, result.unexpected_keys[:3]
    return tuned.train()


def backward(tuned: "PeftModel", loss: torch.Tensor) -> dict[str, torch.Tensor]:
    loss.backward()
    return {n.replace(".default", ""): p.grad for n, p in tuned.named_parameters() if p.grad is not None}


def norm_of(gradients: dict[str, torch.Tensor]) -> float:
    return torch.sqrt(sum((g.double() ** 2).sum() for g in gradients.values())).item()


def page(folder: Path) -> None:
    """The page's step by PyTorch: its rows as one padded batch. A is the adapter's own, which a first step leaves as it was; B is zero."""
    began = time.time()
    record = json.loads((folder / "page/step.json").read_text())
    recipe = record["recipe"]
    theirs = load_file(folder / "page/adapter_model.safetensors")
    begin = {name: tensor * ("lora_A" in name) for name, tensor in theirs.items()}
    tuned = adapted(opened(folder), begin, recipe["LoRA rank"], recipe["LoRA alpha"])
    rows = [json.loads(line) for line in (folder / "tokens.jsonl").read_text().splitlines()]
    padded = lambda key, pad: torch.nn.utils.rnn.pad_sequence(  # noqa: E731
        [torch.tensor(row[key]) for row in rows], batch_first=True, padding_value=pad
    )
    ids, labels = padded("input_ids", 0), padded("labels", -100)
    pixels = [load_file(folder / f"pixels-{n}.safetensors")["pixel_values"] for n in range(len(rows))]
    mask = torch.stack([torch.arange(ids.shape[1]) < len(row["input_ids"]) for row in rows]).long()
    loss = tuned(
        input_ids=ids, attention_mask=mask, pixel_values=torch.stack(pixels), labels=labels, use_cache=False
    ).loss  # fmt: skip
    gradients = backward(tuned, loss)
    out = {
        "tokens": int(mask.sum()), "targets": int((labels[:, 1:] != -100).sum()),
        "loss": loss.item(), "grad_norm": norm_of(gradients), "seconds": round(time.time() - began),
        "loss_difference": abs(loss.item() - record["loss"]),
        "grad_norm_relative_difference": abs(record["grad_norm"] / norm_of(gradients) - 1),
    }  # fmt: skip
    rate = record["learning_rate"]
    if rate:
        torch.nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
        torch.optim.AdamW([p for p in tuned.parameters() if p.grad is not None], rate, weight_decay=0).step()
        ours = {n.replace(".default", ""): p.detach() for n, p in tuned.named_parameters() if ".lora_B." in n}
        off = torch.cat([((theirs[name] - value).abs() > 0.1 * rate).flatten() for name, value in ours.items()])
        out["share_of_B_off_by_a_tenth_of_the_rate"] = off.double().mean().item()
    print(json.dumps(out, indent=2))
    (folder / "page/pytorch.json").write_text(json.dumps(out, indent=2))


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
    parser.add_argument("command", choices=["start", "pytorch", "compare", "page"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--forward", action="store_true", help="logits only")
    args = parser.parse_args()
    if args.command == "start":
        start(args.folder)
    elif args.command == "page":
        page(args.folder)
    elif args.command == "pytorch":
        pytorch(args.folder, args.forward)
    else:
        compare(args.folder)


if __name__ == "__main__":
    main()
