"""Token rows for training and evaluation.

A *packed* row holds one picture and many independent questions: each question sees the picture and
itself only, and its positions start right after the picture. So one picture teaches several things.
A *conversation* row is an ordinary chat of several turns.
"""

import random
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer

from model import BOS, EOS, IMAGE, IMAGE_TOKENS, PAD
from paths import HERE, MOBY_DICK, MODEL
from questions import Turn, random_conversation, random_turn
from scenes import Scene

SYSTEM_PROMPT = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions. "
)


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def encode(text: str) -> list[int]:
    """Token ids without <s>, each <image> expanded to one id per patch."""
    ids = tokenizer().encode(text, add_special_tokens=False).ids
    return [token for i in ids for token in ([IMAGE] * IMAGE_TOKENS if i == IMAGE else [i])]


class Answer(NamedTuple):
    kind: str
    start: int
    end: int


@dataclass
class Row:
    tokens: list[int]
    segments: list[int]  # 0: seen by all; n: seen by question n only
    positions: list[int]
    is_target: list[bool]
    answers: list[Answer]


def plain_row(tokens: list[int], is_target: list[bool]) -> Row:
    return Row(tokens, [0] * len(tokens), list(range(len(tokens))), is_target, [])


def pack(turns: list[tuple[str, Turn]], max_length: int | None = None) -> Row:
    """Independent questions about one picture; stops before max_length."""
    prefix = [BOS, *encode("USER: <image>")]
    start = len(prefix)
    row = Row(list(prefix), [0] * start, list(range(start)), [False] * start, [])
    for number, (kind, (question, answer)) in enumerate(turns, 1):
        question_ids = encode(f"\n{question} ASSISTANT:")
        answer_ids = [*encode(answer), EOS]
        length = len(question_ids) + len(answer_ids)
        if max_length and len(row.tokens) + length > max_length:
            break
        answer_start = len(row.tokens) + len(question_ids)
        row.answers.append(Answer(kind, answer_start, answer_start + len(answer_ids)))
        row.tokens += question_ids + answer_ids
        row.segments += [number] * length
        row.positions += range(start, start + length)
        row.is_target += [False] * len(question_ids) + [True] * len(answer_ids)
    return row


def packed_row(scene: Scene, rng: random.Random, weights: dict[str, float], max_length: int) -> Row:
    return pack([random_turn(scene, rng, weights) for _ in range(max_length // 10)], max_length)


def conversation_row(scene: Scene, rng: random.Random, weights: dict[str, float], max_length: int) -> Row:
    system = SYSTEM_PROMPT if rng.random() < 0.05 else ""
    image_first = rng.random() > 0.08
    tokens, is_target = [BOS], [False]
    for number, (question, answer) in enumerate(random_conversation(scene, rng, weights, 8)):
        if number == 0:
            asked = f"<image>\n{question}" if image_first else f"{question}\n<image>"
            user = encode(f"{system}USER: {asked} ASSISTANT:")
        else:
            user = encode(f"USER: {question} ASSISTANT:")
        assistant = [*encode(answer), EOS]
        if number and len(tokens) + len(user) + len(assistant) > max_length:
            break
        tokens += user + assistant
        is_target += [False] * len(user) + [True] * len(assistant)
    return plain_row(tokens, is_target)


@cache
def everyday_words() -> list[str]:
    return [word for word in (HERE / "words.txt").read_text().split() if word.isascii()]


@cache
def moby_dick_tokens() -> list[int]:
    text = " ".join((MOBY_DICK / f"chapter_{i}.txt").read_text(errors="ignore") for i in range(1, 136))
    text = text.translate({ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"'})
    text = " ".join("".join(c if c.isascii() else " " for c in text).split())
    return encode(text)


def text_row(rng: random.Random, max_length: int) -> Row:
    """Running text or loose words: keeps alive the embeddings that no question uses,
    because LoRA cannot repair dead ones later."""
    if rng.random() < 0.75:
        book = moby_dick_tokens()
        start = rng.randrange(len(book) - max_length)
        ids = book[start : start + max_length - 1]
    else:
        ids = encode(" ".join(rng.choices(everyday_words(), k=max_length)))[: max_length - 1]
    return plain_row([BOS, *ids], [False] + [True] * len(ids))


class Batch(NamedTuple):
    tokens: torch.Tensor
    positions: torch.Tensor
    is_target: torch.Tensor
    mask: torch.Tensor  # added to attention scores


def collate(rows: list[Row]) -> Batch:
    shape = (len(rows), max(len(row.tokens) for row in rows))
    tokens = np.full(shape, PAD)
    segments = np.full(shape, -1)
    positions = np.zeros(shape, np.int64)
    is_target = np.zeros(shape, bool)
    for k, row in enumerate(rows):
        length = len(row.tokens)
        tokens[k, :length] = row.tokens
        segments[k, :length] = row.segments
        positions[k, :length] = row.positions
        is_target[k, :length] = row.is_target
    segment = torch.from_numpy(segments)
    shared = segment[:, None, :] == 0
    same_question = segment[:, None, :] == segment[:, :, None]
    causal = torch.ones(shape[1], shape[1], dtype=torch.bool).tril()
    visible = causal & (shared | same_question)
    mask = torch.zeros(visible.shape).masked_fill(~visible, -1e4).unsqueeze(1)
    return Batch(torch.from_numpy(tokens), torch.from_numpy(positions), torch.from_numpy(is_target), mask)
