"""A checkpoint with the names, shapes, types and shard layout of a published model, filled with seeded random numbers.

    python reference/make_full_size.py tiny-llava OUT            # 5.6 GB of float32 in two shards
    python reference/make_full_size.py SmolVLM-256M OUT          # 0.5 GB of bfloat16 in one file
    python reference/make_full_size.py Qwen3-VL-2B OUT           # 4.3 GB of bfloat16 in one file
    python reference/make_full_size.py llava-1.5-7b OUT --sparse # 14 GB of zeros that take no room on disk
    python reference/make_full_size.py llava-1.5-7b OUT --layers 1   # full width, one block of the language model, two of the tower

Tensors are written one after the other, so memory stays below three times the largest of them in float32 (0.3 GB; Qwen3-VL's table has
1.2 GB). Matrices are scaled so that activations keep their size through the layers. Tokenizer and sample rows come from a small test case of this repository (`full_size_models.py`):
`OUT/model` and `OUT/data` are what `headless --model` and `--data` take. Needs numpy only.
"""

import argparse
import json
import struct
from pathlib import Path

import numpy as np
from full_size_models import MODELS, QWEN3_VL, QWEN3_VL_HEAD, Model, qwen3_vl_tower, write_rows, write_texts

#: huggingface_hub starts a new shard where the next tensor would pass this many bytes.
SHARD_BYTES = 5 * 10**9
SEED = 20240506
#: Values that are rounded at a time.
PIECE = 1 << 24
WIDTH = {"F32": 4, "F16": 2, "BF16": 2}


def shapes(model: Model, depth: int | None) -> dict[str, list[int]]:
    """Tensor name -> shape. Names of LLaVA models are those before transformers 4.52, as their files have them."""
    if model.vision is QWEN3_VL:
        return qwen3_vl_shapes(model, depth)
    hidden, inner, layers, heads, kv_heads, vocabulary = model.text
    layers = depth or layers
    kv = hidden // heads * kv_heads
    vision = model.vision
    c, wide, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    patches = (vision["image_size"] // patch) ** 2
    out: dict[str, list[int]] = {}
    if model.newline:
        out["image_newline"] = [hidden]

    def affine(name: str, *shape: int) -> None:
        out[f"{name}.weight"] = list(shape)
        out[f"{name}.bias"] = [shape[0]]

    tower = "model.vision_model." if model.scale else "vision_tower.vision_model."
    if not model.siglip:
        out[tower + "embeddings.class_embedding"] = [c]
    out[tower + "embeddings.patch_embedding.weight"] = [c, 3, patch, patch]
    if model.siglip:
        out[tower + "embeddings.patch_embedding.bias"] = [c]
    out[tower + "embeddings.position_embedding.weight"] = [patches if model.siglip else patches + 1, c]
    if not model.siglip:
        affine(tower + "pre_layrnorm", c)
    for n in range(depth + 1 if depth else vision["num_hidden_layers"]):
        layer = f"{tower}encoder.layers.{n}."
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            affine(f"{layer}self_attn.{name}", c, c)
        affine(layer + "layer_norm1", c)
        affine(layer + "mlp.fc1", wide, c)
        affine(layer + "mlp.fc2", c, wide)
        affine(layer + "layer_norm2", c)
    affine(tower + "post_layernorm", c)
    if model.scale:
        out["model.connector.modality_projection.proj.weight"] = [hidden, c * model.scale**2]
    else:
        affine("multi_modal_projector.linear_1", hidden, c)
        affine("multi_modal_projector.linear_2", hidden, hidden)
    language = "model.text_model." if model.scale else "language_model.model."
    out[language + "embed_tokens.weight"] = [vocabulary, hidden]
    for n in range(layers):
        layer = f"{language}layers.{n}."
        for name, rows, columns in (
            ("self_attn.q_proj", hidden, hidden), ("self_attn.k_proj", kv, hidden), ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, hidden), ("mlp.gate_proj", inner, hidden), ("mlp.up_proj", inner, hidden),
            ("mlp.down_proj", hidden, inner),
        ):  # fmt: skip
            out[f"{layer}{name}.weight"] = [rows, columns]
            if model.qkv_bias and name[-6:] in ("q_proj", "k_proj", "v_proj"):
                out[f"{layer}{name}.bias"] = [rows]
        out[layer + "input_layernorm.weight"] = [hidden]
        out[layer + "post_attention_layernorm.weight"] = [hidden]
    out[language + "norm.weight"] = [hidden]
    if not model.tied:
        out["lm_head.weight" if model.scale else "language_model.lm_head.weight"] = [vocabulary, hidden]
    return out


