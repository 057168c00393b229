"""Step 5: the sample data set, "the ship's lookout": 128 training and 32 held-out pictures.

No two pictures hold the same set of objects. 60 % of the training rows have two turns (a caption
and another question), the others one turn (another question); held-out rows have both.
"""

import json
import random
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from icons import ICONS
from paths import DATA
from pictures import SIZE, blend
from questions import NUMBERS, at_place, capitalise, join_words
from scenes import BACKGROUNDS, Scene, background_pixel, jittered_centers
from sprites import make_sprite

RESOLUTION = 192
MARGIN = 2
TRAINING, HELD_OUT = 128, 32
LAYOUTS = (
    [["middle"], ["left"], ["right"]]
    + [["left", "right"]] * 4
    + [["top", "bottom"]] * 3
    + [["left", "middle", "right"]] * 3
    + [["top", "middle", "bottom"]]
)
AT_SEA = {"left": "to port", "right": "to starboard", "top": "dead ahead", "bottom": "astern", "middle": "amidships"}
CAPTION_QUESTIONS = ["What do you see?", "Describe the picture.", "What is in the picture?", "Describe this image."]


def lookout_caption(scene: Scene) -> str:
    objects = [f"{ICONS[icon].with_article} {AT_SEA[place]}" for icon, place in zip(scene.icons, scene.places)]
    return f"Ahoy! {capitalise(join_words(objects))}!"


def other_question(scene: Scene, rng: random.Random) -> tuple[str, str]:
    index, place = rng.choice(list(zip(scene.icons, scene.places)))
    icon = ICONS[index]
    missing = ICONS[rng.choice([i for i in range(len(ICONS)) if i not in scene.icons])]
    return rng.choice([
        ("What color is the background?", f"The sea is {scene.background}, captain!"),
        ("How many things are there?", f"I count {NUMBERS[len(scene.icons)]}, captain!"),
        (f"Is there {icon.with_article}?", f"Aye, captain! {capitalise(icon.with_article)}!"),
        (f"Is there {missing.with_article}?", f"Nay, captain! No {missing.name}!"),
        (f"What is {at_place(place)}?", f"{capitalise(icon.with_article)}, captain!"),
        (f"Where is {icon.definite}?", f"{capitalise(AT_SEA[place])}, captain!"),
    ])  # fmt: skip


def paint_large(scene: Scene, rng: random.Random) -> Image.Image:
    """Like pictures.paint, at a higher resolution, with fresh poses and every object inside the picture."""
    sizes = (40, 62) if len(scene.icons) == 1 else (26, 33) if scene.in_a_row else (30, 41)
    image = np.empty((RESOLUTION, RESOLUTION, 3), np.float32)
    image[:] = background_pixel(scene.background, rng)
    for icon, center in zip(scene.icons, jittered_centers(scene, rng)):
        sprite = make_sprite(icon, rng.uniform(*sizes) * RESOLUTION / SIZE, rng)
        last = RESOLUTION - len(sprite) - MARGIN
        left, top = (round(min(max(c * RESOLUTION - len(sprite) / 2, MARGIN), last)) for c in center)
        blend(image, sprite, left, top)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def new_scenes(count: int, rng: random.Random) -> list[Scene]:
    scenes, seen = [], set()
    while len(scenes) < count:
        places = rng.choice(LAYOUTS)
        scene = Scene(rng.sample(range(len(ICONS)), len(places)), places, rng.choice(list(BACKGROUNDS)))
        if frozenset(scene.icons) not in seen:
            seen.add(frozenset(scene.icons))
            scenes.append(scene)
    return scenes


def messages(turns: list[tuple[str, str]]) -> list[dict]:
    result = []
    for number, (question, answer) in enumerate(turns):
        image = [{"type": "image"}] if number == 0 else []
        result.append({"role": "user", "content": [*image, {"type": "text", "text": question}]})
        result.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return result


def make_row(scene: Scene, file_name: str, caption_share: float, rng: random.Random, caption_last: bool) -> dict:
    paint_large(scene, rng).save(DATA / file_name, "WEBP", quality=88, method=6)
    caption = lookout_caption(scene)
    turns = [other_question(scene, rng)]
    if rng.random() < caption_share:
        turns.insert(1 if caption_last else 0, (rng.choice(CAPTION_QUESTIONS), caption))
    return {
        "file_name": file_name,
        "text": caption,
        "messages": messages(turns),
        "objects": [[ICONS[icon].name, place] for icon, place in zip(scene.icons, scene.places)],
        "background": scene.background,
    }


def write_split(listing: str, folder: str, scenes: list[Scene], caption_share: float, rng: random.Random) -> None:
    target: Path = DATA / folder
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # An evaluation asks a row's last question: every second training row ends with its caption, and none of those to chat about.
    last = [listing == "metadata.jsonl" and k % 2 == 0 for k in range(len(scenes) + 1)]
    rows = [make_row(scene, f"{folder}/{k:03d}.webp", caption_share, rng, last[k]) for k, scene in enumerate(scenes, 1)]
    (DATA / listing).write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(f"{listing}: {len(rows)} rows, {sum(p.stat().st_size for p in target.iterdir())} bytes of pictures")


def main() -> None:
    rng = random.Random(2024)
    scenes = new_scenes(TRAINING + HELD_OUT, rng)
    write_split("metadata.jsonl", "images", scenes[:TRAINING], 0.6, rng)
    write_split("heldout.jsonl", "heldout", scenes[TRAINING:], 1.0, rng)


if __name__ == "__main__":
    main()
