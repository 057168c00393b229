"""Loads a data set that TabTune wrote (`headless rows --data PATH --parquet FILE`, or the button of the page) with `datasets`, as
anybody would who goes on elsewhere, and holds it against what `headless rows` says of the same data.

    python check_data_set.py FILE.parquet ROWS.jsonl

ROWS.jsonl is the standard output of `headless rows`. Exits 1 on the first difference."""

import json
import sys

from datasets import Image, load_dataset


def main(parquet: str, rows: str) -> int:
    data = load_dataset("parquet", data_files=parquet, split="train")
    said = [json.loads(line) for line in open(rows, encoding="utf8")]
    assert len(data) == len(said), f"{len(data)} rows, not {len(said)}"
    pictures = data.features["images"].feature
    assert isinstance(pictures, Image), f"images are {pictures}"
    for number, (row, expected) in enumerate(zip(data, said)):
        messages = [
            {
                "role": message["role"],
                "content": [
                    {"type": part["type"]} if part["type"] == "image" else {"type": "text", "text": part["text"]}
                    for part in message["content"]
                ],
            }
            for message in row["messages"]
        ]
        assert messages == expected["messages"], f"row {number}: {messages}"
        assert len(row["images"]) == len(expected["pictures"]), f"row {number}: {len(row['images'])} pictures"
        for picture in row["images"]:
            picture.load()
    print(f"{len(data)} rows, {sum(len(row['images']) for row in data)} pictures: all as they were read.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
