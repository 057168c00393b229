"""Four small LLaVA checkpoints with seeded random weights, rows with pictures, and training runs on them -> workers/testing/goldens/own-*.

Same files and names as the larger cases beside them (reference/fixtures/README.md), other sizes and other data.
"""

import io
import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText, LlavaConfig, LlavaNextConfig

import oracle
import vocabulary
from talk import answer, question, sentences

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "workers/testing/goldens"

LLAVA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}{% for item in message['content'] %}"
    "{% if item['type'] == 'text' %}{{ item['text'] }}{% else %}<image>{% endif %}{% endfor %}"
    "{% if message['role'] == 'user' %} {% else %}{{ eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = (
    "{% for message in messages %}{% if message['role'] == 'user' %}[INST] {% else %} {% endif %}"
    "{% for item in message['content'] %}{% if item['type'] == 'text' %}{{ item['text'] }}{% else %}<image>\n{% endif %}"
    "{% endfor %}{% if message['role'] == 'user' %} [/INST]{% else %}{{ eos_token }}{% endif %}{% endfor %}"
)
RUN = {
    "quant": "none", "double_quant": False, "quantize_modules": ["language_model"], "target_modules": "language-model", "r": 8,
    "lora_alpha": 16, "lr": 1e-3, "scheduler": "constant", "warmup_steps": 0, "schedule_total_steps": 4, "steps": 4,
    "micro_batch": 4, "grad_accum": 1, "label_key": "labels_all", "max_grad_norm": 1.0, "weight_decay": 0.0,
}  # fmt: skip
PLAIN = RUN | {"max_grad_norm": 0.05}
ALL_LINEAR = RUN | {
    "quant": "nf4", "quantize_modules": oracle.ROOMS, "target_modules": "all-linear", "scheduler": "linear", "warmup_steps": 1,
    "schedule_total_steps": 8, "r": 4,
}  # fmt: skip
DRIFT = RUN | {
    "quant": "nf4", "r": 16, "lora_alpha": 32, "lr": 2e-3, "scheduler": "cosine", "warmup_steps": 3, "schedule_total_steps": 50,
    "steps": 50, "micro_batch": 2, "grad_accum": 2, "label_key": "labels_response",
}  # fmt: skip
SMALL_DRIFT = DRIFT | {"r": 4, "lora_alpha": 8, "lr": 1e-2, "grad_accum": 1}
WINDOWS = RUN | {
    "quant": "nf4", "r": 12, "lr": 2e-4, "scheduler": "cosine", "warmup_steps": 2, "schedule_total_steps": 10,
    "steps": 5, "micro_batch": 2, "grad_accum": 3, "label_key": "labels_response", "weight_decay": 0.01,
}  # fmt: skip
TWICE = RUN | {"quant": "nf4", "double_quant": True, "steps": 2, "micro_batch": 2}

