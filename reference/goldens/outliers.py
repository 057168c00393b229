"""One step over weights whose activations f16 cannot hold -> workers/training/fixtures/outliers.json (read by outliers.test.ts).

The checkpoint, first row and A are those of the case llava-mha; B is 0.01 sin(i), so that A has a gradient. Each kind of change multiplies
rows or columns by powers of two. In float32, as everywhere here.
"""

import json
from pathlib import Path

import torch
from oracle import load, lora, losses, matrices, neutral, read_rows
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "workers/testing/goldens/llava-mha"
OUT = ROOT / "workers/training/fixtures/outliers.json"

VAST, SMALL = 2.0**17, 2.0**-12
#: kind -> [(parameter of the language model, row or None for all, column or None, factor)]
CHANGES = {
    "x": [
        ("layers.0.mlp.down_proj.weight", 5, None, VAST),
        ("layers.1.input_layernorm.weight", 5, None, SMALL),
        ("layers.1.post_attention_layernorm.weight", 5, None, SMALL),
        ("norm.weight", 5, None, SMALL),
    ],
    "qkv": [
        ("layers.1.self_attn.v_proj.weight", 5, None, VAST),
        ("layers.1.self_attn.o_proj.weight", None, 5, 1 / VAST),
    ],
    "gateUp": [
        ("layers.1.mlp.up_proj.weight", 44, None, VAST),
        ("layers.1.mlp.down_proj.weight", None, 44, 1 / VAST),
    ],
}  # fmt: skip


@torch.no_grad()
def change(model: torch.nn.Module, kind: str) -> None:
    found = {neutral(name).replace(".model.", "."): parameter for name, parameter in model.named_parameters()}
    for name, row, column, factor in CHANGES[kind]:
        weight = found[f"language_model.{name}"]
        part = weight[row] if column is None else weight[:, column]
        # Their rounding to f16, in which the engine holds them, is exact but where a small number gets smaller.
        part.copy_((part * factor).half().float() if weight.dim() == 2 else part * factor)


def step(kind: str, expected: dict, tensors: dict[str, torch.Tensor]) -> dict:
    settings = {**expected["runs"]["a"]["settings"], "target_modules": None}
    model = load(CASE / "model")
    change(model, kind)
    tuned = lora(model, settings)
    for name, parameter in tuned.named_parameters():
        if "lora_A" in name:
            parameter.data.copy_(tensors[f"a/init/{neutral(name).replace('.default.weight', '')}"])
        elif "lora_B" in name:
            parameter.data.copy_((0.01 * torch.sin(torch.arange(parameter.numel(), dtype=torch.float64))).view_as(parameter))
    row = read_rows(CASE / "model", CASE / "data", expected["template"]["jinja"])[0]
    assert row.ids.tolist() == expected["rows"][0]["input_ids"]
    loss = losses(tuned, [row], "labels_all").mean()
    loss.backward()
    gradients = matrices(tuned, lambda p: p.grad)
    return {
        "loss": loss.item(),
        "grad_norm": torch.cat([g.flatten() for g in gradients.values()]).double().norm().item(),
        "gradient_norms": {name: g.double().norm().item() for name, g in sorted(gradients.items())},
    }


def main() -> None:
    expected = json.loads((CASE / "expected.json").read_text())
    tensors = load_file(CASE / "golden.safetensors")
    OUT.write_text(json.dumps({kind: step(kind, expected, tensors) for kind in CHANGES}, indent=1) + "\n")
