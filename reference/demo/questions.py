"""Question kinds and their answers.

Every kind is a function `(scene, question template, rng) -> (question, answer)`; it returns None
where the question makes no sense for the scene.
"""

import random

from icons import CATEGORIES, ICONS
from scenes import Scene

NUMBERS = ["zero", "one", "two", "three"]
Turn = tuple[str, str]

TEMPLATES: dict[str, list[str]] = {
    "describe": [
        "Describe the picture.", "Describe this image.", "Describe the image in detail.",
        "Tell me about this picture.", "Please describe what you see.", "Give a detailed description of the image.",
    ],
    "list": [
        "What do you see?", "What is in the picture?", "What is in this image?", "What can you see here?",
        "What is this?", "What objects are in the image?", "What is shown in the picture?",
    ],
    "caption": [
        "Write a short caption.", "Caption this image.", "Write a caption for the picture.",
        "Give me a short caption.", "Caption:",
    ],
    "at": [
        "What is {place}?", "What do you see {place}?", "What can you see {place}?",
        "Which object is {place}?", "What thing is {place} of the picture?",
    ],
    "where": [
        "Where is {the}?", "Where do you see {the}?", "Where can I find {the}?", "In which part of the picture is {the}?",
    ],
    "count": [
        "How many things are there?", "How many objects do you see?", "Count the objects.",
        "How many things are in the picture?", "How many objects are in the image?",
    ],
    "countx": ["How many {plural} are there?", "How many {plural} do you see?", "How many {plural} are in the picture?"],
    "bg": [
        "What color is the background?", "What colour is the background?", "What is the background color?",
        "Which color is the background?", "What is the color behind the objects?",
    ],
    "is": [
        "Is there {a}?", "Is there {a} in the picture?", "Do you see {a}?", "Can you see {a}?",
        "Is {a} in the image?", "Does the picture show {a}?",
    ],
    "next": ["What is next to {the}?", "What else is there besides {the}?", "What is near {the}?", "What is beside {the}?"],
    "dir": ["What is {direction} {the}?", "Which thing is {direction} {the}?"],
    "color": ["What color is {the}?", "What colour is {the}?", "Which color does {the} have?"],
    "cat": ["Is there {a_category} in the picture?", "Do you see {a_category}?", "Is there any {category} here?"],
    "kind": ["What kind of thing is {the}?", "What is {a}?"],
}  # fmt: skip
SMALL_TALK: list[Turn] = [
    ("Hello!", "Hello! Ask me about the picture."),
    ("Hi", "Hello! Ask me about the picture."),
    ("Who are you?", "I am a tiny picture model. Ask me what I see."),
    ("What can you do?", "I can tell you what I see in a picture."),
    ("Thank you!", "You are welcome!"),
    ("Thanks", "You are welcome!"),
]
DIRECTIONS = {"left": "to the left of", "right": "to the right of", "top": "above", "bottom": "below"}
WHAT_ELSE = TEMPLATES["next"][1]


def capitalise(text: str) -> str:
    return text[0].upper() + text[1:]


