"""Exact match of the whole greedy answer, by question kind, on scenes never trained on.

Held out: compositions, poses (other rotations, sizes and resize filters of the sprites), background
tints and noise. Not held out: the drawings themselves and the question templates.

A teacher-forced pass decides it: the greedy answer equals the reference exactly if, given the
reference so far, every most likely next token is the reference's next token, </s> included.
"""

import argparse
import random
from collections import defaultdict

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration

import checkpoints
from model import IMAGE_TOKENS, image_features, language_states, normalise
from nf4 import quantise_language_model
from paths import BUILD
from pictures import paint
from questions import EVALUATION_WEIGHTS, KINDS
from rows import Row, collate, packed_row
from scenes import EVALUATION_MIX, random_scene
from sprites import load_bank

BATCH = 20
MAX_LENGTH = IMAGE_TOKENS + 150
TestPicture = tuple[np.ndarray, Row]
Table = dict[str, tuple[int, int]]  # kind -> (right, asked)


def test_pictures(count: int, seed: int) -> list[TestPicture]:
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    bank = load_bank("test")
    test = []
    for _ in range(count):
        scene = random_scene(rng, EVALUATION_MIX)
        picture, _ = paint(scene, bank, rng, noise)
        test.append((picture, packed_row(scene, rng, EVALUATION_WEIGHTS, MAX_LENGTH)))
    return test


@torch.no_grad()
def evaluate(model: LlavaForConditionalGeneration, test: list[TestPicture]) -> Table:
    right, asked = defaultdict(int), defaultdict(int)
    for start in range(0, len(test), BATCH):
        pictures, rows = zip(*test[start : start + BATCH])
        batch = collate(list(rows))
        features = image_features(model, normalise(torch.from_numpy(np.stack(pictures))))
        states = language_states(model, features, batch.tokens, batch.positions, batch.mask)
        predicted = model.lm_head(states).argmax(-1)
        for k, row in enumerate(rows):
            for kind, first, end in row.answers:
                matches = predicted[k, first - 1 : end - 1] == batch.tokens[k, first:end]
                right[kind] += int(matches.all())
                asked[kind] += 1
    return {kind: (right[kind], asked[kind]) for kind in KINDS if asked[kind]}


def format_table(table: Table) -> str:
    total = (sum(r for r, _ in table.values()), sum(n for _, n in table.values()))
    cells = [f"{kind} {right / asked:.3f} ({asked})" for kind, (right, asked) in {"all": total, **table}.items()]
    return "  " + ", ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", help="file in build/; without it the shipped model is measured")
    parser.add_argument("--scenes", type=int, default=800)
    parser.add_argument("--seed", type=int, default=4242)
    arguments = parser.parse_args()
    if arguments.checkpoint:
        model = checkpoints.load(BUILD / arguments.checkpoint)[0].half().float()
    else:
        model = checkpoints.load_exported()
    model.eval()
    test = test_pictures(arguments.scenes, arguments.seed)
    print("fp16 weights\n" + format_table(evaluate(model, test)))
    layers = quantise_language_model(model)
    print(f"NF4 on the {layers} linear layers of the language model\n" + format_table(evaluate(model, test)))


if __name__ == "__main__":
    main()
