"""Hands runs over, lets train.py go on with them on the CPU, and holds its losses and the adapter that comes back against the engine's.

    python reference/check_handover.py [CASE …] [--fixtures DIR]     # all of them, or those named -> reference/handover.json

DIR holds the larger cases that are not in git (llava-gqa); the others are golden cases and the demo.

Ten steps of each case, by the engine (`train`) and by `accelerate launch train.py` on one process, on several (gloo) and under FSDP. The
same rows a step, so each step's loss is the engine's within LOSS, and logits with the adapter that comes back are those with the engine's
own within LOGITS. "goes on" begins after five steps of the engine, with Adam's moments. Weights are in f32, or in NF4 as bitsandbytes has
it on the CPU, where that is right: each matrix row a whole number of blocks, weights of the checkpoint in fp16 (reference/README.md).
"pictures by name" is a case whose rows lie in a data set of the tests' hub: train.py fetches their pictures from there.
"smolvlm/smolvlm2" is the case smolvlm with the files of its variant smolvlm2 in place of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from fidelity import CASES as GOLDENS
from fidelity import ROOT, headless

RECORD = ROOT / "reference/handover.json"
LOSS, LOGITS, STEPS = 1e-4, 1e-3, 10
SMALL = {"max_steps": 12, "save_steps": 5, "lora_r": 8, "max_grad_norm": 0.5, "lr_scheduler_type": "cosine", "warmup_steps": 2}
F32 = SMALL | {"load_in_4bit": False, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "learning_rate": 1e-3}
NF4 = SMALL | {"per_device_train_batch_size": 8, "learning_rate": 2e-3}
FSDP = """compute_environment: LOCAL_MACHINE
distributed_type: FSDP
mixed_precision: "no"
num_machines: 1
num_processes: 2
use_cpu: true
"""

#: case -> its folder, its recipe, the ways it is run, and whether it goes on after five steps of the engine
CASES = {
    "llava-gqa": ("llava-gqa", F32, ("1", "2", "3", "fsdp"), False),
    "llava-gqa, goes on": ("llava-gqa", F32 | {"data_order": "huggingface"}, ("1", "2", "fsdp"), True),
    "llava-gqa, all-linear": ("llava-gqa", F32 | {"target_modules": "all-linear", "train_on": "all-text"}, ("1", "2"), False),
    "llava-gqa, projector in full": ("llava-gqa", F32 | {"modules_to_save": ["multi_modal_projector"], "weight_decay": 0.1}, ("1",), True),
    "smolvlm": ("smolvlm", F32, ("1", "2"), False),
    "llava-next-mistral": ("llava-next-mistral", F32, ("1",), False),
    "qwen3-vl": ("qwen3-vl", F32, ("1", "2"), False),
    "smolvlm2": ("smolvlm/smolvlm2", F32, ("1", "2"), False),
    "onevision": ("onevision", F32, ("1", "2"), False),
    "qwen3-vl, goes on, all-linear": ("qwen3-vl", F32 | {"target_modules": "all-linear", "data_order": "huggingface"}, ("1", "2"), True),
    "qwen3-vl, pictures by name": ("qwen3-vl", F32, ("1", "2"), False),
    "demo, NF4": ("demo", NF4, ("1", "2"), False),
    "demo, f32, held-out rows": ("demo", NF4 | {"load_in_4bit": False, "eval_strategy": "steps", "eval_steps": 5, "eval_answers": 0}, ("1", "2"), False),
}  # fmt: skip


def files_of(case: str, fixtures: Path | None, scratch: Path) -> dict:
    if case == "demo":
        return {"model": ROOT / "public/demo/model", "data": ROOT / "public/demo/data/metadata.jsonl"}
    name, _, variant = case.partition("/")
    folder = GOLDENS / name if (GOLDENS / name).exists() else (fixtures or GOLDENS) / name
    model = with_variant(folder, variant, scratch / "model") if variant else folder / "model"
    return {"model": model, "data": folder / "data/metadata.jsonl"}


def with_variant(case: Path, name: str, out: Path) -> Path:
    """The case's model with the files of a variant; null: it has no such file."""
    shutil.copytree(case / "model", out, copy_function=shutil.copyfile)
    variants = json.loads((case / "expected.json").read_text())["variants"]
    for file, content in next(each for each in variants if each["name"] == name)["files"].items():
        (out / file).unlink(missing_ok=True)
        if content is not None:
            (out / file).write_text(json.dumps(content))
    return out


