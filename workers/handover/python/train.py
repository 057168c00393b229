"""Goes on with a run that TabTune handed over: transformers, PEFT and bitsandbytes under `accelerate launch`.

    accelerate launch --config_file accelerate/one-gpu.yaml train.py [--model NAME_OR_FOLDER] [--out out]

Same rows in the same order, the same rows a step on any number of processes, the loss as the sum over all targets of a step divided by
their number. Into OUT: the adapter (drop it on TabTune's page to chat, compare and go on), and steps.jsonl with a line a step.
"""

import argparse
import json
import math
import os
import re
from pathlib import Path

import torch
import transformers
from peft import PeftModel, prepare_model_for_kbit_training
from rows import Collator, Places, Share, Windows, processor_of, read_json, read_rows
from safetensors.torch import load_file
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import BitsAndBytesConfig, EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments, get_scheduler
from transformers.trainer_utils import get_last_checkpoint

FOLDER = Path(__file__).parent


class HandedOver(Trainer):
    """Trainer with the schedule of a run that began elsewhere, a line a step, and a loss of held-out rows that is no mean of means."""

    def __init__(self, *args, handover: dict, recipe: dict, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # Of Qwen3-VL transformers says that its loss takes no number of targets, and Trainer would take means of means; its loss takes it.
        self.model_accepts_loss_kwargs = True
        self.recipe, self.begun, self.all_steps, self.targets = recipe, handover["start"]["step"], handover["steps"], 0

    def create_scheduler(self, num_training_steps: int, optimizer=None):
        if self.lr_scheduler is None:
            optimizer = optimizer or self.optimizer
            warmup = self.recipe["warmup_steps"] or math.ceil(self.all_steps * self.recipe["warmup_ratio"])
            whole = get_scheduler(self.recipe["lr_scheduler_type"], optimizer, warmup, self.all_steps)
            shifted = [lambda k, rate=rate: rate(k + self.begun) for rate in whole.lr_lambdas]
            for group in optimizer.param_groups:
                group["lr"] = group.pop("initial_lr")
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, shifted)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        if num_items_in_batch is not None:
            self.targets = int(num_items_in_batch)
            if self.targets == 0:
                raise SystemExit("A step has no token to learn: none of its rows fits into max_length.")
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    def log(self, logs: dict, start_time=None) -> None:
        step = self.begun + self.state.global_step
        line = {}
        if "loss" in logs:
            line = {"step": step} | {key: logs[key] for key in ("loss", "grad_norm", "learning_rate") if key in logs} | {"target_tokens": self.targets}
        elif "eval_loss" in logs:
            line = {"step": step, "eval_loss": logs["eval_loss"]}
        if line and self.is_world_process_zero():
            with (Path(self.args.output_dir) / "steps.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")
        if "loss" not in logs or step % self.recipe["logging_steps"] == 0:
            super().log(logs, start_time)

    @torch.no_grad()
    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval") -> dict:
        """The sum over all targets of the held-out rows, divided by their number."""
        model = self.model_wrapped.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        for inputs in self.get_eval_dataloader():
            with self.compute_loss_context_manager():
                logits = model(**inputs, use_cache=False).logits[:, :-1]
            targets = inputs["labels"][:, 1:]
            wanted = targets != -100
            loss = torch.nn.functional.cross_entropy(logits[wanted].float(), targets[wanted], reduction="sum")
            sums += torch.tensor([loss.item(), wanted.sum().item()], dtype=torch.float64)
        # NCCL and gloo both carry f32; the counts are whole numbers below 2^24 on each process.
        total, targets = self.accelerator.reduce(sums.float().to(self.args.device)).tolist()
        metrics = {f"{metric_key_prefix}_loss": total / targets}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class Moments(TrainerCallback):
    """Puts Adam's moments of the run in place once model and optimizer are where they stay. A run of Trainer's own checkpoint has its own."""

    def __init__(self, file: Path, step: int) -> None:
        self.file, self.step = file, step

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **_) -> None:
        if state.global_step > 0:
            return
        optimizer = getattr(optimizer, "optimizer", optimizer)
        if not isinstance(optimizer, torch.optim.AdamW):
            raise SystemExit("Adam's moments of the run can go on with adamw_torch outside DeepSpeed only: --fresh-moments begins with new ones.")
        saved = {short(name): value for name, value in load_file(self.file).items()}
        learned = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        # A layer behind the one that pictures are taken from never learns, and has none.
        known = {name: parameter for name, parameter in learned.items() if short(f"{name}.exp_avg") in saved}
        for name, parameter in known.items():
            moments = {moment: place(saved[short(f"{name}.{moment}")], parameter) for moment in ("exp_avg", "exp_avg_sq")}
            optimizer.state[parameter] = moments | {"step": torch.tensor(float(self.step))}
        if len(saved) != 2 * len(known):
            raise SystemExit(f"{self.file.name} has {len(saved)} moments, of which the adapter takes {2 * len(known)}.")


