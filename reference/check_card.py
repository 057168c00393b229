"""Runs the lines of Python in an adapter's card as they stand there, and holds what they ask against what was trained.

    python reference/check_card.py MODEL ADAPTER --data DATA --recipe RECIPE [--row N]

ADAPTER is what `npm run -s headless -- train --model MODEL --data DATA --recipe RECIPE --out ADAPTER` wrote: its README.md is the card. Of a
row with one picture (the first, or N) the question and the picture take the places of the card's; nothing else of the lines is changed
but the base's name, which becomes its folder. Then
- the prompt's ids are those of the row as it was trained on, up to its answer;
- the pixels are those of training, but for what transformers' default image processor rounds otherwise (two levels of 255);
- an answer is generated.
Rows of several turns are asked their first question. Runs with transformers 4.57 and 5.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

import fidelity

#: Levels of a byte, in the units of pixels that are normalised by a standard deviation of 0.26 (CLIP) to 0.5 (SigLIP).
TWO_LEVELS = 2 / 255 / 0.26


def rows_of(model: Path, data: Path, recipe: dict, folder: Path) -> list[dict]:
    """Messages, pictures, ids and labels of every row, the answers labelled."""
    file = folder / "recipe.json"
    file.write_text(json.dumps(recipe | {"train_on": "responses"}))
    said = [json.loads(line) for line in fidelity.headless("rows", "--data", data).splitlines()]
    ids = {}
    for line in fidelity.headless("tokenize", "--model", model, "--data", data, "--recipe", file).splitlines():
        row = json.loads(line)
        ids[row["row"]] = row
    return [row | ids[row["row"]] for row in said if row["row"] in ids]


def question_of(row: dict) -> list[dict] | None:
    """Parts of a first question that shows the row's one picture; None for rows of another kind."""
    first, shown = row["messages"][0], [part for part in row["messages"][0]["content"] if part["type"] == "image"]
    return first["content"] if first["role"] == "user" and len(row["pictures"]) == len(shown) == 1 else None


def lines_of(card: str, model: Path, question: list[dict], picture: Path) -> str:
    code = re.search(r"```python\n(.*?)\n```", card, re.DOTALL).group(1)
    for pattern, value in (
        (r'(?m)^base = ".*"$', f"base = {json.dumps(str(model))}"),
        (r'\[\{"type": "image"\}, \{"type": "text", "text": "What is in the picture\?"\}\]', json.dumps(question)),
        (r'"picture\.jpg"', json.dumps(str(picture))),
        (r"max_new_tokens=256", "max_new_tokens=16"),
    ):
        code, count = re.subn(pattern, lambda _: value, code)  # noqa: B023
        if count != 1:
            raise SystemExit(f"the card has {count} places of {pattern}")
    return code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a folder")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--row", type=int)
    args = parser.parse_args()
    model, adapter, data, recipe = (path.resolve() for path in (args.model, args.adapter, args.data, args.recipe))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row for row in rows_of(model, data, json.loads(recipe.read_text()), folder) if question_of(row) is not None]
        row = next(row for row in rows if args.row in (None, row["row"]))
        question, picture = question_of(row), data / row["pictures"][0]
        fidelity.headless("preprocess", "--model", model, "--image", picture, "--recipe", recipe, "--out", folder / "pixels")
        pixels = load_file(folder / "pixels")["pixel_values"]
    os.chdir(adapter)
    names: dict = {}
    exec(compile(lines_of(Path("README.md").read_text(), model, question, picture), "README.md", "exec"), names)  # noqa: S102
    asked = names["inputs"]["input_ids"][0].tolist()
    trained = row["input_ids"][: next(i for i, label in enumerate(row["labels"]) if label != -100)]
    print(f"transformers {transformers.__version__}, row {row['row']}: {len(trained)} ids, {asked == trained and 'the same' or 'NOT the same'}")
    if asked != trained:
        tokenizer = names["processor"].tokenizer
        sys.exit(f"asked   {tokenizer.decode(asked)!r}\ntrained {tokenizer.decode(trained)!r}")
    shown = names["inputs"]["pixel_values"].float().reshape(pixels.shape)
    worst = (shown - pixels).abs().max().item()
    print(f"pixels {list(pixels.shape)}, largest difference {worst:.3g}")
    if not worst <= TWO_LEVELS or not torch.isfinite(shown).all():
        sys.exit("the card shows the picture otherwise than training did")


if __name__ == "__main__":
    main()