#: text: hidden, inner, layers, heads, key/value heads; vision: hidden, inner, layers, heads, picture side
CASES = {
    "own-gqa": {
        "text": (96, 160, 2, 4, 2), "vision": (48, 80, 3, 3, 42), "pieces": 300, "rows": 640, "dtype": torch.float32, "old": True,
        "merges": "strings", "runs": {"a": PLAIN, "d": ALL_LINEAR, "drift": DRIFT},
    },
    "own-tiny": {
        "text": (32, 48, 2, 2, 1), "vision": (16, 32, 2, 2, 28), "pieces": 200, "rows": 512, "dtype": torch.float16, "old": True,
        "merges": "pairs", "runs": {"drift": SMALL_DRIFT},
    },
    "own-mha": {
        "text": (64, 144, 3, 2, 2), "vision": (64, 96, 2, 2, 28), "pieces": 250, "rows": 520, "dtype": torch.float16, "old": False,
        "merges": "pairs", "runs": {"c": WINDOWS},
    },
    "own-next": {
        "text": (80, 112, 2, 5, 1), "vision": (32, 64, 3, 2, 28), "pieces": 260, "rows": 528, "dtype": torch.bfloat16, "old": True,
        "merges": "strings", "runs": {"a": RUN | {"micro_batch": 2, "steps": 3}, "q": TWICE},
    },
}  # fmt: skip
#: What of a run's tensors is kept, and the steps whose gradients are.
KEPT = {"a": (("init", "grad", "final", "adam_m", "adam_v"), (1, 3)), "d": (("init", "grad", "final"), (1, 3))}
KEPT |= {"c": (("init", "grad", "final"), (3,)), "q": (("init", "grad"), (1, 2)), "drift": (("init",), ())}


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def config_of(case: dict, next_model: bool, image: int) -> dict:
    hidden, inner, layers, heads, kv = case["text"]
    c, wide, depth, c_heads, side = case["vision"]
    text = {
        "model_type": "mistral" if next_model else "llama", "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": kv, "rms_norm_eps": 1e-5, "vocab_size": case["rows"],
    }  # fmt: skip
    if next_model:
        text |= {"rope_theta": 1e6, "max_position_embeddings": 32768, "sliding_window": None}
    vision = {
        "model_type": "clip_vision_model", "hidden_size": c, "intermediate_size": wide, "num_hidden_layers": depth,
        "num_attention_heads": c_heads, "image_size": side, "patch_size": 14, "projection_dim": 32, "vocab_size": 32000,
    }  # fmt: skip
    kind = "LlavaNext" if next_model else "Llava"
    config = {
        "architectures": [f"{kind}ForConditionalGeneration"], "model_type": "llava_next" if next_model else "llava", "ignore_index": -100,
        "image_token_index": image, "pad_token_id": image + 1, "projector_hidden_act": "gelu", "text_config": text, "vision_config": vision,
        "tie_word_embeddings": False, "vision_feature_layer": -2, "vision_feature_select_strategy": "default",
        "torch_dtype": str(case["dtype"]).removeprefix("torch."),
    }  # fmt: skip
    if next_model:
        config |= {"image_grid_pinpoints": pinpoints(side), "use_image_newline_parameter": True}
    return config


def pinpoints(side: int) -> list[list[int]]:
    return [[side * h, side * w] for h, w in ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))]


def preprocessor_of(side: int, next_model: bool) -> dict:
    clip = {
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_resize": True, "size": {"shortest_edge": side},
        "resample": 3, "do_center_crop": True, "crop_size": {"height": side, "width": side}, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    }  # fmt: skip
    if not next_model:
        return clip
    return clip | {"image_processor_type": "LlavaNextImageProcessor", "do_pad": True, "image_grid_pinpoints": pinpoints(side)}


def weights_of(config: dict, case: dict, seed: int) -> dict[str, torch.Tensor]:
    """Seeded random tensors under the names of the hub; matrices scaled so that activations keep their size."""
    kind = LlavaNextConfig if config["model_type"] == "llava_next" else LlavaConfig
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(kind(**config))
    random_numbers = torch.Generator().manual_seed(seed)
    out = {}
    for name, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        x = torch.randn(shape, generator=random_numbers)
        if "norm" in name and name.endswith("weight"):
            x = 1 + 0.1 * x
        elif len(shape) == 1:
            x = 0.02 * x
        elif "embed" not in name or "patch" in name:
            x = x * (1.1 / np.prod(shape[1:]) ** 0.5)
        name = oracle.neutral(name)
        if case["old"]:
            name = name.replace("language_model.", "language_model.model.", 1).replace("lm_head", "language_model.lm_head")
        elif name != "lm_head.weight":
            name = "model." + name
        out[name] = x.to(case["dtype"]).contiguous()
    return out


def write_model(folder: Path, name: str, case: dict) -> None:
    next_model = name == "own-next"
    folder.mkdir(parents=True)
    tokenizer = vocabulary.make(sentences(random.Random(3), 3000), case["pieces"], case["merges"])
    image = tokenizer["added_tokens"][-2]["id"]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")))
    write_json(folder / "tokenizer_config.json", vocabulary.config(tokenizer))
    config = config_of(case, next_model, image)
    write_json(folder / "config.json", config)
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": image + 1})
    write_json(folder / "preprocessor_config.json", preprocessor_of(case["vision"][-1], next_model))
    write_json(folder / "chat_template.json", {"chat_template": MISTRAL if next_model else LLAVA})
    weights = weights_of(config, case, seed=len(name) + case["rows"])
    if case["old"]:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = sorted(weights)
    cut = len(names) // 2
    files = {"model-00001-of-00002.safetensors": names[:cut], "model-00002-of-00002.safetensors": names[cut:]}
    for file, some in files.items():
        save_file({key: weights[key] for key in some}, folder / file, metadata={"format": "pt"})
    total = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    listing = {key: file for file, some in files.items() for key in some}
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": listing})


