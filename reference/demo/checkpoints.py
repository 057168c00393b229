"""Training checkpoints (32-bit, with the patch head) and how training may start."""

from pathlib import Path

import torch
from transformers import LlavaForConditionalGeneration

from model import PatchHead, new_model
from paths import MODEL
from scenes import BACKGROUNDS


def new_networks(seed: int = 0) -> tuple[LlavaForConditionalGeneration, PatchHead]:
    return new_model(seed), PatchHead(len(BACKGROUNDS))


def save(path: Path, model: LlavaForConditionalGeneration, head: PatchHead) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "patch_head": head.state_dict()}, partial)
    partial.replace(path)


def load(path: Path) -> tuple[LlavaForConditionalGeneration, PatchHead]:
    model, head = new_networks()
    state = torch.load(path)
    model.load_state_dict(state["model"])
    head.load_state_dict(state["patch_head"])
    return model, head


def load_exported(folder: Path = MODEL) -> LlavaForConditionalGeneration:
    """The shipped fp16 weights, in 32-bit."""
    return LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
