"""Step 0: a 2,048-token BPE tokenizer in the exact shape of Llama's tokenizer.json.

Writes build/tokenizer/. The shipped tokenizer came from the same recipe on the question mix of that
time; a new run gives other ids, so its files must be shipped together with a newly trained model.
"""

import json
import random
import string
from collections.abc import Iterator

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from icons import ICONS
from model import VOCABULARY
from paths import BUILD, HERE, MOBY_DICK
from questions import EVALUATION_WEIGHTS, random_conversation
from scenes import random_scene

SPECIAL = ["<unk>", "<s>", "</s>", "<image>", "<pad>"]
BYTES = [f"<0x{value:02X}>" for value in range(256)]
CONVERSATIONS = 30_000


def training_text() -> Iterator[str]:
    """Object names and everyday words come so often that each becomes one token first."""
    for icon in ICONS:
        yield from [icon.name] * 1500
        yield from [icon.plural] * 300
    for word in (HERE / "words.txt").read_text().split():
        yield from [word] * (400 if word.isalpha() else 20)
        yield from [word.capitalize()] * 60
    rng = random.Random(1)
    for _ in range(CONVERSATIONS):
        for question, answer in random_conversation(random_scene(rng), rng, EVALUATION_WEIGHTS, 3):
            yield f"USER: {question} ASSISTANT: {answer}"
    for chapter in range(1, 40):
        text = (MOBY_DICK / f"chapter_{chapter}.txt").read_text(errors="ignore")
        yield from "".join(c if c.isascii() else " " for c in text).split("\n")


def train_bpe() -> dict:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
        pre_tokenizers.Punctuation("isolated"),
        pre_tokenizers.Digits(individual_digits=True),
    ])  # fmt: skip
    alphabet = sorted({*string.ascii_letters, *string.digits, *string.punctuation, "▁"})
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL + BYTES, initial_alphabet=alphabet,
        limit_alphabet=len(alphabet), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(training_text(), trainer)
    return json.loads(tokenizer.to_str())


def to_llama_shape(tokenizer: dict) -> dict:
    """No pre-tokenizer: the normalizer turns spaces into ▁, and <s> comes first."""
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    bos_of_second = {"SpecialToken": {"id": "<s>", "type_id": 1}}
    first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    return tokenizer | {
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, first],
            "pair": [bos, first, bos_of_second, second],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "added_tokens": [token for token in tokenizer["added_tokens"] if token["content"] in SPECIAL],
    }


def tokenizer_config() -> dict:
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    return {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "image_token": "<image>",
        "extra_special_tokens": {"image_token": "<image>"},
        "added_tokens_decoder": {str(i): {"content": token, **flags} for i, token in enumerate(SPECIAL)},
        "clean_up_tokenization_spaces": False,
        "legacy": True,
        "model_max_length": 512,
        "padding_side": "right",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def main() -> None:
    folder = BUILD / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = to_llama_shape(train_bpe())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(), indent=2))
    print(f"{len(tokenizer['model']['vocab'])} tokens -> {folder}")


if __name__ == "__main__":
    main()