def short(name: str) -> tuple[str, str]:
    """A tensor's part and its name inside it: what all spellings of transformers and PEFT, wrapped or not, have in common."""
    part = next((word for word in ("vision", "projector", "connector") if word in name), "text")
    for wrapper in (".default", ".modules_to_save", "._checkpoint_wrapped_module", "._fsdp_wrapped_module"):
        name = name.replace(wrapper, "")
    return part, re.split(r"\b(?:layers|multi_modal_projector|connector)\.", name)[-1]


def place(value: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    value = value.to(parameter.device, parameter.dtype)
    return distribute_tensor(value, parameter.device_mesh, parameter.placements) if isinstance(parameter, DTensor) else value


def quantisation(recipe: dict, handover: dict, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    if not recipe["load_in_4bit"] or not recipe["quantize_modules"]:
        return None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=recipe["bnb_4bit_quant_type"],
        bnb_4bit_use_double_quant=recipe["bnb_4bit_use_double_quant"],
        bnb_4bit_compute_dtype=dtype,
        # Shards of FSDP and ZeRO-3 are of one number format: 4 bits are stored as such numbers.
        bnb_4bit_quant_storage=dtype if is_sharded() else torch.uint8,
        llm_int8_skip_modules=handover["model"]["skip_modules"],
    )


def is_sharded() -> bool:
    """Whether FSDP or DeepSpeed lays the parameters over the processes; accelerate says so to the processes that it starts."""
    return any(os.environ.get(f"ACCELERATE_USE_{name}", "false").lower() == "true" for name in ("FSDP", "DEEPSPEED"))


def load(args: argparse.Namespace, recipe: dict, handover: dict, checkpointing: bool):
    """Base model and adapter, as PEFT trains them."""
    named, dtype = handover["model"], getattr(torch, args.dtype)
    base = args.model or (FOLDER / "model" if named["inside"] else named["name"])
    quantised = quantisation(recipe, handover, dtype)
    model = getattr(transformers, named["class"]).from_pretrained(
        base, dtype=dtype, quantization_config=quantised, revision=None if args.model or named["inside"] else named["revision"]
    )
    for key, value in named["config"].items():
        setattr(model.config, key, value)
    model.config.use_cache = False
    if quantised and not is_sharded() and dtype != torch.float32:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=checkpointing, gradient_checkpointing_kwargs={"use_reentrant": False})
    # Where parameters are sharded, those of a layer have to be of one number format; elsewhere LoRA learns in f32.
    return PeftModel.from_pretrained(model, FOLDER / "adapter", is_trainable=True, autocast_adapter_dtype=not is_sharded())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="name on the hub or folder of the base model, in place of the one in handover.json")
    parser.add_argument("--out", type=Path, default=FOLDER / "out")
    parser.add_argument("--steps", type=int, help="end after so many steps; the schedule keeps its length")
    parser.add_argument("--rows-at-once", type=int, help="rows of a micro-batch on one process, at most; the rows of a step stay the same")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16" if torch.cuda.is_available() else "float32")
    parser.add_argument("--fresh-moments", action="store_true", help="begin with new moments of Adam where the run's own cannot go on")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in OUT")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    recipe, handover = read_json(FOLDER / "recipe.json"), read_json(FOLDER / "handover.json")
    start, cuda = handover["start"]["step"], torch.cuda.is_available()
    steps = min(handover["steps"] - start, args.steps or handover["steps"])
    windows = Windows(FOLDER, handover, recipe)
    processes = int(os.environ.get("WORLD_SIZE", 1))
    share = Share(windows.batch, processes, args.rows_at_once or recipe["per_device_train_batch_size"])
    evaluates = recipe["eval_strategy"] == "steps" and handover["held_out"] > 0
    eval_steps = recipe["eval_steps"] or recipe["logging_steps"]
    keeps_best = evaluates and recipe["load_best_model_at_end"]
    # accelerate's configurations say bf16; --dtype has the last word.
    os.environ["ACCELERATE_MIXED_PRECISION"] = "bf16" if cuda and args.dtype == "bfloat16" else "no"
    training = TrainingArguments(
        output_dir=str(args.out), max_steps=steps, use_cpu=not cuda, seed=recipe["seed"], bf16=cuda and args.dtype == "bfloat16",
        per_device_train_batch_size=share.batch, gradient_accumulation_steps=share.batches, optim=recipe["optim"],
        learning_rate=recipe["learning_rate"], weight_decay=recipe["weight_decay"], adam_beta1=recipe["adam_beta1"],
        adam_beta2=recipe["adam_beta2"], adam_epsilon=recipe["adam_epsilon"], max_grad_norm=recipe["max_grad_norm"],
        gradient_checkpointing=cuda if recipe["gradient_checkpointing"] is None else recipe["gradient_checkpointing"],
        gradient_checkpointing_kwargs={"use_reentrant": False}, ddp_find_unused_parameters=recipe["target_modules"] == "all-linear",
        train_sampling_strategy="sequential", average_tokens_across_devices=True, remove_unused_columns=False,
        dataloader_num_workers=4 if cuda else 0, logging_steps=1, logging_nan_inf_filter=False, report_to="none", disable_tqdm=True,
        # As TabTune does, a checkpoint is written before each evaluation where the best one is wanted.
        save_steps=eval_steps if keeps_best else recipe["save_steps"], save_total_limit=recipe["save_total_limit"],
        eval_strategy="steps" if evaluates else "no", eval_on_start=evaluates, eval_steps=eval_steps,
        load_best_model_at_end=keeps_best, metric_for_best_model="eval_loss", greater_is_better=bool(recipe["greater_is_better"]),
    )  # fmt: skip
    processor = processor_of(FOLDER / "processor")
    collator = Collator(processor, handover["text"], recipe)
    rows = Places(read_rows(FOLDER, handover["data"], "train"), windows, share, steps)
    held_out = None
    if evaluates:
        own = Share(handover["held_out"], processes, recipe["per_device_eval_batch_size"])
        held_out = Places(read_rows(FOLDER, handover["data"], "validation"), [range(handover["held_out"])], own, 1)
        training.per_device_eval_batch_size = own.batch
    callbacks = []
    if (FOLDER / "optimizer.safetensors").exists() and not args.fresh_moments:
        callbacks.append(Moments(FOLDER / "optimizer.safetensors", start))
    if evaluates and recipe["early_stopping_patience"]:
        callbacks.append(EarlyStoppingCallback(recipe["early_stopping_patience"]))
    trainer = HandedOver(
        load(args, recipe, handover, training.gradient_checkpointing), training, data_collator=collator, train_dataset=rows,
        eval_dataset=held_out, callbacks=callbacks, processing_class=processor, handover=handover, recipe=recipe,
    )  # fmt: skip
    last = get_last_checkpoint(args.out) if args.resume and args.out.is_dir() else None
    if trainer.is_world_process_zero():
        keep_lines(args.out / "steps.jsonl", start + int(last.rsplit("-", 1)[-1]) if last else -1)
        left = share.places - windows.batch
        print(f"{windows.batch} rows a step on {processes} processes: {share.batches} micro-batches of {share.batch} each, {left} places empty.")
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(str(args.out))
    if collator.unread:
        print(f"Rows seen here with a picture that cannot be read, left out: {collator.unread}.")
    if collator.cut or collator.left_out:
        print(f"Longer than max_length, of the rows seen here: {collator.cut} were cut, {collator.left_out} left out.")


def keep_lines(file: Path, step: int) -> None:
    """Keeps what was logged up to a checkpoint; nothing of an earlier run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = file.read_text().splitlines() if file.exists() else []
    file.write_text("".join(f"{line}\n" for line in lines if json.loads(line)["step"] <= step))


if __name__ == "__main__":
    main()
