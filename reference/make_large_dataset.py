"""A stand-in for HuggingFaceH4/llava-instruct-mix-vsft in its very schema, as large as one likes: Parquet files as `datasets` wrote it.

    python reference/make_large_dataset.py OUT                           # 50,000 rows, 20 files, 6 GB of JPEG
    python reference/make_large_dataset.py OUT --small-pictures          # 260,000 rows with pictures of a few hundred bytes
    python reference/make_large_dataset.py OUT --rows 2000 --files 2 --page-index   # as `datasets` 4 and later writes

Row groups of 100 rows, Snappy, and no page index, like the files of that set. Every picture is another one: a pool of synthetic scenes
is encoded once, and a comment of its own is written into each copy. Made twice with one seed, rows and pictures are the same.
A minute or two. Needs: pip install datasets pillow numpy (pyarrow comes along).
"""

import argparse
import io
import multiprocessing
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Image, List, Value
from PIL import Image as Picture

GROUP_ROWS = 100
POOL = 2000
WIDTH, HEIGHT = 640, 480
#: Bytes of a large picture, about; quality and noise are chosen for it.
QUALITY = 89

PART = {"index": Value("int64"), "text": Value("string"), "type": Value("string")}
FEATURES = Features({"messages": List({"content": List(PART), "role": Value("string")}), "images": List(Image())})

COLOURS = "red orange yellow green blue violet brown grey black white".split()
THINGS = "cat dog bus kite table bicycle bench clock train horse pizza umbrella boat vase skateboard elephant".split()
PLACES = "on the grass|beside a wall|in front of a house|under a tree|on a street|at the beach|in a kitchen".split("|")
QUESTIONS = ["What is in the picture?", "Where is the {thing}?", "Which colour has the {thing}?", "How many of them are there?"]
ANSWERS = ["There is a {colour} {thing} {place}.", "The {thing} is {place}.", "It is {colour}.", "I can see {count} of them {place}."]


def scene(seed: int) -> bytes:
    """One JPEG of a horizon, some discs and noise that is stronger in some places: no two blocks of it are alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    top, bottom = rng.uniform(40, 215, (2, 3)).astype(np.float32)
    shade = np.clip((y - HEIGHT * rng.uniform(0.3, 0.7)) / 40 + 0.5, 0, 1)[..., None]
    pixels = top * (1 - shade) + bottom * shade
    for _ in range(rng.integers(3, 8)):
        cx, cy, r = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(20, 120)
        pixels[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = rng.uniform(0, 255, 3)
    strength = 14 + 10 * np.sin(x / rng.uniform(30, 90)) * np.cos(y / rng.uniform(30, 90))
    pixels += (strength * rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32))[..., None]
    out = io.BytesIO()
    Picture.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def tile(seed: int) -> bytes:
    """One PNG of 36 x 27 in eight colours: a few hundred bytes."""
    rng = np.random.default_rng(seed)
    pixels = np.kron(rng.integers(0, 8, (9, 12)), np.ones((3, 3), int)).astype(np.uint8)
    picture = Picture.fromarray(pixels, "P")
    picture.putpalette(rng.integers(0, 256, 24).astype(np.uint8).tobytes())
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def named(picture: bytes, name: str) -> bytes:
    """The picture with a comment of its own: a COM segment of JPEG behind its first marker, a tEXt chunk of PNG behind its header."""
    if picture[:2] == b"\xff\xd8":
        return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(name) + 2) + name.encode() + picture[2:]
    chunk = b"tEXt" + b"Comment\0" + name.encode()
    return picture[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + picture[33:]


def conversation(rng: np.random.Generator) -> list[dict]:
    """One to four questions and their answers; the picture stands before or behind the first question."""
    words = {
        "colour": str(rng.choice(COLOURS)), "thing": str(rng.choice(THINGS)),
        "place": str(rng.choice(PLACES)), "count": str(rng.integers(2, 9)),
    }  # fmt: skip
    picture = {"index": 0, "text": None, "type": "image"}
    turns = []
    for n in range(int(rng.integers(1, 5))):
        question = QUESTIONS[n].format(**words)
        parts = [{"index": None, "text": question if n else f"{question}\n", "type": "text"}]
        if n == 0:
            parts.insert(int(rng.integers(0, 2)), picture)
        turns.append({"content": parts, "role": "user"})
        turns.append({"content": [{"index": None, "text": ANSWERS[n].format(**words), "type": "text"}], "role": "assistant"})
    return turns


def write_file(job: tuple[Path, int, int, argparse.Namespace]) -> int:
    path, first, rows, args = job
    pool = np.load(args.out / "pool.npy", allow_pickle=True)
    with pq.ParquetWriter(path, FEATURES.arrow_schema, write_page_index=args.page_index) as writer:
        for start in range(first, first + rows, GROUP_ROWS):
            numbers = range(start, min(start + GROUP_ROWS, first + rows))
            rngs = [np.random.default_rng([args.seed, n]) for n in numbers]
            pictures = [named(pool[int(rng.integers(len(pool)))], f"picture {n}") for n, rng in zip(numbers, rngs, strict=True)]
            columns = {
                "messages": [conversation(rng) for rng in rngs],
                "images": [[{"bytes": picture, "path": None}] for picture in pictures],
            }
            writer.write_table(pa.Table.from_pydict(columns, schema=FEATURES.arrow_schema), row_group_size=GROUP_ROWS)
    return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20240506)
    parser.add_argument("--small-pictures", action="store_true")
    parser.add_argument("--page-index", action="store_true", help="write offset indexes, by which single pages can be read")
    args = parser.parse_args()
    rows = args.rows or (260_000 if args.small_pictures else 50_000)
    args.out.mkdir(parents=True, exist_ok=True)
    pool_file = args.out / "pool.npy"
    with multiprocessing.Pool() as workers:
        seeds = [args.seed * 10_000 + n for n in range(min(POOL, rows))]
        pool = workers.map(tile if args.small_pictures else scene, seeds, chunksize=20)
        np.save(pool_file, np.array(pool, dtype=object), allow_pickle=True)
        edges = [rows * n // args.files for n in range(args.files + 1)]
        jobs = [
            (args.out / f"train-{n:05}-of-{args.files:05}.parquet", edges[n], edges[n + 1] - edges[n], args)
            for n in range(args.files)
        ]
        sizes = workers.map(write_file, jobs, chunksize=1)
    pool_file.unlink()
    print(f"{rows} rows in {args.files} files, {sum(sizes) / 1e9:.2f} GB; a picture of the pool has {sum(map(len, pool)) // len(pool)} bytes")


if __name__ == "__main__":
    main()
