"""Step 1: the vision tower alone learns which icon covers each patch, and the background colour."""

import argparse
import random
import time

import numpy as np
import torch

import checkpoints
from model import image_features, normalise, patch_loss
from paths import BUILD
from pictures import paint
from scenes import BACKGROUNDS, VISION_MIX, random_scene
from schedule import cosine_factor
from sprites import load_bank

BATCH = 64
LEARNING_RATE = 1.5e-3
WARMUP_STEPS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--refit-head", action="store_true", help="start from the shipped model and train the head only")
    parser.add_argument("--output", default="vision.pt")
    arguments = parser.parse_args()

    model, head = checkpoints.new_networks()
    tower = model.model.vision_tower
    trained = [*head.parameters()]
    if arguments.refit_head:
        model.load_state_dict(checkpoints.load_exported().state_dict())
        tower.requires_grad_(False)
    else:
        trained += tower.parameters()
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": 0.03},
            {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=LEARNING_RATE,
        betas=(0.9, 0.98),
    )

    bank, colors = load_bank("train"), list(BACKGROUNDS)
    rng, noise = random.Random(11), np.random.default_rng(11)
    started, step, elapsed = time.time(), 0, 0.0
    while elapsed < arguments.minutes * 60:
        factor = cosine_factor(elapsed / (arguments.minutes * 60), step, WARMUP_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * factor

        scenes = [random_scene(rng, VISION_MIX) for _ in range(BATCH)]
        pictures, labels = map(np.stack, zip(*(paint(scene, bank, rng, noise) for scene in scenes)))
        labels = torch.from_numpy(labels).flatten(1)
        backgrounds = torch.tensor([colors.index(scene.background) for scene in scenes])
        icon_logits, background_logits = head(image_features(model, normalise(torch.from_numpy(pictures))))
        background_loss = torch.nn.functional.cross_entropy(background_logits.mean(1), backgrounds)
        loss = patch_loss(icon_logits, labels) + 0.3 * background_loss

        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        step += 1
        elapsed = time.time() - started
        if step % 50 == 0:
            covered = labels > 0
            right = (icon_logits.argmax(-1) == labels)[covered].float().mean()
            print(f"step {step} {elapsed:.0f} s loss {loss:.3f} icon patches right {right:.3f}", flush=True)
    checkpoints.save(BUILD / arguments.output, model, head)


if __name__ == "__main__":
    main()