def lines_of(file: Path) -> tuple[dict, dict]:
    """Losses by step, of rows that are trained on and of those that are held out."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {e["step"]: e["loss"] for e in lines if "loss" in e}, {e["step"]: e["eval_loss"] for e in lines if "eval_loss" in e}


def launch(folder: Path, way: str, out: Path, steps: int, scratch: Path) -> None:
    if way == "fsdp":
        config = scratch / "fsdp.yaml"
        own = (folder / "accelerate/fsdp-qlora.yaml").read_text()
        config.write_text(FSDP + own[own.index("fsdp_config:") :])
        how = ["--config_file", config]
    else:
        # --cpu starts one process whatever is asked for; --multi_gpu starts several, which find no GPU and speak by gloo.
        several = ["--multi_gpu"] if way != "1" else ["--cpu"]
        how = [*several, "--num_processes", way, "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command = [sys.executable, "-m", "accelerate.commands.launch", *how, folder / "train.py", "--steps", steps, "--out", out]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"train.py failed: {done.stderr[-3000:]}")
    processes = 2 if way == "fsdp" else int(way)
    if f"on {processes} processes" not in done.stdout:
        raise SystemExit(f"{processes} processes were asked for: {done.stdout[:300]}")


def logits(files: dict, recipe: Path, adapter: Path, out: Path) -> np.ndarray:
    arguments = ["--model", files["model"], "--data", files["data"], "--recipe", recipe, "--row", 0]
    headless("logits", *arguments, "--adapter", adapter, "--out", out)
    return load_file(out)["logits"]


def furthest(found: dict, wanted: dict) -> float:
    if not found or not found.keys() <= wanted.keys():
        raise SystemExit(f"steps {sorted(found)} are not among {sorted(wanted)}")
    return max(abs(found[step] - wanted[step]) for step in found)


@contextmanager
def at_a_hub(files: dict, scratch: Path) -> Iterator[dict]:
    """The same rows in a data set of a hub."""
    file = scratch / "rows.parquet"
    headless("rows", "--data", files["data"], "--parquet", file)
    command = ["node", "scripts/run-ts.mjs", "/workers/testing/serve-data-set.ts", file]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        os.environ |= {"HF_ENDPOINT": server.stdout.readline().strip(), "HF_HUB_CACHE": str(scratch / "cache"), "XDG_CACHE_HOME": str(scratch / "own-cache")}
        yield files | {"data": "hub:someone/pictures", "more": ["--pictures-by-name"]}
        server.stdin.close()


def check(files: dict, recipe: dict, ways: tuple[str, ...], goes_on: bool, scratch: Path) -> dict:
    file = scratch / "recipe.json"
    file.write_text(json.dumps(recipe))
    source = ["--model", files["model"], "--data", files["data"], "--recipe", file]
    ours, folder = scratch / "ours", scratch / "handover"
    begun = 5 if goes_on else 0
    if goes_on:
        headless("train", *source, "--out", ours, "--steps", begun)
    headless("handover", *source, *(["--run", ours] if goes_on else []), *files.get("more", []), "--out", folder)
    headless("train", *source, "--out", ours, "--steps", STEPS, *(["--resume"] if goes_on else []))
    losses, evaluations = lines_of(ours / "steps.jsonl")
    wanted = logits(files, file, ours, scratch / "ours.safetensors")
    found = {}
    for way in ways:
        out = scratch / f"out-{way}"
        launch(folder, way, out, STEPS - begun, scratch)
        theirs, held_out = lines_of(out / "steps.jsonl")
        figures = {"steps": len(theirs), "loss": furthest(theirs, losses)}
        if evaluations:
            figures["eval_loss"] = furthest(held_out, evaluations)
        figures["logits"] = float(np.abs(logits(files, file, out, scratch / "theirs.safetensors") - wanted).max())
        found[way if way == "fsdp" else f"{way} processes"] = figures
        print(f"  {way}: {figures}", flush=True)
    return {"processes": found, "logits_moved": moved(files, file, wanted, folder / "adapter", scratch)}


def moved(files: dict, recipe: Path, wanted: np.ndarray, adapter: Path, scratch: Path) -> float:
    """How far training moved the logits: what a difference of them is small beside."""
    return float(np.abs(wanted - logits(files, recipe, adapter, scratch / "first.safetensors")).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help=", ".join(CASES))
    parser.add_argument("--fixtures", type=Path)
    args = parser.parse_args()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"accepted": {}, "cases": {}}
    record["accepted"] = {"loss": LOSS, "logits": LOGITS}
    bad = []
    for name in args.cases or CASES:
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            case, *rest = CASES[name]
            files = files_of(case, args.fixtures, Path(scratch))
            with at_a_hub(files, Path(scratch)) if "by name" in name else nullcontext(files) as found:
                result = check(found, *rest, Path(scratch))
        record["cases"][name] = result
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
        bad += [f"{name}, {way}" for way, f in result["processes"].items() if not (max(f["loss"], f.get("eval_loss", 0)) <= LOSS and f["logits"] <= LOGITS)]
    if bad:
        sys.exit(f"beyond what is accepted: {'; '.join(bad)}")


if __name__ == "__main__":
    main()