def picture(rng: np.random.Generator, number: int) -> tuple[str, bytes]:
    """Every third is a JPEG, some turned by EXIF; the PNGs are RGB, RGBA, grey and palette in turn."""
    height, width = (int(x) for x in rng.integers(9, 70, 2))
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (4 + k) + number) * np.cos(y / (6 - k)) + ((x * (k + 1) + y) // 11 % 2) for k in range(3)]
    image = Image.fromarray(np.clip((np.stack(planes, -1) + 1) * 85, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    if number % 3 == 1:
        exif = Image.Exif()
        exif[0x0112] = [1, 6, 3, 8][number % 4]
        image.save(file, "JPEG", quality=85, exif=exif.tobytes())
        return "jpg", file.getvalue()
    image.convert(["RGB", "RGBA", "L", "P"][number % 4]).save(file, "PNG")
    return "png", file.getvalue()


def write_data(folder: Path, count: int, seed: int) -> None:
    """Rows of one or two turns with a picture before or after the text."""
    rng, pixels = random.Random(seed), np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(count):
        kind, data = picture(pixels, number)
        file = f"images/{number:03}.{kind}"
        (folder / file).write_bytes(data)
        image, text = {"type": "image", "index": 0}, {"type": "text", "text": f"\n{question(rng)}"}
        first = [image, text] if rng.random() < 0.6 else [{"type": "text", "text": question(rng) + "\n"}, image]
        messages = [{"role": "user", "content": first}, {"role": "assistant", "content": [{"type": "text", "text": answer(rng)}]}]
        if number % 4 == 2:
            messages += [{"role": "user", "content": [{"type": "text", "text": question(rng)}]}]
            messages += [{"role": "assistant", "content": [{"type": "text", "text": answer(rng)}]}]
        lines.append(json.dumps({"file_name": file, "images": [file], "messages": messages}, ensure_ascii=False))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")


def make(name: str, case: dict) -> None:
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    write_model(folder / "model", name, case)
    write_data(folder / "data", 12, seed=case["rows"])
    template = oracle.template_of(folder / "model")
    rows = oracle.read_rows(folder / "model", folder / "data", template)
    files = [json.loads(line)["file_name"] for line in (folder / "data/metadata.jsonl").read_text().splitlines()]
    image = json.loads((folder / "model/config.json").read_text())["image_token_index"]
    expected = {
        "template": {"kind": "mistral" if name == "own-next" else "llava", "jinja": template},
        "rows": [
            {
                "file": file, "input_ids": row.ids.tolist(), "labels_all": row.labels_all.tolist(),
                "labels_response": row.labels_response.tolist(), "n_image_tokens": int((row.ids == image).sum()),
                "n_tiles": row.pictures["pixel_values"].shape[1] if row.pictures["pixel_values"].dim() == 5 else 1,
            }
            for file, row in zip(files, rows)
        ],
        "runs": {},
        "generation": {},
    }  # fmt: skip
    golden = {f"rows/{i}/pixel_values": rows[i].pictures["pixel_values"][0].clone() for i in range(3)}
    for run, settings in case["runs"].items():
        keep, gradient_steps = KEPT[run]
        steps, tensors, _ = oracle.train(folder / "model", rows, settings, keep, gradient_steps)
        expected["runs"][run] = {"settings": settings, "steps": steps}
        golden |= {f"{run}/{key}": value.contiguous() for key, value in tensors.items()}
        print(f"{name} {run}: loss {steps[0]['loss']:.4f} -> {steps[-1]['loss']:.4f} in {len(steps)} steps", flush=True)
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, separators=(",", ":")) + "\n")
    save_file(golden, folder / "golden.safetensors")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder.relative_to(ROOT)}: {size / 1e6:.2f} MB")


def main() -> None:
    for name, case in CASES.items():
        make(name, case)


if __name__ == "__main__":
    main()
