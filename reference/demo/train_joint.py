"""Step 2: vision, projector and language model together, on answers only."""

import argparse
import random
import time

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlavaForConditionalGeneration

import checkpoints
from evaluate import evaluate, format_table, test_pictures
from model import IMAGE_TOKENS, PatchHead, image_features, language_states, normalise, patch_loss
from muon import Muon
from paths import BUILD
from pictures import paint
from questions import TRAINING_WEIGHTS
from rows import collate, conversation_row, packed_row, text_row
from scenes import TRAINING_MIX, random_scene
from schedule import cosine_factor
from sprites import SpriteBank, load_bank

SCENES = 20
MAX_LENGTH = IMAGE_TOKENS + 130
WARMUP_STEPS = 100
TEXT_WEIGHT = 0.12
PATCH_WEIGHT = 0.15
REPORT_STEPS = 50
SAVE_SECONDS = 300


def make_optimizers(
    model: LlavaForConditionalGeneration, head: PatchHead, vision_factor: float
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of language model and projector, AdamW for everything else.

    Each group carries `factor`, its share of the learning rate.
    """
    tower = list(model.model.vision_tower.parameters())
    vision = {id(p) for p in tower}
    matrices, tables, vectors = [], [], []
    for name, weight in model.named_parameters():
        if id(weight) in vision:
            continue
        if weight.dim() < 2:
            vectors.append(weight)
        elif "embed" in name or "lm_head" in name:
            tables.append(weight)
        else:
            matrices.append(weight)
    muon = Muon([{"params": matrices, "factor": 1.0}], lr=0.0)
    adam = torch.optim.AdamW(
        [
            {"params": tables, "weight_decay": 0.01, "factor": 1.0},
            {"params": vectors, "weight_decay": 0.0, "factor": 1.0},
            {"params": [*tower, *head.parameters()], "weight_decay": 0.02, "factor": vision_factor},
        ],
        lr=0.0,
        betas=(0.9, 0.98),
    )
    return [muon, adam]


def training_loss(
    model: LlavaForConditionalGeneration,
    head: PatchHead,
    bank: SpriteBank,
    rng: random.Random,
    noise: np.random.Generator,
    mix: str,
    packed_share: float,
    text_rows: int,
) -> tuple[torch.Tensor, list[float]]:
    """Loss of one new batch, and its parts (answers, text, patches) for the log."""
    scenes = [random_scene(rng, TRAINING_MIX[mix]) for _ in range(SCENES)]
    pictures, labels = map(np.stack, zip(*(paint(scene, bank, rng, noise) for scene in scenes)))
    rows = []
    for scene in scenes:
        make_row = packed_row if rng.random() < packed_share else conversation_row
        rows.append(make_row(scene, rng, TRAINING_WEIGHTS[mix], MAX_LENGTH))
    rows += [text_row(rng, MAX_LENGTH) for _ in range(text_rows)]
    batch = collate(rows)

    features = image_features(model, normalise(torch.from_numpy(pictures)))
    states = language_states(model, features, batch.tokens, batch.positions, batch.mask)
    wanted = batch.is_target[:, 1:]
    logits = model.lm_head(states[:, :-1][wanted])
    losses = cross_entropy(logits, batch.tokens[:, 1:][wanted], reduction="none")
    is_text = (torch.arange(len(rows))[:, None] >= SCENES).expand_as(wanted)[wanted]
    answers, text = losses[~is_text].mean(), losses[is_text].mean()
    patches = patch_loss(head(features)[0], torch.from_numpy(labels).flatten(1))
    return answers + TEXT_WEIGHT * text + PATCH_WEIGHT * patches, [answers.item(), text.item(), patches.item()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--start", default="vision.pt", help="checkpoint in build/ to start from")
    parser.add_argument("--output", default="joint.pt")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--vision-factor", type=float, default=0.25, help="share of the learning rate for the vision tower")
    parser.add_argument("--mix", choices=list(TRAINING_MIX), default="general", help="which scenes and questions")
    parser.add_argument("--packed-share", type=float, default=0.7, help="share of rows with independent questions")
    parser.add_argument("--text-rows", type=int, default=3, help="rows of running text per batch; at least 1")
    parser.add_argument("--seed", type=int, default=101)
    arguments = parser.parse_args()

    model, head = checkpoints.load(BUILD / arguments.start)
    model.train()
    weights = [*model.parameters(), *head.parameters()]
    optimizers = make_optimizers(model, head, arguments.vision_factor)
    bank, test = load_bank("train"), test_pictures(100, seed=999)
    rng, noise = random.Random(arguments.seed), np.random.default_rng(arguments.seed)

    output, limit = BUILD / arguments.output, arguments.minutes * 60
    started = saved = time.time()
    step, elapsed, log = 0, 0.0, []
    while elapsed < limit:
        learning_rate = arguments.learning_rate * cosine_factor(elapsed / limit, step, WARMUP_STEPS)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * group["factor"]
        loss, parts = training_loss(model, head, bank, rng, noise, arguments.mix, arguments.packed_share, arguments.text_rows)
        model.zero_grad()
        head.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for optimizer in optimizers:
            optimizer.step()

        step += 1
        elapsed = time.time() - started
        log.append(parts)
        if step % REPORT_STEPS == 0:
            answers, text, patches = np.mean(log[-REPORT_STEPS:], axis=0)
            print(
                f"step {step} {elapsed:.0f} s lr {learning_rate:.1e} answers {answers:.4f} text {text:.2f} "
                f"patches {patches:.3f} {step * SCENES / elapsed:.1f} scenes/s",
                flush=True,
            )
        if time.time() - saved > SAVE_SECONDS:
            checkpoints.save(output, model, head)
            print(format_table(evaluate(model, test)), flush=True)
            saved = time.time()
    checkpoints.save(output, model, head)
    print(format_table(evaluate(model, test)), flush=True)


if __name__ == "__main__":
    main()
