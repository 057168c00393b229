"""Seeded small talk about coloured shapes: text to train tokenizers on, questions and answers for training rows."""

import random

COLOURS = ["red", "green", "blue", "yellow", "purple", "orange", "black", "white"]
SHAPES = ["circle", "square", "triangle", "star", "ring", "cross"]
PLACES = ["on the left", "on the right", "at the top", "at the bottom", "in the middle", "behind the tree"]
VERBS = ["shows", "hides", "holds", "carries", "touches", "covers", "follows"]
QUESTIONS = [
    "What is shown in this picture?", "Which colour has the {shape}?", "Where is the {colour} {shape}?", "How many {shape}s are there?",
    "Is there a {colour} {shape}? Answer yes or no.", "Describe the image briefly.", "Was ist hier zu sehen? (Größe, Farbe)",
]  # fmt: skip
ANSWERS = [
    "A {colour} {shape} {place}.", "The picture {verb} a {colour} {shape} and {number} small {shape}s.", "{Colour}.", "Yes.", "No, it isn't.",
    "{number} of them: one is {colour}, the others aren't.", "It's {place}, near the {colour} {shape} … 🙂", "Ein Kreis – 3½ cm groß, „{colour}“.",
]  # fmt: skip


def fill(template: str, rng: random.Random) -> str:
    colour = rng.choice(COLOURS)
    return template.format(
        colour=colour, Colour=colour.capitalize(), shape=rng.choice(SHAPES), place=rng.choice(PLACES), verb=rng.choice(VERBS),
        number=rng.randint(2, 99),
    )  # fmt: skip


def question(rng: random.Random) -> str:
    return fill(rng.choice(QUESTIONS), rng)


def answer(rng: random.Random) -> str:
    return fill(rng.choice(ANSWERS), rng)


def sentences(rng: random.Random, count: int = 6) -> list[str]:
    return [question(rng) if rng.random() < 0.5 else answer(rng) for _ in range(count)]
