"""Runs the engine, headless, over the golden cases and writes how far it is from the oracle -> docs/fidelity.md, reference/fidelity.json.

    python reference/fidelity.py [CASE/RUN …]       # default: all; only those named are run again, the others keep their figures
    python reference/fidelity.py --table            # the table again from the results file

CASE is a folder of workers/testing/goldens (or any folder of that form, given as a path with its run after the last slash). Needs
Node and the packages of requirements.txt; an adapter check is made by check_adapter.py and enters the same results file.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "workers/testing/goldens"
RESULTS = ROOT / "reference/fidelity.json"
TABLE = ROOT / "docs/fidelity.md"

#: figure -> largest error that is accepted, and in what it is told
TOLERANCES = {
    "token ids": (0, "differing ids"),
    "labels": (0, "differing labels"),
    "pixel values": (2e-6, "largest difference"),
    "loss, every step": (1e-5, "largest difference"),
    "loss, 50 steps": (1e-2, "largest relative difference"),
    "gradient norm": (1e-4, "largest relative difference"),
    "learning rate": (1e-12, "largest relative difference"),
    "gradients, step 1": (1e-4, "worst tensor, relative L2"),
    "gradients, later": (3e-3, "worst tensor, relative L2"),
    "first gradient of A": (0, "largest value; it is zero"),
    "final adapter, elements off by 0.1 lr": (1e-3, "share"),
    "final adapter, direction": (1e-3, "1 - cosine of the update"),
    "Adam moments": (5e-3, "worst tensor, relative L2"),
    "our adapter in PEFT": (1e-3, "largest difference of a logit"),
    "PEFT's adapter here": (1e-3, "largest difference of a logit"),
    "merged weights": (2**-8, "largest difference from PEFT's merge, relative"),
    "GGUF file": (1e-4, "largest difference of B A, relative"),
    "files for llama.cpp, F16": (2**-8, "largest difference of a tensor from the merged model's, relative to its largest value"),
    "files for llama.cpp, Q8_0": (2**-7, "largest difference of a tensor from the merged model's, relative to its largest value"),
    "merged model's answers": (0, "share that differs from transformers'"),
    "merged model beside the page": (0.2, "share that differs from the page's, in 4 bits"),
    "llama.cpp's prompts": (0, "share with another number of tokens"),
    "llama.cpp's answers": (0, "share that parts where transformers is sure"),
    "llama.cpp's log probabilities, F16": (0.02, "largest difference of a chosen token's"),
    "llama.cpp's log probabilities, Q8_0": (0.3, "largest difference of a chosen token's"),
    "llama.cpp's misplaced class token": (1, "share of answers to pictures that it costs"),
    "llama.cpp's border": (1, "share of answers to pictures that it costs"),
    "llama.cpp beside the engine": (0, "share that parts, or where the engine's ids are not transformers'"),
}  # fmt: skip


def tolerance_of(figure: str) -> tuple[float, str]:
    """What stands in brackets says under which conditions."""
    return TOLERANCES[re.sub(r" \(.*\)", "", figure)]


def headless(*arguments: object) -> str:
    command = ["npm", "run", "-s", "headless", "--", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"headless {arguments[0]} failed: {done.stderr[-1500:]}")
    return done.stdout


def rooms_of(settings: dict) -> list[str]:
    """The parts whose linears are in 4 bits."""
    everything = ["language_model", "vision_tower", "multi_modal_projector"]
    return settings.get("quantize_modules", everything if settings["quant"] == "nf4-all" else ["language_model"])


def recipe_of(expected: dict, run: str) -> dict:
    s = expected["runs"][run]["settings"]
    everything = s.get("target_modules", s["quant"]) in ("all-linear", "nf4-all")
    return {
        "max_steps": s["schedule_total_steps"], "per_device_train_batch_size": s["micro_batch"],
        "gradient_accumulation_steps": s["grad_accum"], "learning_rate": s["lr"], "lr_scheduler_type": s["scheduler"],
        "warmup_steps": s["warmup_steps"], "weight_decay": s["weight_decay"], "max_grad_norm": s["max_grad_norm"], "seed": 42,
        "lora_r": s["r"], "lora_alpha": s["lora_alpha"], "target_modules": "all-linear" if everything else "language-model",
        "data_order": "huggingface", "train_on": "all-text" if s["label_key"] == "labels_all" else "responses",
        "load_in_4bit": s["quant"] != "none", "bnb_4bit_quant_type": "fp4" if s["quant"] == "fp4" else "nf4",
        "bnb_4bit_use_double_quant": s.get("double_quant", False), "quantize_modules": rooms_of(s),
        "chat_template": expected["template"]["jinja"], "save_steps": 1000,
    }  # fmt: skip


#: Idefics3 and SmolVLM call the three parts otherwise; the goldens have LLaVA's names for them.
IDEFICS3 = {"text_model.": "language_model.", "vision_model.": "vision_tower.vision_model.", "connector.": "multi_modal_projector."}


def module_of(name: str) -> str:
    """A PEFT key in any layout as the goldens name the matrix."""
    name = name.removeprefix("base_model.model.").removeprefix("model.").replace(".weight", "", 1)
    for theirs, ours in IDEFICS3.items():
        if name.startswith(theirs):
            return name.replace(theirs, ours, 1)
    return name.replace("language_model.model.", "language_model.").removeprefix("model.")


def peft_name(matrix: str, family: str) -> str:
    module, part = matrix.rsplit(".", 1)
    if family in ("idefics3", "smolvlm"):
        for theirs, ours in IDEFICS3.items():
            if module.startswith(ours):
                return f"base_model.model.model.{module.replace(ours, theirs, 1)}.{part}.weight"
    if family == "qwen3_vl":
        return f"base_model.model.model.{module}.{part}.weight"
    inner = module.replace("language_model.", "language_model.model.", 1) if module.startswith("language") else f"model.{module}"
    return f"base_model.model.{inner}.{part}.weight"


def modules(tensors: dict) -> dict:
    return {module_of(name): value for name, value in tensors.items()}


def relative(actual: dict, expected: dict) -> float:
    return max(float(np.linalg.norm(actual[k] - v) / max(np.linalg.norm(v), 1e-30)) for k, v in expected.items())


def part_of(golden: dict, prefix: str) -> dict:
    return {name[len(prefix) :]: value for name, value in golden.items() if name.startswith(prefix)}


def pixels_of(golden: dict, row: int) -> np.ndarray:
    """The row's first picture as the tower takes it; SigLIP's are kept as bytes, of which the floats follow exactly."""
    if (bytes_ := golden.get(f"rows/{row}/pictures/0/pixel_values_u8")) is None:
        return golden[f"rows/{row}/pixel_values"]
    return ((bytes_ * 0.00392156862745098).astype(np.float32) - np.float32(0.5)) / np.float32(0.5)


def check_rows(case: Path, expected: dict, golden: dict, recipe: Path, label_key: str, folder: Path) -> dict:
    lines = headless("tokenize", "--model", case / "model", "--data", case / "data", "--recipe", recipe).splitlines()
    rows = [json.loads(line) for line in lines]

    def differing(key: str, wanted: str) -> int:
        return sum(a != b for row, e in zip(rows, expected["rows"], strict=True) for a, b in zip(row[key], e[wanted], strict=True))

    out = {"token ids": differing("input_ids", "input_ids"), "labels": differing("labels", label_key)}
    worst = 0.0
    for i, row in enumerate(expected["rows"][:3]):
        if len(row.get("pictures", [row])) != 1:
            continue  # LLaVA-OneVision takes a picture otherwise where it is not alone
        file = folder / f"pixels-{i}.safetensors"
        headless("preprocess", "--model", case / "model", "--image", case / "data" / row["file"], "--out", file)
        pixels = pixels_of(golden, i)
        worst = max(worst, float(np.abs(load_file(file)["pixel_values"].reshape(pixels.shape) - pixels).max()))
    return out | {"pixel values": worst}


def check_final(final: dict, init: dict, adapter: dict, lr: float) -> dict:
    off = count = 0
    dot = ours = theirs = 0.0
    for key, value in final.items():
        off += int((np.abs(adapter[key] - value) > 0.1 * lr).sum())
        count += value.size
        start = init.get(key, np.zeros_like(value))
        x, y = (adapter[key] - start).ravel().astype(float), (value - start).ravel().astype(float)
        dot, ours, theirs = dot + x @ y, ours + x @ x, theirs + y @ y
    turned = max(0.0, 1 - dot / math.sqrt(ours * theirs))
    return {"final adapter, elements off by 0.1 lr": off / count, "final adapter, direction": turned}


def check(case: Path, run: str, out: Path) -> dict[str, float]:
    """Figure -> error."""
    expected = json.loads((case / "expected.json").read_text())
    golden = load_file(case / "golden.safetensors")
    settings, steps = expected["runs"][run]["settings"], expected["runs"][run]["steps"]
    recipe = out / "recipe.json"
    recipe.write_text(json.dumps(recipe_of(expected, run)))
    init = part_of(golden, f"{run}/init/") or part_of(golden, "b/init/")
    family = json.loads((case / "model/config.json").read_text())["model_type"]
    save_file({peft_name(key, family): value for key, value in init.items()}, out / "lora.safetensors")
    headless("train", "--model", case / "model", "--data", case / "data", "--recipe", recipe, "--out", out, "--steps", len(steps),
             "--lora-init", out / "lora.safetensors", "--dump")  # fmt: skip
    ours = [json.loads(line) for line in (out / "steps.jsonl").read_text().splitlines()]
    pairs = list(zip(ours, steps, strict=True))
    if wrong := [a["step"] for a, b in pairs if a["target_tokens"] != b["n_targets"]]:
        raise SystemExit(f"{case.name} {run}: other targets than the oracle's in steps {wrong}")
    errors = check_rows(case, expected, golden, recipe, settings["label_key"], out)
    if run == "drift":
        errors["loss, 50 steps"] = max(abs(a["loss"] / b["loss"] - 1) for a, b in pairs)
    else:
        errors["loss, every step"] = max(abs(a["loss"] - b["loss"]) for a, b in pairs)
        errors["gradient norm"] = max(abs(a["grad_norm"] / b["grad_norm"] - 1) for a, b in pairs)
    errors["learning rate"] = max(abs(a["learning_rate"] - b["lr"]) / max(b["lr"], 1e-30) for a, b in pairs)
    for step in (1, 2, 3):
        if wanted := part_of(golden, f"{run}/grad/step{step}/"):
            gradients = modules(load_file(out / f"gradients-step-{step}.safetensors"))
            figure = "gradients, step 1" if step == 1 else "gradients, later"
            errors[figure] = max(errors.get(figure, 0), relative(gradients, wanted))
            if step == 1:
                errors["first gradient of A"] = max(float(np.abs(v).max()) for k, v in gradients.items() if k.endswith("lora_A"))
    if final := part_of(golden, f"{run}/final/"):
        errors |= check_final(final, init, modules(load_file(out / "adapter_model.safetensors")), settings["lr"])
    if moments := part_of(golden, f"{run}/adam_m/"):
        state = load_file(out / "optimizer.safetensors")
        both = {"exp_avg": moments, "exp_avg_sq": part_of(golden, f"{run}/adam_v/")}
        errors["Adam moments"] = max(
            relative(modules({k.removesuffix(f".{kind}"): v for k, v in state.items() if k.endswith(f".{kind}")}), wanted)
            for kind, wanted in both.items()
        )
    return errors


def all_runs() -> list[str]:
    found = []
    for file in sorted(CASES.glob("*/expected.json")):
        runs = json.loads(file.read_text()).get("runs", {})
        # Run b of the larger cases is committed for its first three steps, which is all that is compared.
        found += [f"{file.parent.name}/{run}" for run in runs]
    return found


def read_results() -> dict:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def save_results(changed: dict[str, dict[str, float]]) -> None:
    """Figures of `changed` take the place of those of the same name; the others stay."""
    results = read_results()
    for name, errors in changed.items():
        results[name] = results.get(name, {}) | errors
    RESULTS.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n")
    write_table(results)


def write_table(results: dict) -> None:
    lines = [
        "# How far from transformers + PEFT + bitsandbytes", "",
        "Golden cases, run headless on a software GPU: each figure's error beside the largest that is accepted. Made by",
        "`python reference/fidelity.py` from `reference/fidelity.json`; what the cases are stands in `reference/README.md`.", "",
        "All of them are small and keep activations in f32. Large runs keep them in f16: losses stay the same bits, gradients are off by f16's",
        "rounding. Where activations reach beyond f16's 65,504 they are scaled by row, and a step is as near to PyTorch's as any other in f16",
        "(1e-3 of the gradient norm, 2e-3 of the worst matrix's): `workers/training/outliers.test.ts`.", "",
        "| case, run | figure | error | accepted | as |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, errors in sorted(results.items()):
        for figure, error in errors.items():
            # In brackets: the version of transformers.
            limit, meaning = tolerance_of(figure)
            mark = "" if error <= limit else " **missed**"
            lines.append(f"| {name.replace('/', ', ')} | {figure} | {error:.2g}{mark} | {limit:g} | {meaning} |")
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", help="such as own-gqa/drift")
    parser.add_argument("--table", action="store_true", help="only write the table")
    args = parser.parse_args()
    if args.table:
        write_table(read_results())
        return
    missed = []
    for name in args.runs or all_runs():
        case, run = name.rsplit("/", 1)
        with tempfile.TemporaryDirectory() as out:
            errors = check(CASES / case, run, Path(out))
        save_results({name: errors})
        print(name, json.dumps({k: float(f"{v:.3g}") for k, v in errors.items()}), flush=True)
        missed += [f"{name}: {figure}" for figure, error in errors.items() if error > TOLERANCES[figure][0]]
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
