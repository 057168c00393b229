"""Best step and early end of runs, as transformers decides them: workers/training/fixtures/best.json.

    python reference/best_step.py

The Trainer's own `_determine_best_metric` and `EarlyStoppingCallback` are fed with figures of evaluations, in the order in which the Trainer
calls them (`_maybe_log_save_evaluate`: on_evaluate first, then the best metric); eval_on_start is the evaluation of step 0.
"""

import json
import random
from pathlib import Path
from types import SimpleNamespace

from transformers import EarlyStoppingCallback, Trainer, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import SaveStrategy

OUT = Path(__file__).parent.parent / "workers/training/fixtures/best.json"


def decide(metric, greater, patience, values):
    args = TrainingArguments(
        output_dir="/tmp/best-step", eval_strategy="steps", eval_steps=10, save_strategy="steps", save_steps=10,
        load_best_model_at_end=True, metric_for_best_model=metric, greater_is_better=greater, report_to=[], use_cpu=True,
    )
    state, control = TrainerState(), TrainerControl()
    callback = EarlyStoppingCallback(patience) if patience is not None else None
    trainer = SimpleNamespace(args=args, state=state)
    name = metric if metric.startswith("eval_") else f"eval_{metric}"
    done = []
    for n, value in enumerate(values):
        state.global_step = 10 * n
        metrics = {name: value}
        if callback:
            callback.on_evaluate(args, state, control, metrics)
        if n > 0:
            Trainer._determine_best_metric(trainer, metrics=metrics, trial=None)
        done.append({"step": 10 * n, "best": state.best_global_step or None, "ended": control.should_training_stop})
        if control.should_training_stop:
            break
    assert args.save_strategy == SaveStrategy.STEPS
    return {"metric": metric, "greater": greater, "patience": patience, "values": values, "done": done}


def main():
    draw = random.Random(19)
    cases = [
        decide("loss", None, None, [3.0, 2.0, 1.0, 1.0, 1.5]),
        decide("eval_loss", None, 2, [0.5, 2.0, 1.0, 1.0, 1.0, 0.5]),
        decide("loss", True, 1, [3.0, 2.0, 2.5, 2.5, 9.0]),
        decide("exact_match", None, 3, [0.0, 0.1, 0.3, 0.3, 0.2, 0.3, 0.9]),
        decide("exact_match", False, None, [0.0, 0.1, 0.3, 0.05]),
        decide("loss", None, 1, [1.0, 2.0, 3.0]),
    ]
    for _ in range(60):
        values = [round(draw.uniform(0, 2), draw.choice([1, 1, 3])) for _ in range(draw.randint(2, 14))]
        metric = draw.choice(["loss", "eval_loss", "exact_match", "rouge_loss"])
        cases.append(decide(metric, draw.choice([None, None, True, False]), draw.choice([None, 1, 2, 3]), values))
    OUT.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    print(len(cases), "cases,", sum(c["done"][-1]["ended"] for c in cases), "of them end early")


if __name__ == "__main__":
    main()
