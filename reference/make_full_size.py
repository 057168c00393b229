"""A checkpoint with the names, shapes, types and shard layout of a published LLaVA model, filled with seeded random numbers.

    python reference/make_full_size.py tiny-llava OUT            # 5.6 GB of float32 in two shards
    python reference/make_full_size.py llava-1.5-7b OUT --sparse # 14 GB of zeros that take no room on disk
    python reference/make_full_size.py llava-1.5-7b OUT --layers 1   # full width, one block of the language model, two of the tower

Tensors are written one after the other, so memory stays below the largest of them (0.3 GB). Matrices are scaled so that activations
keep their size through the layers. Tokenizer and sample row come from a small test case of this repository: `OUT/model` and
`OUT/data` are what `headless --model` and `--data` take. Needs numpy only.
"""

import argparse
import json
import shutil
import struct
from pathlib import Path

import numpy as np

CASE = Path(__file__).resolve().parent.parent / "workers/testing/goldens/llava-mha"
VOCABULARY = 32064
#: huggingface_hub starts a new shard where the next tensor would pass this many bytes.
SHARD_BYTES = 5 * 10**9
SEED = 20240506

#: hidden, intermediate, layers, heads, key/value heads, type, anyres tiles
MODELS = {
    "tiny-llava": (2048, 5632, 22, 32, 4, "F32", False),
    "llava-1.5-7b": (4096, 11008, 32, 32, 32, "F16", False),
    "llava-v1.6-mistral-7b": (4096, 14336, 32, 32, 8, "F16", True),
}
VISION = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": 336, "patch_size": 14, "projection_dim": 768, "model_type": "clip_vision_model", "vocab_size": 32000,
}  # fmt: skip
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]


def shapes(model: str, depth: int | None) -> dict[str, list[int]]:
    """Tensor name -> shape, in the order of the state dict, names as they were before transformers 4.52."""
    hidden, inner, layers, heads, kv_heads, _, anyres = MODELS[model]
    layers = depth or layers
    kv = hidden // heads * kv_heads
    c, wide = VISION["hidden_size"], VISION["intermediate_size"]
    patches = (VISION["image_size"] // VISION["patch_size"]) ** 2
    out: dict[str, list[int]] = {}
    if anyres:
        out["image_newline"] = [hidden]

    def affine(name: str, *shape: int) -> None:
        out[f"{name}.weight"] = list(shape)
        out[f"{name}.bias"] = [shape[0]]

    tower = "vision_tower.vision_model."
    out[tower + "embeddings.class_embedding"] = [c]
    out[tower + "embeddings.patch_embedding.weight"] = [c, 3, VISION["patch_size"], VISION["patch_size"]]
    out[tower + "embeddings.position_embedding.weight"] = [patches + 1, c]
    affine(tower + "pre_layrnorm", c)
    for n in range(depth + 1 if depth else VISION["num_hidden_layers"]):
        layer = f"{tower}encoder.layers.{n}."
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            affine(f"{layer}self_attn.{name}", c, c)
        affine(layer + "layer_norm1", c)
        affine(layer + "mlp.fc1", wide, c)
        affine(layer + "mlp.fc2", c, wide)
        affine(layer + "layer_norm2", c)
    affine(tower + "post_layernorm", c)
    affine("multi_modal_projector.linear_1", hidden, c)
    affine("multi_modal_projector.linear_2", hidden, hidden)
    out["language_model.model.embed_tokens.weight"] = [VOCABULARY, hidden]
    for n in range(layers):
        layer = f"language_model.model.layers.{n}."
        for name, rows, columns in (
            ("self_attn.q_proj", hidden, hidden), ("self_attn.k_proj", kv, hidden), ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, hidden), ("mlp.gate_proj", inner, hidden), ("mlp.up_proj", inner, hidden),
            ("mlp.down_proj", hidden, inner),
        ):  # fmt: skip
            out[f"{layer}{name}.weight"] = [rows, columns]
        out[layer + "input_layernorm.weight"] = [hidden]
        out[layer + "post_attention_layernorm.weight"] = [hidden]
    out["language_model.model.norm.weight"] = [hidden]
    out["language_model.lm_head.weight"] = [VOCABULARY, hidden]
    return out


