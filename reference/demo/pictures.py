"""Paint a scene, and say for every patch which icon covers it."""

import random

import numpy as np

from icons import ICONS
from scenes import Scene, background_pixel, jittered_centers
from sprites import SpriteBank

SIZE = 96
PATCH = 16
GRID = SIZE // PATCH
IGNORED = -100  # label of patches that an icon only touches
LARGEST_IN_ROW = 36


def choose_sprite(icon: int, scene: Scene, bank: SpriteBank, rng: random.Random) -> np.ndarray:
    if len(scene.icons) == 1 and rng.random() < 0.6:
        return rng.choice(bank.large[icon])
    sprite = rng.choice(bank.small[icon])
    if scene.in_a_row:
        for _ in range(20):
            if len(sprite) <= LARGEST_IN_ROW:
                break
            sprite = rng.choice(bank.small[icon])
    return sprite


def blend(image: np.ndarray, sprite: np.ndarray, left: int, top: int, brightness: float = 1.0) -> np.ndarray:
    """Put the sprite on the image, cut off at its edges; returns the sprite's alpha over the whole image."""
    height, width = image.shape[:2]
    size = len(sprite)
    x_from, y_from = max(0, left), max(0, top)
    x_to, y_to = min(width, left + size), min(height, top + size)
    part = sprite[y_from - top : y_to - top, x_from - left : x_to - left].astype(np.float32)
    alpha = part[..., 3:]
    target = image[y_from:y_to, x_from:x_to]
    target[:] = target * (1 - alpha) + part[..., :3] * brightness
    covered = np.zeros((height, width), np.float32)
    covered[y_from:y_to, x_from:x_to] = alpha[..., 0]
    return covered


def paint(
    scene: Scene, bank: SpriteBank, rng: random.Random, noise: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A 96 x 96 picture (uint8) and its patch labels: 0 background, 1 + icon index, or IGNORED."""
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = background_pixel(scene.background, rng)
    labels = np.zeros((GRID, GRID), np.int64)
    most_covered = np.zeros((GRID, GRID), np.float32)
    for icon, (x, y) in zip(scene.icons, jittered_centers(scene, rng)):
        sprite = choose_sprite(icon, scene, bank, rng)
        half = len(sprite) / 2
        covered = blend(image, sprite, round(x * SIZE - half), round(y * SIZE - half), rng.uniform(0.88, 1.08))
        share = covered.reshape(GRID, PATCH, GRID, PATCH).mean((1, 3))
        wins = share > most_covered
        most_covered[wins] = share[wins]
        labels[wins] = icon + 1
    labels[most_covered < 0.2] = IGNORED
    labels[most_covered < 0.04] = 0
    if rng.random() < 0.5:
        image += noise.standard_normal(image.shape, dtype=np.float32) * rng.uniform(0, 4)
    return np.clip(image, 0, 255).astype(np.uint8), labels
