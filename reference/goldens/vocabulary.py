"""Small SentencePiece-like tokenizers (BPE with byte fallback), built as Hugging Face converts those of Llama and Mistral.

`merges`: "pairs" as tokenizers >= 0.20 writes them, "strings" as before. `first`: the newer conversion, which puts "▁" only before the
first word of a text (Metaspace); without it, "▁" is put in front of every piece between special tokens (normalizer).
"""

import json

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SPECIAL = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
OLD_NORMALIZER = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    ],
}
METASPACE_FIRST = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}


def learn(corpus: list[str], size: int) -> tuple[list[str], list[list[str]]]:
    """Pieces and merges of a BPE model trained on `corpus`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    pairs = [merge if isinstance(merge, list) else merge.split(" ") for merge in model["merges"]]
    return sorted(model["vocab"], key=model["vocab"].get), pairs


def make(corpus: list[str], pieces: int, merges: str, first: bool = False) -> dict:
    """The content of a tokenizer.json: <unk> <s> </s>, 256 bytes, `pieces` learned ones, <image>, <pad>."""
    learned, pairs = learn(corpus, pieces)
    words = ["<unk>", "<s>", "</s>", *BYTES, *learned]
    added = [(0, "<unk>"), (1, "<s>"), (2, "</s>"), (len(words), "<image>"), (len(words) + 1, "<pad>")]
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    pair = [{"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": content, **SPECIAL} for number, content in added],
        "normalizer": None if first else OLD_NORMALIZER,
        "pre_tokenizer": METASPACE_FIRST if first else None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, text],
            "pair": [bos, text, *pair],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {word: number for number, word in enumerate(words)},
            "merges": pairs if merges == "pairs" else [" ".join(pair) for pair in pairs],
        },
    }


def config(tokenizer: dict) -> dict:
    """The content of tokenizer_config.json, as the hub's LLaVA checkpoints have it."""
    return {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": False,
        "model_max_length": 2048,
        "pad_token": "<pad>",
        "padding_side": "right",
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
        "added_tokens_decoder": {
            str(token["id"]): {key: token[key] for key in ("content", *SPECIAL)} for token in tokenizer["added_tokens"]
        },
    }
