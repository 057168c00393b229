"""A scene is one to three icons, each at a named place, on a plain background."""

import random
from dataclasses import dataclass

from icons import ICONS

BACKGROUNDS = {
    "white": (244, 244, 244),
    "black": (28, 28, 30),
    "gray": (132, 132, 134),
    "blue": (92, 148, 232),
    "green": (108, 190, 112),
    "yellow": (246, 222, 104),
    "pink": (250, 172, 204),
    "purple": (150, 104, 196),
}

# centre of each place, as a fraction of the picture
CENTERS = {
    "left": (0.25, 0.5),
    "right": (0.75, 0.5),
    "top": (0.5, 0.25),
    "bottom": (0.5, 0.75),
    "middle": (0.5, 0.5),
    "top left": (0.27, 0.27),
    "top right": (0.73, 0.27),
    "bottom left": (0.27, 0.73),
    "bottom right": (0.73, 0.73),
}
# three in a row need more room, so the outer two move to the edge
ROW_EDGE = {"left": (0.19, 0.5), "right": (0.81, 0.5), "top": (0.5, 0.19), "bottom": (0.5, 0.81)}

# number of objects -> [(weight, places)]
LAYOUTS: dict[int, list[tuple[int, list[str]]]] = {
    1: [(5, ["middle"])]
    + [(1, [p]) for p in CENTERS if p != "middle"],
    2: [
        (4, ["left", "right"]),
        (3, ["top", "bottom"]),
        (1, ["top left", "bottom right"]),
        (1, ["top right", "bottom left"]),
    ],
    3: [
        (3, ["left", "middle", "right"]),
        (2, ["top", "middle", "bottom"]),
        (2, ["top", "bottom left", "bottom right"]),
        (2, ["top left", "top right", "bottom"]),
    ],
}


@dataclass(frozen=True)
class Mix:
    """How often scenes hold one, two or three objects, and how often those are identical."""

    object_counts: tuple[float, float, float]
    identical: float


EVALUATION_MIX = Mix((0.28, 0.44, 0.28), identical=0.10)
VISION_MIX = Mix((0.15, 0.35, 0.50), identical=0.10)
TRAINING_MIX = {
    "general": Mix((0.18, 0.45, 0.37), identical=0.16),
    "binding": Mix((0.10, 0.50, 0.40), identical=0.10),
}


@dataclass(frozen=True)
class Scene:
    icons: list[int]  # indices into ICONS
    places: list[str]
    background: str

    @property
    def identical(self) -> bool:
        return len(self.icons) > 1 and len(set(self.icons)) == 1

    @property
    def in_a_row(self) -> bool:
        return len(self.places) == 3 and self.places[1] == "middle"


def random_scene(rng: random.Random, mix: Mix = EVALUATION_MIX) -> Scene:
    count = rng.choices([1, 2, 3], mix.object_counts)[0]
    weights, layouts = zip(*LAYOUTS[count])
    places = rng.choices(layouts, weights)[0]
    if count > 1 and rng.random() < mix.identical:
        icons = [rng.randrange(len(ICONS))] * count
    else:
        icons = rng.sample(range(len(ICONS)), count)
    return Scene(icons, places, rng.choice(list(BACKGROUNDS)))


def jittered_centers(scene: Scene, rng: random.Random) -> list[tuple[float, float]]:
    """Where the centres of the objects lie in one picture of the scene."""
    centers = []
    for place in scene.places:
        x, y = ROW_EDGE.get(place, CENTERS[place]) if scene.in_a_row else CENTERS[place]
        jitter_x = jitter_y = 0.03 if len(scene.places) == 3 else 0.05
        horizontal_row = scene.in_a_row and scene.places[0] == "left"
        vertical_row = scene.in_a_row and scene.places[0] == "top"
        if place in ("left", "right"):
            jitter_y = 0.12
        if place in ("top", "bottom") and len(scene.places) < 3:
            jitter_x = 0.12
        if horizontal_row:
            jitter_y = 0.10
        if vertical_row:
            jitter_x = 0.10
        centers.append((x + rng.uniform(-jitter_x, jitter_x), y + rng.uniform(-jitter_y, jitter_y)))
    return centers


def background_pixel(name: str, rng: random.Random) -> list[float]:
    """The background colour, slightly lighter or darker and slightly tinted."""
    lightness = rng.uniform(-12, 12)
    return [min(255.0, max(0.0, channel + lightness + rng.uniform(-8, 8))) for channel in BACKGROUNDS[name]]
