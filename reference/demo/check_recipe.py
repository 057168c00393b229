"""Step 6: fine-tune the shipped model on the sample data set with PEFT, as the page does.

Base: language model round-tripped through NF4. Loss on the answers only. The vision features do not
change, so they are computed once. The recipe comes from public/demo/recipe.json; flags override it.
"""

import argparse
import json
import math
import random
import re

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from torch.nn.functional import cross_entropy
from transformers import LlavaForConditionalGeneration, get_scheduler

import checkpoints
from model import BOS, EOS, image_features, language_states, normalise
from nf4 import quantise_language_model
from paths import DATA, PUBLIC_DEMO
from pictures import SIZE
from rows import Row, collate, encode, plain_row, tokenizer

PROJECTIONS = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
LONGEST_ANSWER = 48


def read(listing: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / listing).read_text().splitlines()]


def turns_of(record: dict) -> list[tuple[str, str]]:
    texts = [message["content"][-1]["text"] for message in record["messages"]]
    return list(zip(texts[::2], texts[1::2]))


def question_ids(question: str) -> list[int]:
    return [BOS, *encode(f"USER: <image>\n{question} ASSISTANT:")]


def training_row(record: dict) -> Row:
    tokens, is_target = [], []
    for number, (question, answer) in enumerate(turns_of(record)):
        user = encode(f"USER: {question} ASSISTANT:") if number else question_ids(question)
        assistant = [*encode(answer), EOS]
        tokens += user + assistant
        is_target += [False] * len(user) + [True] * len(assistant)
    return plain_row(tokens, is_target)


@torch.no_grad()
def features_of(model: LlavaForConditionalGeneration, records: list[dict]) -> torch.Tensor:
    def pixels(record: dict) -> np.ndarray:
        picture = Image.open(DATA / record["file_name"]).convert("RGB")
        return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC))

    return image_features(model, normalise(torch.from_numpy(np.stack([pixels(r) for r in records]))))


def answer_loss(model: LlavaForConditionalGeneration, features: torch.Tensor, rows: list[Row]) -> torch.Tensor:
    batch = collate(rows)
    states = language_states(model, features, batch.tokens, batch.positions, batch.mask)
    wanted = batch.is_target[:, 1:]
    return cross_entropy(model.lm_head(states[:, :-1][wanted]), batch.tokens[:, 1:][wanted])


@torch.no_grad()
def greedy_answer(model: LlavaForConditionalGeneration, features: torch.Tensor, question: str) -> str:
    prompt, answer = question_ids(question), []
    while len(answer) < LONGEST_ANSWER:
        tokens = prompt + answer
        batch = collate([plain_row(tokens, [False] * len(tokens))])
        states = language_states(model, features[None], batch.tokens, batch.positions, batch.mask)
        best = int(model.lm_head(states[0, -1]).argmax())
        if best == EOS:
            break
        answer.append(best)
    return tokenizer().decode(answer).strip()


def judge(model: LlavaForConditionalGeneration, features: torch.Tensor, records: list[dict], show: int = 0) -> str:
    """Shares of held-out pictures: voice of the lookout, every object named, every object at its
    place, whole caption exact, and the other question exact."""
    score = np.zeros(5)
    for k, record in enumerate(records):
        (question, caption), (other, expected) = turns_of(record)
        answer = greedy_answer(model, features[k], question)
        other_answer = greedy_answer(model, features[k], other)
        phrases = re.split(r", | and (?=an? )", caption.removeprefix("Ahoy! ").removesuffix("!"))
        score += [
            answer.startswith("Ahoy!") and answer.endswith("!"),
            all(name in answer for name, _ in record["objects"]),
            all(phrase.lower() in answer.lower() for phrase in phrases),
            answer == caption,
            other_answer == expected,
        ]
        if k < show:
            print(f"    {question} -> {answer}   [{caption}]\n    {other} -> {other_answer}   [{expected}]")
    shares = score / len(records)
    return "voice {:.2f} objects {:.2f} places {:.2f} caption exact {:.2f} other exact {:.2f}".format(*shares)


def main() -> None:
    recipe = json.loads((PUBLIC_DEMO / "recipe.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learning-rate", type=float, default=recipe["learning_rate"])
    parser.add_argument("--alpha", type=int, default=recipe["lora_alpha"])
    parser.add_argument("--steps", type=int, default=recipe["max_steps"])
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--show", type=int, default=4, help="held-out answers to print at the end")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    rng = random.Random(arguments.seed)

    model = checkpoints.load_exported()
    quantise_language_model(model)
    training, held_out = read("metadata.jsonl"), read("heldout.jsonl")
    training_features, held_out_features = features_of(model, training), features_of(model, held_out)
    rows, held_out_rows = [training_row(r) for r in training], [training_row(r) for r in held_out]

    adapter = LoraConfig(r=recipe["lora_r"], lora_alpha=arguments.alpha, lora_dropout=0.0, target_modules=PROJECTIONS)
    get_peft_model(model, adapter)  # puts the adapters into `model` itself
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=arguments.learning_rate, weight_decay=0.0)
    warmup = math.ceil(recipe["warmup_ratio"] * arguments.steps)
    scheduler = get_scheduler(recipe["lr_scheduler_type"], optimizer, warmup, arguments.steps)

    def report(step: int, show: int = 0) -> None:
        with torch.no_grad():
            loss = answer_loss(model, held_out_features, held_out_rows)
        shares = judge(model, held_out_features, held_out, show)
        print(f"  step {step} train {np.mean(losses[-5:] or [np.nan]):.3f} held-out {loss:.3f} {shares}", flush=True)

    print(f"alpha {arguments.alpha} learning rate {arguments.learning_rate} seed {arguments.seed}")
    losses, order = [], []
    report(0)
    for step in range(1, arguments.steps + 1):
        if len(order) < recipe["per_device_train_batch_size"]:
            order += rng.sample(range(len(rows)), len(rows))
        chosen = [order.pop(0) for _ in range(recipe["per_device_train_batch_size"])]
        loss = answer_loss(model, training_features[chosen], [rows[i] for i in chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        if step in (20, 50, arguments.steps):
            report(step, arguments.show if step == arguments.steps else 0)


if __name__ == "__main__":
    main()
