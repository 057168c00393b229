"""LoRA on all linears of a Qwen3-VL, as PEFT and torch train it -> workers/testing/goldens/qwen3-vl-all-linear: on the checkpoint and rows
of the case, whose oracle has no such run. Its gradients come through the merger, DeepStack and the tower.
"""

import json

from safetensors.torch import save_file

import oracle
from cases import OUT, RUN

CASE = OUT / "qwen3-vl"
SETTINGS = RUN | {
    "quant": "nf4", "quantize_modules": oracle.ROOMS, "target_modules": "all-linear", "r": 2, "lora_alpha": 4, "lr": 1e-3,
    "scheduler": "constant", "schedule_total_steps": 3, "steps": 3, "micro_batch": 4, "grad_accum": 1, "label_key": "labels_all",
}  # fmt: skip
#: as the case's own names are
NEUTRAL = {
    "visual.blocks.": "vision_tower.vision_model.encoder.layers.", "visual.merger.": "multi_modal_projector.",
    "visual.deepstack_merger_list.": "deepstack_connectors.",
}  # fmt: skip


def neutral(key: str) -> str:
    for theirs, ours in NEUTRAL.items():
        key = key.replace(theirs, ours)
    return key


def main() -> None:
    rows = oracle.read_golden_rows(CASE)
    steps, tensors, _ = oracle.train(CASE / "model", rows, SETTINGS, keep=("init", "grad"), gradient_steps=(1, 3))
    to = OUT / "qwen3-vl-all-linear"
    to.mkdir(exist_ok=True)
    save_file({neutral(f"d/{key}"): value.contiguous() for key, value in tensors.items()}, to / "golden.safetensors")
    (to / "expected.json").write_text(json.dumps({"settings": SETTINGS, "steps": steps}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
