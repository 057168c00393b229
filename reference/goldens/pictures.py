"""200 seeded pictures, ordinary and odd, and what Pillow makes of them -> workers/data/pictures/fixtures/many-pictures.json.gz.

PNG of every colour type, depth and interlace (written by the small encoder of workers/data/pictures/fixtures/make.py's kind, because Pillow
writes few of them), JPEG baseline and progressive with every subsampling, EXIF orientation and quality, still WebP; one pixel, one
row, extreme ratios. Kept of each: size and SHA-256 of the upright RGB bytes, and of the pixels after CLIPImageProcessor's resize and
crop and after anyres' stretch, both with Pillow's bicubic filter. That filter's order of passes changed in Pillow 13 (rows first where
that is less work), and with it single levels; the pinned 12.3 is what published results were made with. CMYK JPEGs are not here: only
a browser decodes them.
"""

import base64
import gzip
import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "workers/data/pictures/fixtures/many-pictures.json.gz"
EDGE = 28
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
SIZES = [(1, 1), (1, 40), (40, 1), (2, 3), (7, 7), (8, 16), (9, 17), (28, 28), (3, 120), (120, 3), (31, 29), (56, 40), (33, 65)]


def noise(rng: np.random.Generator, height: int, width: int, channels: int, top: int) -> np.ndarray:
    """Samples up to `top`: noise, or smooth with edges as a drawing is."""
    if rng.random() < 0.5:
        return rng.integers(0, top + 1, (height, width, channels))
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (3 + k)) * np.cos(y / (5 - k)) + ((x + 2 * y) // 7 % 2) for k in range(channels)]
    return np.clip((np.stack(waves, -1) + 1) / 3 * top, 0, top).astype(int)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(row: np.ndarray, depth: int) -> np.ndarray:
    """One row of samples as PNG packs it: big end first, rows padded to whole bytes."""
    bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1))