def qwen3_vl_shapes(model: Model, depth: int | None) -> dict[str, list[int]]:
    """Head widths are the model's own: q is as wide as its heads together, and q and k have norms."""
    hidden, inner, layers, heads, kv_heads, vocabulary = model.text
    vision, head = qwen3_vl_tower(depth), QWEN3_VL_HEAD
    c, wide, merged = vision["hidden_size"], vision["intermediate_size"], vision["hidden_size"] * vision["spatial_merge_size"] ** 2
    out = {"model.language_model.embed_tokens.weight": [vocabulary, hidden]}
    for n in range(depth or layers):
        layer = f"model.language_model.layers.{n}."
        for name, *shape in (
            ("input_layernorm", hidden), ("mlp.down_proj", hidden, inner), ("mlp.gate_proj", inner, hidden),
            ("mlp.up_proj", inner, hidden), ("post_attention_layernorm", hidden), ("self_attn.k_norm", head),
            ("self_attn.k_proj", kv_heads * head, hidden), ("self_attn.o_proj", hidden, heads * head), ("self_attn.q_norm", head),
            ("self_attn.q_proj", heads * head, hidden), ("self_attn.v_proj", kv_heads * head, hidden),
        ):  # fmt: skip
            out[f"{layer}{name}.weight"] = shape
    out["model.language_model.norm.weight"] = [hidden]

    def affine(name: str, *shape: int) -> None:
        out[f"{name}.weight"] = list(shape)
        out[f"{name}.bias"] = [shape[0]]

    for n in range(vision["depth"]):
        block = f"model.visual.blocks.{n}."
        affine(block + "attn.proj", c, c)
        affine(block + "attn.qkv", 3 * c, c)
        affine(block + "mlp.linear_fc1", wide, c)
        affine(block + "mlp.linear_fc2", c, wide)
        affine(block + "norm1", c)
        affine(block + "norm2", c)
    between = [f"deepstack_merger_list.{k}" for k in range(len(vision["deepstack_visual_indexes"]))]
    for name in [*between, "merger"]:
        affine(f"model.visual.{name}.linear_fc1", merged, merged)
        affine(f"model.visual.{name}.linear_fc2", hidden, merged)
        affine(f"model.visual.{name}.norm", c if name == "merger" else merged)
    affine("model.visual.patch_embed.proj", c, 3, vision["temporal_patch_size"], vision["patch_size"], vision["patch_size"])
    out["model.visual.pos_embed.weight"] = [vision["num_position_embeddings"], c]
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


def stored(data: np.ndarray, dtype: str) -> bytes:
    """bfloat16 is the upper half of a float32, rounded to the nearest even."""
    if dtype == "BF16":
        bits = data.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return (data if dtype == "F32" else data.astype(np.float16)).tobytes()


def write_shard(path: Path, tensors: dict[str, tuple[int, list[int]]], dtype: str, sparse: bool) -> None:
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (_, shape) in tensors.items():
        end = at + int(np.prod(shape)) * WIDTH[dtype]
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
            for at in range(0, data.size, PIECE):
                file.write(stored(data[at : at + PIECE], dtype))


def write_weights(model: Model, folder: Path, sparse: bool, depth: int | None) -> None:
    """One file where all fits in it, else shards and their index, as `save_pretrained` does."""
    shards: list[dict[str, tuple[int, list[int]]]] = [{}]
    filled = total = parameters = 0
    for index, (name, shape) in enumerate(shapes(model, depth).items()):
        size = int(np.prod(shape)) * WIDTH[model.dtype]
        if filled + size > SHARD_BYTES:
            shards.append({})
            filled = 0
        shards[-1][name] = (index, shape)
        filled += size
        total += size
        parameters += int(np.prod(shape))
    weight_map = {}
    for n, tensors in enumerate(shards, 1):
        file = "model.safetensors" if len(shards) == 1 else f"model-{n:05}-of-{len(shards):05}.safetensors"
        write_shard(folder / file, tensors, model.dtype, sparse)
        weight_map |= dict.fromkeys(tensors, file)
        print(f"{file}: {(folder / file).stat().st_size} bytes")
    print(f"{len(weight_map)} tensors, {parameters} parameters")
    if len(shards) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


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
    write_weights(MODELS[args.model], folder, args.sparse, args.layers)
    write_rows(args.model, args.out / "data")


if __name__ == "__main__":
    main()
