"""Adapters go from TabTune to PEFT and back: same logits on both sides -> docs/fidelity.md.

    python reference/adapters.py [CASE/RUN[+all-linear] …] [--python OTHER]

Trains each run for three steps, headless and by PEFT, and has check_adapter.py hold the logits of either adapter against the engine's.
`--python` names the Python of another environment, with an older transformers, in which PEFT loads the same adapters as well. It is
given the adapters that the engine wrote: what PEFT itself writes for a vision tower under transformers 5 does not load in 4.57.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "goldens"))
import fidelity  # noqa: E402
import oracle  # noqa: E402

RUNS = ["own-gqa/d", "own-mha/c", "own-next/a", "smolvlm/c", "smolvlm/d", "llava-qwen/c", "llava-qwen/d", "onevision/c", "qwen3-vl/c", "qwen3-vl/a+all-linear"]
STEPS = 3
ROW = 1


def compare(python: str, case: Path, adapter: Path, recipe: Path, folder: Path, name: str) -> None:
    files = ["--data", case / "data", "--row", ROW, "--recipe", recipe]
    logits = folder / "logits.safetensors"
    fidelity.headless("logits", "--model", case / "model", "--adapter", adapter, *files, "--out", logits)
    script = Path(__file__).parent / "check_adapter.py"
    command = [python, script, case / "model", adapter, *files, "--compare", logits, "--record", name]
    subprocess.run([str(part) for part in command], check=True)


def check(case: Path, run: str, others: list[str], folder: Path) -> None:
    run, _, targets = run.partition("+")
    expected = json.loads((case / "expected.json").read_text())
    # A rate at which three steps move the logits by much more than what is accepted.
    settings = expected["runs"][run]["settings"] | {"lr": 1e-2, "scheduler": "constant", "warmup_steps": 0, "steps": STEPS}
    # The larger cases write both kinds of 4 bits in one word.
    settings |= {"quantize_modules": fidelity.rooms_of(settings), "double_quant": settings.get("double_quant", False)}
    settings |= {"target_modules": "all-linear" if settings["quant"] == "nf4-all" else settings.get("target_modules", "language-model")}
    settings["quant"] = settings["quant"].split("-")[0]
    settings |= {"target_modules": targets} if targets else {}
    expected["runs"][run]["settings"] = settings
    recipe = folder / "recipe.json"
    recipe.write_text(json.dumps(fidelity.recipe_of(expected, run)))
    ours, theirs = folder / "ours", folder / "theirs"
    fidelity.headless("train", "--model", case / "model", "--data", case / "data", "--recipe", recipe, "--steps", STEPS, "--out", ours)
    for python in [sys.executable, *others]:
        compare(python, case, ours, recipe, folder, f"{case.name}/our adapter in PEFT")
    rows = oracle.rows_of(case / "model", case / "data", expected["template"]["jinja"])
    _, _, tuned = oracle.train(case / "model", rows, settings, keep=())
    tuned.save_pretrained(theirs)
    compare(sys.executable, case, theirs, recipe, folder, f"{case.name}/PEFT's adapter here")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", help="such as own-mha/c")
    parser.add_argument("--python", action="append", default=[])
    args = parser.parse_args()
    for name in args.runs or RUNS:
        case, run = name.split("/")
        with tempfile.TemporaryDirectory() as folder:
            check(fidelity.CASES / case, run, args.python, Path(folder))


if __name__ == "__main__":
    main()
