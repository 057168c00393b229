"""Rotated, mirrored and resized copies of the rendered icons."""

import pickle
import random
from functools import cache

import numpy as np
from PIL import Image

from icons import ICONS
from paths import BUILD, SPRITES

RENDERED_SIZE = 256
FILTERS = [
    Image.Resampling.LANCZOS,
    Image.Resampling.BICUBIC,
    Image.Resampling.BILINEAR,
    Image.Resampling.BOX,
    Image.Resampling.HAMMING,
]
SMALL = (26, 42)  # pixels in a 96-pixel picture
LARGE = (36, 66)  # only for objects that are alone


@cache
def rendered_icon(index: int) -> Image.Image:
    return Image.open(SPRITES / f"{ICONS[index].icon}.png").convert("RGBA")


def make_sprite(index: int, size: float, rng: random.Random) -> np.ndarray:
    """One pose of an icon as [height, width, (red, green, blue) * alpha and alpha]."""
    image = rendered_icon(index)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    pixels = max(8, round(size * image.width / RENDERED_SIZE))

    # colour is multiplied by alpha before resizing: otherwise the edges get dark fringes
    rgba = np.asarray(image, dtype=np.float32)
    alpha = rgba[..., 3:] / 255
    resize_filter = rng.choice(FILTERS)

    def resize(array: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(array.astype(np.uint8))
        return np.asarray(picture.resize((pixels, pixels), resize_filter), dtype=np.float32)

    color = resize(rgba[..., :3] * alpha)
    coverage = resize(alpha[..., 0] * 255) / 255
    return np.dstack([color, coverage[..., None]]).astype(np.float16)


class SpriteBank:
    """Many ready-made poses per icon: making them during training would be too slow."""

    def __init__(self, seed: int, small: int, large: int):
        rng = random.Random(seed)
        indices = range(len(ICONS))
        self.small = [[make_sprite(i, rng.uniform(*SMALL), rng) for _ in range(small)] for i in indices]
        self.large = [[make_sprite(i, rng.uniform(*LARGE), rng) for _ in range(large)] for i in indices]


def load_bank(name: str) -> SpriteBank:
    """The poses for 'train', or the other ones for 'test'; made once, then read from build/."""
    seed, small, large = {"train": (0, 40, 16), "test": (777, 8, 5)}[name]
    path = BUILD / f"sprites-{name}.pickle"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(SpriteBank(seed, small, large)))
    return pickle.loads(path.read_bytes())
