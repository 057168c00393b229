"""What the published checkpoints are made of: sizes, names of tensors, and the texts beside the weights.

Tokenizer, templates and rows come from a small test case of this repository; what depends on the size is written over.
"""

import gzip
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "workers/testing/goldens"
#: SmolLM2's own, with all 49,280 tokens.
SMOLLM2 = ROOT / "workers/data/text/fixtures/smollm2-tokenizer.json.gz"

CLIP = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": 336, "patch_size": 14, "projection_dim": 768, "model_type": "clip_vision_model", "vocab_size": 32000,
}  # fmt: skip
SIGLIP_BASE = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "image_size": 512, "patch_size": 16,
}  # fmt: skip
#: Qwen3-VL-2B's and -4B's tower but for `out_hidden_size`, which is the language model's width.
QWEN3_VL = {
    "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "num_position_embeddings": 2304,
    "patch_size": 16, "temporal_patch_size": 2, "spatial_merge_size": 2, "deepstack_visual_indexes": [5, 11, 17],
}  # fmt: skip
SO400M = {
    "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26, "num_attention_heads": 16,
    "image_size": 384, "patch_size": 14, "model_type": "siglip_vision_model",
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A published checkpoint. `text`: hidden, intermediate, layers, heads, key/value heads, rows of the table."""

    case: str
    dtype: str
    text: tuple[int, int, int, int, int, int]
    vision: dict = field(default_factory=lambda: CLIP)
    #: One row is trained on, or several.
    rows: int = 1
    #: Has a row between the rows of features.
    newline: bool = False
    qkv_bias: bool = False
    tied: bool = False
    #: SigLIP: a bias on the patches, no class token, no norm before the first layer.
    siglip: bool = False
    #: Of a pixel shuffle, whose one linear is the connector.
    scale: int = 0


_7B = (4096, 11008, 32, 32, 32, 32064)
MODELS = {
    "tiny-llava": Model("llava-mha", "F32", (2048, 5632, 22, 32, 4, 32064)),
    "llava-1.5-7b": Model("llava-mha", "F16", _7B),
    "llava-v1.6-mistral-7b": Model("llava-mha", "F16", (4096, 14336, 32, 32, 8, 32064), newline=True),
    "SmolVLM-256M": Model("smolvlm", "BF16", (576, 1536, 30, 9, 3, 49280), SIGLIP_BASE, rows=2, siglip=True, scale=4),
    "llava-onevision-0.5b": Model(
        "onevision", "F16", (896, 4864, 24, 14, 2, 152000), SO400M, newline=True, qkv_bias=True, tied=True, siglip=True
    ),
    "Qwen3-VL-2B": Model("qwen3-vl", "BF16", (2048, 6144, 28, 16, 8, 151936), QWEN3_VL, tied=True),
}
#: Width of a head and the rotary pairs of time, row and column, in every published Qwen3-VL.
QWEN3_VL_HEAD, QWEN3_VL_SECTION = 128, [24, 20, 20]
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


def write_texts(name: str, folder: Path, depth: int | None) -> None:
    """config.json and the processor's files of this size; SmolLM2's whole tokenizer, other tokenizers as the case has them."""
    model = MODELS[name]
    for file in (CASES / model.case / "model").iterdir():
        if "safetensors" not in file.name:
            shutil.copyfile(file, folder / file.name)
    hidden, inner, layers, heads, kv_heads, vocabulary = model.text
    torch_dtype = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}[model.dtype]
    config = _read(folder, "config")
    if model.vision is QWEN3_VL:
        _qwen3_vl(folder, config, model, depth)
        return
    config["text_config"] |= {
        "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": depth or layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "vocab_size": vocabulary, "torch_dtype": torch_dtype,
    }  # fmt: skip
    vision = model.vision | ({"num_hidden_layers": depth + 1} if depth else {})
    config |= {"vocab_size": vocabulary, "torch_dtype": torch_dtype}
    pictures = _read(folder, "preprocessor_config")
    if model.scale:
        _smolvlm(folder, config, pictures, vision)
    elif model.siglip:
        _onevision(folder, config, pictures, vision)
    else:
        config["vision_config"] = vision
        side = vision["image_size"]
        pictures |= {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
        if model.newline:
            config["model_type"] = "llava_next"
            config["architectures"] = ["LlavaNextForConditionalGeneration"]
            mistral = {"rope_theta": 1e6, "max_position_embeddings": 32768, "sliding_window": None}
            config["text_config"] |= {"model_type": "mistral"} | mistral
            config["image_grid_pinpoints"] = pictures["image_grid_pinpoints"] = PINPOINTS
            pictures["image_processor_type"] = "LlavaNextImageProcessor"
    _write(folder, "config", config)
    _write(folder, "preprocessor_config", pictures)


def _smolvlm(folder: Path, config: dict, pictures: dict, vision: dict) -> None:
    """The tokenizer is SmolLM2's own, so every id is the published one."""
    tokenizer = json.loads(gzip.decompress(SMOLLM2.read_bytes()))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    id_of = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    decoder = {str(token.pop("id")): token for token in tokenizer["added_tokens"]}
    _write(folder, "tokenizer_config", _read(folder, "tokenizer_config") | {"added_tokens_decoder": decoder})
    _write(folder, "generation_config", _read(folder, "generation_config") | {"eos_token_id": id_of["<end_of_utterance>"]})
    side = vision["image_size"]
    # As published: what Idefics3VisionConfig has by itself is left out.
    whole = {"intermediate_size": 3072, "num_hidden_layers": 12}
    sizes = {key: value for key, value in vision.items() if whole.get(key) != value}
    kept = {key: value for key, value in config["vision_config"].items() if key not in whole}
    edges = {"max_image_size": {"longest_edge": side}, "size": {"longest_edge": 4 * side}}
    config |= {"vision_config": kept | sizes | edges, "image_token_id": id_of["<image>"]}
    config["text_config"]["head_dim"] = 64
    pictures |= edges
    features = (side // vision["patch_size"] // config["scale_factor"]) ** 2
    _write(folder, "processor_config", _read(folder, "processor_config") | {"image_seq_len": features})


def _onevision(folder: Path, config: dict, pictures: dict, vision: dict) -> None:
    side = vision["image_size"]
    config["vision_config"] = vision | {"vision_use_head": False}
    grid = [[rows * side, columns * side] for rows in range(1, 7) for columns in range(1, 7)]
    config["image_grid_pinpoints"] = pictures["image_grid_pinpoints"] = grid
    pictures["size"] = {"height": side, "width": side}
    features = (side // vision["patch_size"]) ** 2
    _write(folder, "processor_config", _read(folder, "processor_config") | {"num_image_tokens": features})


def _qwen3_vl(folder: Path, config: dict, model: Model, depth: int | None) -> None:
    hidden, inner, layers, heads, kv_heads, vocabulary = model.text
    config["text_config"] |= {
        "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": depth or layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "head_dim": QWEN3_VL_HEAD, "vocab_size": vocabulary,
    }  # fmt: skip
    config["text_config"]["rope_scaling"]["mrope_section"] = QWEN3_VL_SECTION
    config["vision_config"] |= qwen3_vl_tower(depth) | {"out_hidden_size": hidden}
    _write(folder, "config", config)
    limits = {"size": {"shortest_edge": 65536, "longest_edge": 16777216}, "patch_size": model.vision["patch_size"]}
    _write(folder, "preprocessor_config", _read(folder, "preprocessor_config") | limits)


def qwen3_vl_tower(depth: int | None) -> dict:
    """Of `depth` blocks of the language model the tower has one more, and gives each a layer of DeepStack as long as there are three."""
    if depth is None:
        return QWEN3_VL
    return QWEN3_VL | {"depth": depth + 1, "deepstack_visual_indexes": list(range(min(3, depth)))}


def write_rows(name: str, folder: Path) -> None:
    """The first rows of the case that show one picture."""
    model, data = MODELS[name], CASES / MODELS[name].case / "data"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in (data / "metadata.jsonl").read_text().splitlines()]
    rows = [row for row in rows if len(row["images"]) == 1][: model.rows]
    for row in rows:
        for image in row["images"]:
            shutil.copyfile(data / image, folder / image)
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _read(folder: Path, name: str) -> dict:
    return json.loads((folder / f"{name}.json").read_text())


def _write(folder: Path, name: str, value: dict) -> None:
    (folder / f"{name}.json").write_text(json.dumps(value, indent=2))
