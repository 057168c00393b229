"""Step 3: write a checkpoint as a Hugging Face folder with fp16 weights.

The tensor names are those of LLaVA checkpoints of 2024 (bczhou/tiny-llava-v1-hf):
`language_model.model.*`, `vision_tower.vision_model.*`. The tokenizer files are left as they are.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration

import checkpoints
from model import BOS, EOS, PAD
from paths import BUILD, MODEL
from pictures import PATCH, SIZE

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for item in message['content'] %}"
    "{% if item['type'] == 'image' %}{{ '<image>\\n' }}{% elif item['type'] == 'text' %}{{ item['text'] }}{% endif %}"
    "{% endfor %}"
    "{% if message['role'] == 'user' %}{{ ' ' }}{% else %}{{ eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
IMAGE_PROCESSOR = {
    "crop_size": {"height": SIZE, "width": SIZE},
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_processor_type": "CLIPImageProcessor",
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "processor_class": "LlavaProcessor",
    "resample": 3,
    "rescale_factor": 0.00392156862745098,
    "size": {"shortest_edge": SIZE},
}
PROCESSOR = {
    "image_token": "<image>",
    "num_additional_image_tokens": 1,
    "patch_size": PATCH,
    "processor_class": "LlavaProcessor",
    "vision_feature_select_strategy": "default",
}


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2))


def use_layout_of_2024(folder: Path) -> None:
    weights = folder / "model.safetensors"
    tensors = {}
    for name, tensor in load_file(weights).items():
        if name.startswith("vision_tower.") and ".vision_model." not in name:
            name = name.replace("vision_tower.", "vision_tower.vision_model.", 1)
        tensors[name] = tensor.clone()
    save_file(tensors, weights, metadata={"format": "pt"})
    weights.chmod(0o644)

    config = json.loads((folder / "config.json").read_text())
    config |= {"ignore_index": -100, "torch_dtype": "float16"}
    config["text_config"]["rope_theta"] = 10000.0
    write_json(folder / "config.json", config)


def export(model: LlavaForConditionalGeneration, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = model.half()
    model.config.dtype = "float16"
    generation = model.generation_config
    generation.bos_token_id, generation.eos_token_id, generation.pad_token_id = BOS, EOS, PAD
    generation.max_new_tokens = 64
    model.save_pretrained(folder)
    use_layout_of_2024(folder)
    write_json(folder / "preprocessor_config.json", IMAGE_PROCESSOR)
    write_json(folder / "processor_config.json", PROCESSOR)
    write_json(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="file in build/")
    parser.add_argument("--folder", type=Path, default=MODEL)
    arguments = parser.parse_args()
    model, _ = checkpoints.load(BUILD / arguments.checkpoint)
    if not all(torch.isfinite(weight.half()).all() for weight in model.parameters()):
        raise SystemExit("a weight does not fit into fp16")
    export(model, arguments.folder)
    for path in sorted(arguments.folder.iterdir()):
        print(path.stat().st_size, path.name)


if __name__ == "__main__":
    main()
