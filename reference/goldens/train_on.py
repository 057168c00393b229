"""Training on, as PEFT and torch do it -> workers/testing/goldens/train-on: on the checkpoint and rows of own-tiny,
`first` is a run of five steps whose adapter is saved; `second` five steps that begin from that adapter, with a new optimizer and schedule;
`longer` the first run going on to ten steps with its moments, the schedule drawn anew over ten; `partial` steps from an adapter with
rank-stabilised LoRA on q_proj and v_proj alone.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import get_scheduler

import oracle
from cases import OUT, RUN

FROM = OUT / "own-tiny"
TO = OUT / "train-on"
SETTINGS = RUN | {
    "quant": "nf4", "r": 4, "lora_alpha": 8, "lr": 5e-3, "scheduler": "cosine", "schedule_total_steps": 5, "steps": 5,
    "micro_batch": 2, "grad_accum": 2, "label_key": "labels_response",
}  # fmt: skip
TWO = r".*language_model.*\.(q|v)_proj"


def base() -> torch.nn.Module:
    model = oracle.load(FROM / "model")
    oracle.quantise(model, SETTINGS["quant"], False, SETTINGS["quantize_modules"])
    return model


class Run:
    """A run that can go on: its optimizer and its place in the rows stay."""

    def __init__(self, tuned: torch.nn.Module, rows: list[oracle.Row]):
        self.tuned, self.rows = tuned, rows
        self.weights = [p for p in tuned.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=SETTINGS["lr"], weight_decay=0.0)
        self.order = oracle.windows(len(rows), SETTINGS)
        self.done = 0
        tuned.train()

    def steps(self, count: int, total: int) -> list[dict]:
        """`count` more steps on the schedule of `total` steps, at the place in it that the steps so far give."""
        schedule = get_scheduler(SETTINGS["scheduler"], self.optimizer, 0, total)
        out = []
        for _ in range(count):
            rate = SETTINGS["lr"] * schedule.lr_lambdas[0](self.done)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            batches = [[self.rows[i] for i in part] for part in next(self.order)]
            targets = sum(int((row.labels(SETTINGS["label_key"])[1:] != -100).sum()) for part in batches for row in part)
            loss = 0.0
            self.optimizer.zero_grad()
            for part in batches:
                each = oracle.losses(self.tuned, part, SETTINGS["label_key"])
                (each.sum() / targets).backward()
                loss += each.detach().double().sum().item() / targets
            norm = torch.nn.utils.clip_grad_norm_(self.weights, SETTINGS["max_grad_norm"]).item()
            self.optimizer.step()
            self.done += 1
            out.append({"loss": loss, "grad_norm": norm, "lr": rate, "n_targets": targets})
        return out


def save(tuned: PeftModel, name: str) -> None:
    """The two files as PEFT writes them."""
    with tempfile.TemporaryDirectory() as folder:
        tuned.save_pretrained(folder)
        (TO / name).mkdir()
        for file in ("adapter_model.safetensors", "adapter_config.json"):
            shutil.copy(Path(folder) / file, TO / name / file)
    config = json.loads((TO / name / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "oracle/own-tiny"
    (TO / name / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    shutil.rmtree(TO, ignore_errors=True)
    TO.mkdir()
    rows = oracle.read_rows(FROM / "model", FROM / "data", oracle.template_of(FROM / "model"))
    tuned = oracle.lora(base(), SETTINGS)
    start = {k: v for k, v in oracle.matrices(tuned).items() if k.endswith("lora_A")}
    save_file({f"{key}": value.contiguous() for key, value in start.items()}, TO / "init.safetensors")
    run = Run(tuned, rows)
    expected = {"settings": SETTINGS, "first": run.steps(5, 5)}
    save(tuned, "first")
    expected["longer"] = run.steps(5, 10)
    again = PeftModel.from_pretrained(base(), TO / "first", is_trainable=True)
    expected["second"] = Run(again, rows).steps(5, 5)

    torch.manual_seed(7)
    two = get_peft_model(base(), LoraConfig(r=3, lora_alpha=6, use_rslora=True, target_modules=TWO))
    for name, parameter in two.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    save(two, "partial")
    again = PeftModel.from_pretrained(base(), TO / "partial", is_trainable=True)
    expected["partial"] = Run(again, rows).steps(4, 5)
    (TO / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    for name in ("first", "second", "longer", "partial"):
        print(name, [round(step["loss"], 4) for step in expected[name]])


if __name__ == "__main__":
    main()