def values(name: str, shape: list[int], index: int) -> np.ndarray:
    """float32: 1 + noise for norms, little noise for biases, matrices scaled by their input width."""
    random = np.random.Generator(np.random.Philox(key=[SEED, index]))
    x = random.standard_normal(int(np.prod(shape)), dtype=np.float32)
    if "norm" in name and name.endswith("weight"):
        return 1 + 0.1 * x
    if len(shape) == 1:
        return 0.02 * x
    if "embed_tokens" in name or "position_embedding" in name:
        return 0.05 * x
    return x * np.float32(0.9 / np.prod(shape[1:]) ** 0.5)


def write_shard(path: Path, tensors: dict[str, tuple[int, list[int]]], dtype: str, sparse: bool) -> None:
    width = {"F32": 4, "F16": 2}[dtype]
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (_, shape) in tensors.items():
        end = at + int(np.prod(shape)) * width
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        if sparse:
            file.truncate(8 + len(text) + at)
            return
        for name, (index, shape) in tensors.items():
            data = values(name, shape, index)
            file.write((data if dtype == "F32" else data.astype(np.float16)).tobytes())


def write_weights(model: str, folder: Path, sparse: bool, depth: int | None) -> None:
    dtype = MODELS[model][5]
    width = {"F32": 4, "F16": 2}[dtype]
    shards: list[dict[str, tuple[int, list[int]]]] = [{}]
    filled = total = 0
    for index, (name, shape) in enumerate(shapes(model, depth).items()):
        size = int(np.prod(shape)) * width
        if filled + size > SHARD_BYTES:
            shards.append({})
            filled = 0
        shards[-1][name] = (index, shape)
        filled += size
        total += size
    weight_map = {}
    for n, tensors in enumerate(shards, 1):
        file = f"model-{n:05}-of-{len(shards):05}.safetensors"
        write_shard(folder / file, tensors, dtype, sparse)
        weight_map |= dict.fromkeys(tensors, file)
        print(f"{file}: {(folder / file).stat().st_size} bytes")
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def write_texts(model: str, folder: Path, depth: int | None) -> None:
    """config.json and preprocessor_config.json of this size; the tokenizer as it is."""
    hidden, inner, layers, heads, kv_heads, dtype, anyres = MODELS[model]
    for file in (CASE / "model").iterdir():
        if "safetensors" not in file.name:
            shutil.copyfile(file, folder / file.name)
    torch_dtype = {"F32": "float32", "F16": "float16"}[dtype]
    config = json.loads((folder / "config.json").read_text())
    config["text_config"] |= {
        "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": depth or layers, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "vocab_size": VOCABULARY, "torch_dtype": torch_dtype,
    }  # fmt: skip
    vision = VISION | ({"num_hidden_layers": depth + 1} if depth else {})
    config |= {"vision_config": vision, "vocab_size": VOCABULARY, "torch_dtype": torch_dtype}
    pictures = json.loads((folder / "preprocessor_config.json").read_text())
    side = VISION["image_size"]
    pictures |= {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    if anyres:
        config["model_type"] = "llava_next"
        config["architectures"] = ["LlavaNextForConditionalGeneration"]
        config["text_config"] |= {"model_type": "mistral", "rope_theta": 1e6, "max_position_embeddings": 32768, "sliding_window": None}
        config["image_grid_pinpoints"] = pictures["image_grid_pinpoints"] = PINPOINTS
        pictures["image_processor_type"] = "LlavaNextImageProcessor"
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sparse", action="store_true", help="zeros that take no room on disk")
    parser.add_argument("--layers", type=int, help="blocks of the language model instead of all; the tower gets one more")
    args = parser.parse_args()
    folder = args.out / "model"
    folder.mkdir(parents=True, exist_ok=True)
    write_texts(args.model, folder, args.layers)
    write_weights(args.model, folder, args.sparse, args.layers)
    data = args.out / "data"
    (data / "images").mkdir(parents=True, exist_ok=True)
    row = json.loads((CASE / "data/metadata.jsonl").read_text().splitlines()[0])
    for image in row["images"]:
        shutil.copyfile(CASE / "data" / image, data / image)
    (data / "metadata.jsonl").write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