def filtered(line: np.ndarray, above: np.ndarray, step: int, kind: int) -> bytes:
    """PNG's row filters 0 to 4; `step` bytes is one pixel to the left."""
    left, corner = (np.concatenate([np.zeros(step, np.uint8), row])[: len(row)].astype(int) for row in (line, above))
    up = above.astype(int)
    guess = left + up - corner
    near = np.stack([abs(guess - left), abs(guess - up), abs(guess - corner)]).argmin(0)
    predicted = [0 * up, left, up, (left + up) // 2, np.stack([left, up, corner])[near, np.arange(len(line))]][kind]
    return bytes([kind]) + ((line - predicted) & 255).astype(np.uint8).tobytes()


def png(rng: np.random.Generator, samples: np.ndarray, depth: int, colour: int, interlaced: bool, chunks: bytes = b"") -> bytes:
    height, width, channels = samples.shape
    raw = b""
    for x, y, across, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::down, x::across]
        if part.size == 0:
            continue
        above = packed(part[0] * 0, depth)
        for row in part:
            line = packed(row, depth)
            raw += filtered(line, above, max(1, channels * depth // 8), int(rng.integers(5)))
            above = line
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    data = zlib.compress(raw, int(rng.integers(0, 10)))
    cut = int(rng.integers(0, len(data)))
    body = chunk(b"IHDR", head) + chunks + chunk(b"IDAT", data[:cut]) + chunk(b"IDAT", data[cut:])
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def any_png(rng: np.random.Generator, colour: int, depth: int) -> tuple[str, bytes]:
    height, width = SIZES[rng.integers(len(SIZES))]
    interlaced = bool(rng.integers(2))
    top, chunks, mark = 2**depth - 1, b"", ""
    if colour == 3:
        entries = int(rng.integers(1, top + 2))
        top = entries - 1
        chunks = chunk(b"PLTE", rng.integers(0, 256, 3 * entries, np.uint8).tobytes())
    if colour in (0, 2, 3) and rng.integers(2):
        mark = "-trns"
        alpha = rng.integers(0, 256, top + 1, np.uint8).tobytes()
        chunks += chunk(b"tRNS", alpha if colour == 3 else struct.pack(">H", top) * CHANNELS[colour])
    samples = noise(rng, height, width, CHANNELS[colour], top)
    name = f"png-{colour}-{depth}{'-interlaced' if interlaced else ''}{mark}-{width}x{height}"
    return name, png(rng, samples, depth, colour, interlaced, chunks)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def oriented(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


def photo(rng: np.random.Generator, mode: str = "RGB") -> Image.Image:
    height, width = SIZES[rng.integers(len(SIZES))]
    values = noise(rng, height, width, len(mode), 255).astype(np.uint8)
    return Image.frombytes(mode, (width, height), values.tobytes())


def any_jpeg(rng: np.random.Generator, number: int) -> tuple[str, bytes]:
    image = photo(rng, "L" if number % 9 == 0 else "RGB")
    options: dict[str, object] = {
        "quality": int(rng.integers(5, 100)), "progressive": bool(rng.integers(2)), "optimize": bool(rng.integers(2)),
        "subsampling": int(rng.integers(3)), "restart_marker_blocks": int(rng.integers(3)),
    }  # fmt: skip
    orientation = number % 16 if number % 16 < 9 else 0
    if orientation:
        options["exif"] = oriented(orientation)
    kind = "progressive" if options["progressive"] else "baseline"
    name = f"jpeg-{image.mode}-{kind}-q{options['quality']}-s{options['subsampling']}-o{orientation}-{image.width}x{image.height}"
    return name, saved(image, "JPEG", **options)


def any_webp(rng: np.random.Generator, number: int) -> tuple[str, bytes]:
    image = photo(rng, "RGBA" if number % 3 == 0 else "RGB")
    lossless = bool(number % 2)
    options = {"lossless": lossless, "exact": True, "quality": int(rng.integers(10, 100))}
    if number % 5 == 0:
        options["exif"] = oriented(1 + number % 8)
    return f"webp-{image.mode}-{'lossless' if lossless else 'lossy'}-{image.width}x{image.height}", saved(image, "WEBP", **options)


def pictures(seed: int = 1) -> list[tuple[str, bytes]]:
    rng = np.random.default_rng(seed)
    forms = [(colour, depth) for colour in (0, 2, 3, 4, 6) for depth in (1, 2, 4, 8, 16)
             if depth in {0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8)}.get(colour, (8, 16))]  # fmt: skip
    out = [any_png(rng, *forms[k % len(forms)]) for k in range(90)]
    out += [any_jpeg(rng, k) for k in range(80)]
    out += [any_webp(rng, k) for k in range(25)]
    odd = [("LA", "PNG"), ("RGBA", "PNG"), ("L", "PNG"), ("1", "PNG"), ("P", "PNG")]
    return out + [(f"pillow-{mode}-{kind}", saved(photo(rng).convert(mode), kind)) for mode, kind in odd]


def sha(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def clip_pixels(image: Image.Image) -> np.ndarray:
    """Shortest edge to EDGE, centre crop, u8: CLIPImageProcessor up to the rescale. [EDGE, EDGE, 3]"""
    width, height = image.size
    size = (EDGE, int(EDGE * height / width)) if width <= height else (int(EDGE * width / height), EDGE)
    resized = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    top, left = (size[1] - EDGE) // 2, (size[0] - EDGE) // 2
    return resized[top : top + EDGE, left : left + EDGE]


def main() -> None:
    out = []
    for name, data in pictures():
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        stretched = image.resize((EDGE, EDGE), Image.Resampling.BICUBIC)
        out.append({
            "name": name, "file": base64.b64encode(data).decode(), "width": image.width, "height": image.height,
            "rgb": sha(np.asarray(image)), "cropped": sha(clip_pixels(image)), "stretched": sha(np.asarray(stretched)),
        })  # fmt: skip
    text = json.dumps({"edge": EDGE, "pictures": out}, separators=(",", ":"))
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{OUT.relative_to(ROOT)}: {len(out)} pictures, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
