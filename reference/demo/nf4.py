"""NF4 as in QLoRA: blocks of 64 weights share one scale, each weight is one of 16 values."""

import torch
from torch import nn

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])  # fmt: skip
BORDERS = (LEVELS[1:] + LEVELS[:-1]) / 2
BLOCK = 64


def round_trip(weight: torch.Tensor) -> torch.Tensor:
    """Quantise and dequantise."""
    blocks = weight.detach().half().float().view(-1, BLOCK)
    scale = blocks.abs().amax(1, keepdim=True)
    codes = torch.bucketize(blocks / scale.clamp_min(1e-30), BORDERS)
    return (LEVELS[codes] * scale).view_as(weight)


@torch.no_grad()
def quantise_language_model(model: nn.Module) -> int:
    """Round-trip every linear layer of the language model except lm_head; returns how many."""
    language = getattr(model.model, "text_model", None) or model.model.language_model
    layers = [m for m in language.modules() if isinstance(m, nn.Linear)]
    for layer in layers:
        layer.weight.copy_(round_trip(layer.weight))
    return len(layers)
