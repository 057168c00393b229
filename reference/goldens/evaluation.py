"""The loss of held-out rows while the others are trained on -> workers/testing/goldens/evaluation.json.

python reference/goldens/evaluation.py CASE_DIR SETTINGS.json HELD,HELD,… EVERY prints the same of any case folder (model/, data/).
"""

import json
import sys
from pathlib import Path

import cases
import oracle

OUT = cases.OUT / "evaluation.json"
SHORT = {"steps": 12, "schedule_total_steps": 12}
#: case -> run of the case, what is other in it, the rows that workers/data/held-out/choose.ts holds out under seed 42, steps between evaluations
RUNS = {
    "own-tiny": ("drift", SHORT, [0, 3, 4, 5, 8, 9], 5),
    "own-gqa": ("d", {"steps": 4, "schedule_total_steps": 4}, [0, 1, 2, 4, 7, 10], 2),
}


def evaluated(folder: Path, settings: dict, held: list[int], every: int) -> dict:
    template = oracle.template_of(folder / "model")
    rows = oracle.read_rows(folder / "model", folder / "data", template)
    key = settings["label_key"]
    found = []

    def at_step(step: int, model) -> None:
        if step % every == 0 or step == settings["steps"]:
            loss, targets = oracle.mean_loss(model, [rows[i] for i in held], key)
            found.append({"step": step, "loss": loss, "targets": targets})

    trained = [row for i, row in enumerate(rows) if i not in held]
    steps, _, _ = oracle.train(folder / "model", trained, settings, (), at_step=at_step)
    return {"settings": settings, "held": held, "every": every, "evaluations": found, "losses": [step["loss"] for step in steps]}


def main() -> None:
    out = {}
    for name, (run, changes, held, every) in RUNS.items():
        out[name] = evaluated(cases.OUT / name, cases.CASES[name]["runs"][run] | changes, held, every) | {"run": run}
        print(name, [round(e["loss"], 4) for e in out[name]["evaluations"]])
    OUT.write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    folder, settings, held, every = sys.argv[1:]
    settings = cases.RUN | json.loads(Path(settings).read_text())
    print(json.dumps(evaluated(Path(folder), settings, [int(i) for i in held.split(",")], int(every))))