def join_words(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def at_place(place: str) -> str:
    phrases = {
        "middle": "in the middle", "left": "on the left", "right": "on the right", "top": "at the top", "bottom": "at the bottom",
    }  # fmt: skip
    return phrases.get(place, f"in the {place}")


def several(scene: Scene) -> str:
    """'three cats', for a scene of identical objects."""
    return f"{NUMBERS[len(scene.icons)]} {ICONS[scene.icons[0]].plural}"


def names(scene: Scene) -> str:
    return several(scene) if scene.identical else join_words([ICONS[i].with_article for i in scene.icons])


def there_are(count: int) -> str:
    return ["There are none.", "There is one."][count] if count < 2 else f"There are {NUMBERS[count]}."


def absent_icon(scene: Scene, rng: random.Random) -> int:
    return rng.choice([i for i in range(len(ICONS)) if i not in scene.icons])


def full_description(scene: Scene) -> str:
    if scene.identical:
        objects = several(scene)
    else:
        objects = join_words([f"{ICONS[i].with_article} {at_place(p)}" for i, p in zip(scene.icons, scene.places)])
    return f"The picture shows {objects}. The background is {scene.background}."


def ask_describe(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    return template, full_description(scene)


def ask_list(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    return template, f"I see {names(scene)}."


def ask_caption(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    return template, f"{capitalise(names(scene))} on a {scene.background} background."


def ask_at(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    if len(scene.places) == 1 and scene.places != ["middle"] and rng.random() < 0.12:
        empty = [p for p in ("left", "right", "top", "bottom", "middle") if p not in scene.places[0]]
        return template.format(place=at_place(rng.choice(empty))), "Nothing."
    icon, place = rng.choice(list(zip(scene.icons, scene.places)))
    return template.format(place=at_place(place)), capitalise(ICONS[icon].with_article) + "."


def ask_where(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    if scene.identical:
        return None
    if rng.random() < 0.2:
        missing = ICONS[absent_icon(scene, rng)]
        return template.format(the=missing.definite), f"There is no {missing.name} in the picture."
    icon, place = rng.choice(list(zip(scene.icons, scene.places)))
    return template.format(the=ICONS[icon].definite), f"{capitalise(ICONS[icon].definite)} is {at_place(place)}."


def ask_count(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    return template, there_are(len(scene.icons))


def ask_countx(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    icon = absent_icon(scene, rng) if rng.random() < 0.25 else rng.choice(scene.icons)
    return template.format(plural=ICONS[icon].plural), there_are(scene.icons.count(icon))


def ask_bg(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    return template, f"The background is {scene.background}."


def ask_is(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    if rng.random() < 0.5:
        icon = ICONS[rng.choice(scene.icons)]
        answer = f"are {several(scene)}" if scene.identical else f"is {icon.with_article}"
        return template.format(a=icon.with_article), f"Yes, there {answer}."
    missing = absent_icon(scene, rng)
    if rng.random() < 0.6:  # harder: something of the same category
        category = ICONS[rng.choice(scene.icons)].category
        similar = [i for i, icon in enumerate(ICONS) if icon.category == category and i not in scene.icons]
        missing = rng.choice(similar or [missing])
    return template.format(a=ICONS[missing].with_article), f"No, there is no {ICONS[missing].name}."


def ask_next(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    count = len(scene.icons)
    if scene.identical:
        return None
    chosen = rng.randrange(count)
    question = template.format(the=ICONS[scene.icons[chosen]].definite)
    if count == 1:
        return (question, "Nothing.") if rng.random() < 0.3 else None
    others = [icon for k, icon in enumerate(scene.icons) if k != chosen]
    if count == 3 and template != WHAT_ELSE:
        if not scene.in_a_row:  # "next to" would be unclear
            question = WHAT_ELSE.format(the=ICONS[scene.icons[chosen]].definite)
        elif chosen != 1:
            others = [scene.icons[1]]
    return question, capitalise(join_words([ICONS[i].with_article for i in others])) + "."


def ask_dir(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    if scene.identical:
        return None
    if scene.places in (["left", "right"], ["top", "bottom"]):
        target = rng.randrange(2)
        reference = 1 - target
    elif scene.in_a_row:
        target, reference = rng.choice([0, 2]), 1
    else:
        return None
    direction = DIRECTIONS[scene.places[target]]
    question = template.format(direction=direction, the=ICONS[scene.icons[reference]].definite)
    return question, capitalise(ICONS[scene.icons[target]].with_article) + "."


def ask_color(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    colored = [ICONS[i] for i in scene.icons if ICONS[i].color and ICONS[i].color not in ICONS[i].name]
    if scene.identical or not colored:
        return None
    icon = rng.choice(colored)
    return template.format(the=icon.definite), f"{capitalise(icon.definite)} is {icon.color}."


def ask_cat(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    category = rng.choice(list(CATEGORIES)) if rng.random() < 0.5 else ICONS[rng.choice(scene.icons)].category
    if category not in CATEGORIES:
        return None
    question = template.format(a_category=CATEGORIES[category][0], category=category)
    members = [ICONS[i].with_article for i in dict.fromkeys(scene.icons) if ICONS[i].category == category]
    if not members:
        return question, f"No, there is no {category}."
    return question, f"Yes, {several(scene) if scene.identical else join_words(members)}."


def ask_kind(scene: Scene, template: str, rng: random.Random) -> Turn | None:
    icon = ICONS[rng.choice(scene.icons)]
    if rng.random() < 0.5:
        icon = rng.choice(ICONS)
    if icon.category not in CATEGORIES:
        return None
    question = template.format(the=icon.definite, a=icon.with_article)
    return question, f"{capitalise(icon.with_article)} is {CATEGORIES[icon.category][0]}."


ASK = {
    "describe": ask_describe, "list": ask_list, "caption": ask_caption, "at": ask_at, "where": ask_where,
    "count": ask_count, "countx": ask_countx, "bg": ask_bg, "is": ask_is, "next": ask_next, "dir": ask_dir,
    "color": ask_color, "cat": ask_cat, "kind": ask_kind,
}  # fmt: skip
KINDS = [*ASK, "talk"]

# how often each kind is asked, in the order of KINDS
EVALUATION_WEIGHTS = dict(zip(KINDS, [1.6, 1.2, 1.0, 1.2, 2.6, 0.8, 0.7, 0.5, 3.0, 1.6, 0.8, 0.3, 1.1, 0.25, 0.08]))
TRAINING_WEIGHTS = {
    "general": dict(zip(KINDS, [2.2, 1.4, 1.2, 1.4, 2.6, 0.6, 1.3, 0.4, 2.6, 1.5, 0.6, 0.4, 0.9, 0.25, 0.08])),
    # mostly questions that name an object whose place has to be found: the last thing the model learns
    "binding": dict(zip(KINDS, [1.6, 1.0, 0.9, 1.2, 7.0, 0.3, 0.7, 0.2, 1.5, 2.5, 0.6, 0.2, 1.5, 0.15, 0.05])),
}


def informal(question: str, rng: random.Random) -> str:
    """Sometimes without capitals, sometimes without the final mark."""
    if rng.random() < 0.12:
        question = question.lower()
    if rng.random() < 0.12:
        question = question.rstrip("?.!")
    return question


def random_turn(scene: Scene, rng: random.Random, weights: dict[str, float]) -> tuple[str, Turn]:
    """(kind, (question, answer)) that fits the scene."""
    while True:
        kind = rng.choices(KINDS, [weights[k] for k in KINDS])[0]
        turn = rng.choice(SMALL_TALK) if kind == "talk" else ASK[kind](scene, rng.choice(TEMPLATES[kind]), rng)
        if turn:
            return kind, (informal(turn[0], rng), turn[1])


def random_conversation(scene: Scene, rng: random.Random, weights: dict[str, float], length: int) -> list[Turn]:
    turns, kinds = [], []
    while len(turns) < length:
        kind, turn = random_turn(scene, rng, weights)
        if kind in kinds and kind not in ("is", "at", "where"):
            continue
        turns.append(turn)
        kinds.append(kind)
    return turns
