"""Loads votes that were exported from TabTune's chat with `datasets`, and trains on them with TRL's DPOTrainer, as anybody would who goes
on elsewhere.

    node scripts/run-ts.mjs /workers/testing/votes.ts VOTES.zip      # or what the page's button wrote
    python reference/check_preferences.py VOTES.zip [MODEL] [--record FILE]

MODEL is a LLaVA checkpoint; without it, workers/testing/goldens/own-tiny. The zip is loaded by the lines of its own README.md. Of each
row TRL's collator makes the ids, which must say what the chat template makes of the prompt with its answer, in as many image slots; then one step of DPO has to give a finite loss of log 2, since the model is its own reference. The record says what was
read: the hash of the rows and the versions."""

import argparse
import hashlib
import json
import math
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import datasets
import torch
import transformers
import trl
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
from trl import DPOConfig, DPOTrainer, is_conversational, maybe_extract_prompt
from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

OWN_TINY = Path(__file__).parent.parent / "workers/testing/goldens/own-tiny/model"


def by_its_readme():
    """The rows as the README's lines in Python load them."""
    text = Path("README.md").read_text(encoding="utf8")
    lines = [line[4:] for line in text.split("\n") if line.startswith("    ")]
    names = {}
    exec("\n".join(lines), names)
    return names["rows"]


def without_none(messages):
    """Arrow fills the fields that a part does not have."""
    return [
        {**message, "content": [{k: v for k, v in part.items() if v is not None} for part in message["content"]]}
        for message in messages
    ]


def check_rows(rows, said) -> None:
    assert isinstance(rows.features["images"].feature, datasets.Image), rows.features["images"]
    assert len(rows) == len(said), f"{len(rows)} rows, not {len(said)}"
    for row, line in zip(rows, said):
        for key in ("prompt", "chosen", "rejected"):
            assert without_none(row[key]) == line[key], f"{key}: {row[key]}, not {line[key]}"
        assert is_conversational(row)
        assert maybe_extract_prompt(row)["prompt"] == row["prompt"]
        assert len(row["images"]) == len(line["images"])
        for picture in row["images"]:
            picture.load()


def processor_of(model):
    """Old LLaVA checkpoints leave to the config how many slots a picture fills."""
    processor, config = AutoProcessor.from_pretrained(model), AutoConfig.from_pretrained(model)
    if processor.patch_size is None:
        processor.patch_size = config.vision_config.patch_size
        processor.vision_feature_select_strategy = config.vision_feature_select_strategy
        processor.num_additional_image_tokens = 1
    return processor


def check_ids(rows, processor) -> None:
    collate = DataCollatorForVisionPreference(processor)

    def words(ids) -> str:
        return " ".join(processor.decode(ids, skip_special_tokens=True).split())

    image = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    for number, row in enumerate(rows):
        batch = collate([dict(row)])
        for half, which in enumerate(("chosen", "rejected")):
            real = batch["attention_mask"][half].bool()
            ids, answer = batch["input_ids"][half][real], batch["completion_mask"][half][real].bool()
            text = processor.apply_chat_template(without_none(row["prompt"] + row[which]), tokenize=False)
            whole = processor(text=[text], images=row["images"] or None, return_tensors="pt")["input_ids"][0]
            # TRL encodes prompt and answer apart: a space between them may be another token.
            assert words(ids) == words(whole), f"row {number}, {which}: {words(ids)}"
            # A template without a generation prompt leaves "ASSISTANT:" to the answer.
            said = " ".join(row[which][0]["content"][0]["text"].split())
            assert words(ids[answer]).endswith(said), f"row {number}, {which}: {words(ids[answer])!r}"
            slots = int((ids == image).sum())
            assert slots == int((whole == image).sum()) and (slots > 0) == (len(row["images"]) > 0), slots


def one_step(rows, model_folder, processor) -> float:
    model = AutoModelForImageTextToText.from_pretrained(model_folder, dtype=torch.float32)
    settings = DPOConfig(
        output_dir="out",
        max_steps=1,
        per_device_train_batch_size=len(rows),
        report_to=[],
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        max_length=None,
        logging_steps=1,
        save_strategy="no",
    )
    trainer = DPOTrainer(model=model, args=settings, train_dataset=rows, processing_class=processor)
    trainer.train()
    return next(line["loss"] for line in trainer.state.log_history if "loss" in line)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("votes")
    parser.add_argument("model", nargs="?", default=str(OWN_TINY))
    parser.add_argument("--record")
    args = parser.parse_args()
    model, record = os.path.abspath(args.model), args.record and os.path.abspath(args.record)
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(args.votes).extractall(folder)
        os.chdir(folder)
        written = Path("preferences.jsonl").read_bytes()
        said = [json.loads(line) for line in written.decode("utf8").splitlines()]
        rows = by_its_readme()
        check_rows(rows, said)
        processor = processor_of(model)
        check_ids(rows, processor)
        loss = one_step(rows, model, processor)
        os.chdir("/")
    assert math.isfinite(loss) and abs(loss - math.log(2)) < 1e-4, loss
    facts = {
        "rows": len(said),
        "pictures": sum(len(line["images"]) for line in said),
        "sha256": hashlib.sha256(written).hexdigest(),
        "loss": loss,
        "versions": {library.__name__: library.__version__ for library in (datasets, trl, transformers)},
    }
    print(json.dumps(facts))
    if record:
        Path(record).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
