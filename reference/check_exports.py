"""What other programs read of our exports: the merged model against PEFT's own merge, the GGUF file against gguf's reader.

    npm run -s headless -- merge --model MODEL --adapter ADAPTER --out MERGED
    npm run -s headless -- gguf --model MODEL --adapter ADAPTER --out LORA.gguf
    python reference/check_exports.py MODEL ADAPTER MERGED LORA.gguf

Needs torch, transformers, peft and gguf.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

model, adapter, merged, gguf = map(Path, sys.argv[1:])

# The merged weights: PEFT adds in the model's own type, we in f32 and round once, so a unit in the last place may differ.
tuned = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32), adapter)
theirs = dict(tuned.merge_and_unload().named_parameters())
ours = AutoModelForImageTextToText.from_pretrained(merged, dtype=torch.float32)
worst = max(
    ((value - theirs[name]).abs() / (theirs[name].abs() + 1e-3)).max().item() for name, value in ours.named_parameters()
)
print(f"merged: {len(theirs)} tensors, worst relative difference {worst:.2e}")
assert worst < 2**-8, "more than the rounding of the narrowest type"

# The GGUF file: names, alpha, shapes, and B A against PEFT's, with llama.cpp's order of the rows of q and k.
reader = GGUFReader(gguf)
fields = {key: field.contents() for key, field in reader.fields.items()}
config = json.loads((adapter / "adapter_config.json").read_text())
scale = config["lora_alpha"] / (config["r"] ** 0.5 if config["use_rslora"] else config["r"])
assert (fields["general.type"], fields["adapter.type"], fields["general.architecture"]) == ("adapter", "lora", "llama")
text = ours.config.text_config
places = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip
tensors = {tensor.name: tensor for tensor in reader.tensors}
weights = {key: value.float() for key, value in load_file(adapter / "adapter_model.safetensors").items()}


def permute(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """llama.cpp's conversion of q and k."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


checked = 0
for key, a in weights.items():
    if not key.endswith("lora_A.weight"):
        continue
    layer, place = key.split(".layers.")[1].split(".lora_A")[0].split(".", 1)
    delta = scale * weights[key.replace("lora_A", "lora_B")] @ a
    if place in ("self_attn.q_proj", "self_attn.k_proj"):
        q = place == "self_attn.q_proj"
        delta = permute(delta, text.num_attention_heads if q else text.num_key_value_heads)
    name = f"blk.{layer}.{places[place]}.weight.lora_"
    a_file, b_file = (np.array(tensors[name + side].data) for side in "ab")
    rank = a_file.shape[0]
    found = torch.from_numpy(b_file @ a_file) * (fields["adapter.lora.alpha"] / rank)
    assert torch.allclose(found, delta, rtol=1e-4, atol=1e-6 * delta.abs().max().item()), name
    checked += 1
assert 2 * checked == len(tensors)
print(f"gguf: {checked} modules, alpha {fields['adapter.lora.alpha']}")
