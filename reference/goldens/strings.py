"""2,000 seeded strings, and what Python's `tokenizers` makes of them -> workers/data/text/fixtures/strings.json.gz.

Plain words, code, numbers, emoji with joiners and flags, right-to-left and other scripts, combining marks, control characters, odd
spaces, lone specials, special tokens in the middle of words, SentencePiece's own "▁", random code points of every plane.
"""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

import vocabulary
from talk import sentences

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "workers/data/text/fixtures/strings.json.gz"
COUNT = 2000

SCRIPTS = [
    (0x00C0, 0x024F), (0x0370, 0x03FF), (0x0400, 0x04FF), (0x0590, 0x05F4), (0x0600, 0x06FF), (0x0900, 0x097F),
    (0x0E01, 0x0E5B), (0x1100, 0x11FF), (0x3041, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1FAFF),
]  # fmt: skip
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☕", "1️⃣", "👁️‍🗨️", "\U0001f9ff"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028", "\ufeff", "\u202f", "\x0b", "\x0c", "\x85"]  # fmt: skip
SPECIALS = ["<s>", "</s>", "<unk>", "<image>", "<pad>", "<0x0A>", "▁", "▁▁", "<image", "</s", "< image>", "<IMAGE>", "[INST]", "ASSISTANT:"]
CODE = ["def f(x):\n    return x**2\n", "if (a<b && c>d) { x += 1; }", "#include <stdio.h>\n\tint main()", "SELECT * FROM t WHERE id='1';", "<div class=\"a\">&nbsp;</div>", "{\"k\": [1, null]}", "a->b::c[d]|=~e^f%g", "\\frac{1}{2}\\n", "https://example.org/?q=a%20b#c", "\x1b[31mred\x1b[0m"]  # fmt: skip
PUNCTUATION = ["…", "“q”", "–", "—", "½", "€5", "№", "ﬁ", "Ⅷ", "ß", "İ", "ı", "n't", " 's", " ?", " !", " .", "''", "``", "−1.5e-10", "1,234.50"]


def any_code_point(rng: random.Random) -> str:
    plane = rng.choice([(0x20, 0x7E), (0xA0, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)])
    return chr(rng.randint(*plane))


def script(rng: random.Random) -> str:
    low, high = rng.choice(SCRIPTS)
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 8)))


def combined(rng: random.Random) -> str:
    return rng.choice("aeonc") + "".join(chr(rng.randint(0x300, 0x36F)) for _ in range(rng.randint(1, 4)))


KINDS: list[Callable[[random.Random], str]] = [
    lambda rng: rng.choice(sentences(rng)),
    lambda rng: rng.choice(sentences(rng)).split(" ")[0],
    lambda rng: rng.choice(CODE),
    lambda rng: rng.choice(EMOJI) * rng.randint(1, 2),
    lambda rng: rng.choice(SPACES),
    lambda rng: rng.choice(SPECIALS),
    lambda rng: rng.choice(PUNCTUATION),
    lambda rng: chr(rng.randint(0, 31)) + rng.choice(["", "\x7f", "\x00"]),
    lambda rng: str(rng.randint(0, 10**9)),
    lambda rng: rng.choice("abZ -_▁") * rng.randint(2, 30),
    any_code_point,
    script,
    combined,
]


def strings(seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    out = ["", " ", "\n", *SPECIALS, *EMOJI, *SPACES, *CODE, *PUNCTUATION]
    while len(out) < COUNT:
        parts = [rng.choice(KINDS)(rng) for _ in range(rng.randint(1, 6))]
        out.append(rng.choice(["", "", " "]).join(parts))
    return out


def tokenizer_files() -> dict[str, str]:
    """Name -> tokenizer.json: the demo model's, and new ones as the conversions of Llama and Mistral are."""
    corpus = sentences(random.Random(0), 4000)
    made = {
        "llama": vocabulary.make(corpus, 700, "pairs"),
        "mistral": vocabulary.make(corpus, 600, "strings"),
        "metaspace-first": vocabulary.make(corpus, 500, "pairs", first=True),
    }
    demo = (ROOT / "workers/data/text/fixtures/demo-tokenizer.json").read_text()
    return {"demo": demo} | {name: json.dumps(content, ensure_ascii=False) for name, content in made.items()}


def main() -> None:
    texts = strings()
    out = {"texts": texts, "tokenizers": {}}
    for name, file in tokenizer_files().items():
        tokenizer = Tokenizer.from_str(file)
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        rng = random.Random(2)
        # As a model may answer: bytes that are no UTF-8 among them.
        drawn = [[rng.randrange(600 if rng.random() < 0.5 else 259) for _ in range(rng.randint(1, 12))] for _ in range(200)]
        out["tokenizers"][name] = {
            "tokenizer_json": file,
            "image_token_id": tokenizer.token_to_id("<image>"),
            "ids": ids,
            # Kept only where it is not the text itself.
            "decoded": [None if d == t else d for t, d in zip(texts, tokenizer.decode_batch(ids))],
            "decoded_with_special": tokenizer.decode_batch(ids, skip_special_tokens=False)[:200],
            "drawn": [{"ids": some, "text": text} for some, text in zip(drawn, tokenizer.decode_batch(drawn))],
        }
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":"))
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{OUT.relative_to(ROOT)}: {len(texts)} strings, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
