"""What transformers + PEFT + bitsandbytes compute on a checkpoint folder and a data folder: rows, features, training runs, logits.

Everything in float32 on the CPU. 4 bits means: bitsandbytes quantises the checkpoint's values (rounded to fp16 first, as they come to it)
and its dequantised weights, not rounded again, take the place of the originals. Works with transformers 4.57 and 5.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import bitsandbytes.functional as bnb
import torch
import transformers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from peft import LoraConfig, get_peft_model
from PIL import Image, ImageOps
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import (
    AutoImageProcessor,
    AutoModelForImageTextToText,
    LlavaNextProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    get_scheduler,
)

PROJECTIONS = r".*(language_model|text_model).*\.(q|k|v|o|gate|up|down)_proj"
ANSWERS = re.compile(r"(?:ASSISTANT:|\[/INST\])(.*?</s>)", re.DOTALL)
TEXT = ("input_ids", "attention_mask", "token_type_ids")
ROOMS = ["language_model", "vision_tower", "multi_modal_projector"]
#: LLaVA's names for the three parts are this project's; Idefics3, SmolVLM and Qwen3-VL have their own. A longer path stands first.
ROOM_OF = {
    "visual.merger": "multi_modal_projector", "visual.deepstack_merger_list": "multi_modal_projector", "visual": "vision_tower",
    "text_model": "language_model", "vision_model": "vision_tower", "connector": "multi_modal_projector",
} | {room: room for room in ROOMS}  # fmt: skip


@dataclass
class Row:
    ids: torch.Tensor  # [T] with image slots
    labels_all: torch.Tensor  # [T] -100 where nothing is learned
    labels_response: torch.Tensor
    #: the model's other inputs: pixel_values (llava: [images, 3, S, S]; llava-next, onevision: [images, tiles, 3, S, S]; idefics3:
    #: [1, tiles, 3, S, S] and its pixel_attention_mask [1, tiles, S, S]; qwen3-vl: [patches, values] and image_grid_thw [images, 3]);
    #: image_sizes [images, 2] height, width; batch_num_images [1]
    pictures: dict[str, torch.Tensor]

    def labels(self, key: str) -> torch.Tensor:
        return self.labels_all if key == "labels_all" else self.labels_response


def neutral(name: str) -> str:
    """A module path as both versions of transformers and this repository's goldens can share it."""
    name = name.removeprefix("base_model.model.").removeprefix("model.")
    if name.startswith("vision_tower.") and ".vision_model." not in name:
        name = name.replace("vision_tower.", "vision_tower.vision_model.", 1)
    return name


def room_of(path: str) -> str | None:
    """The part of the model that a module lies in."""
    return next((room for start, room in ROOM_OF.items() if path.startswith(f"{start}.")), None)


def load(folder: Path) -> torch.nn.Module:
    torch.set_num_threads(1)
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()


def quantise(model: torch.nn.Module, kind: str, nested: bool, rooms: list[str]) -> list[str]:
    """Replaces the weights of the linear layers in `rooms` by what 4 bits keep of them."""
    changed = []
    for name, module in model.named_modules():
        path = neutral(name)
        if isinstance(module, torch.nn.Linear) and room_of(path) in rooms:
            # Blocks of 64 run over the flattened matrix. Given as rows of 64, because the CPU kernel of bitsandbytes 0.50 gives wrong
            # weights back where a row is no whole number of blocks; the bytes are the same.
            blocks = module.weight.data.half().reshape(-1, 64)
            packed, state = bnb.quantize_4bit(blocks, quant_type=kind)
            state.dtype = torch.float32
            if nested:
                state.absmax = twice_quantised(state.absmax)
            module.weight.data = bnb.dequantize_4bit(packed, state).float().view_as(module.weight)
            changed.append(path)
    return changed


def twice_quantised(absmax: torch.Tensor) -> torch.Tensor:
    """Block maxima through double quantisation and back, each taking the nearest code as bitsandbytes does on CUDA and in its default
    backend; its CPU library looks codes up in a coarse table and may miss by one."""
    code = bnb.create_dynamic_map().float()
    offset = absmax.mean()
    out = []
    for block in (absmax - offset).split(256):
        most = block.abs().max()
        out.append(code[torch.bucketize(block * (1 / most), (code[1:] + code[:-1]) / 2)] * most)
    return torch.cat(out) + offset


def template_of(folder: Path) -> str:
    return json.loads((folder / "chat_template.json").read_text())["chat_template"]


def render(template: str, messages: list[dict]) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    # The tokenizer adds BOS, so the template must not.
    return environment.from_string(template).render(messages=messages, bos_token="", eos_token="</s>")


def processor_of(folder: Path) -> LlavaProcessor | LlavaNextProcessor:
    config = json.loads((folder / "config.json").read_text())
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(folder / "tokenizer.json")),
        bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>", clean_up_tokenization_spaces=False,
    )  # fmt: skip
    kind = LlavaNextProcessor if config["model_type"] == "llava_next" else LlavaProcessor
    return kind(
        image_processor=AutoImageProcessor.from_pretrained(folder, use_fast=False), tokenizer=tokenizer,
        patch_size=config["vision_config"]["patch_size"], vision_feature_select_strategy="default",
        image_token="<image>", num_additional_image_tokens=1,
    )  # fmt: skip


def read_rows(model_folder: Path, data_folder: Path, template: str) -> list[Row]:
    """The rows of metadata.jsonl as the model takes them."""
    processor = processor_of(model_folder)
    tokenizer = processor.tokenizer
    image = tokenizer.convert_tokens_to_ids("<image>")
    rows = []
    for line in (data_folder / "metadata.jsonl").read_text().splitlines():
        record = json.loads(line)
        text = render(template, record["messages"])
        pictures = [ImageOps.exif_transpose(Image.open(data_folder / file)).convert("RGB") for file in record["images"]]
        inputs = processor(text=text, images=pictures or None, return_tensors="pt")
        ids = inputs["input_ids"][0]
        plain = tokenizer(text)["input_ids"]
        answered = torch.zeros(len(plain), dtype=torch.bool)
        for match in ANSWERS.finditer(text):
            first, end = (len(tokenizer(text[:at])["input_ids"]) for at in match.span(1))
            answered[first:end] = True
        is_text = ids != image
        answer = torch.zeros(len(ids), dtype=torch.bool)
        # Text tokens keep their order when pictures are put in.
        answer[is_text] = answered[torch.tensor(plain) != image]
        wanted = is_text.clone()
        wanted[0] = False  # BOS
        none = torch.full_like(ids, -100)
        labels = torch.where(wanted, ids, none), torch.where(answer, ids, none)
        rows.append(Row(ids, *labels, {key: value for key, value in inputs.items() if key not in TEXT}))
    return rows


def rows_of(model_folder: Path, data_folder: Path, template: str) -> list[Row]:
    """The rows as a case has them on record; without a record, as the processor makes them."""
    case = data_folder.parent
    return read_golden_rows(case) if (case / "expected.json").exists() else read_rows(model_folder, data_folder, template)


def read_golden_rows(case: Path) -> list[Row]:
    """The rows of a case whose ids and labels were made with it; pictures go through the checkpoint's own image processor."""
    expected = json.loads((case / "expected.json").read_text())
    processor = AutoImageProcessor.from_pretrained(case / "model", use_fast=False)
    nested = "Idefics3" in type(processor).__name__
    rows = []
    for line, row in zip((case / "data/metadata.jsonl").read_text().splitlines(), expected["rows"], strict=True):
        pictures = [ImageOps.exif_transpose(Image.open(case / "data" / file)).convert("RGB") for file in json.loads(line)["images"]]
        inputs = processor([pictures] if nested else pictures, return_tensors="pt") if pictures else {}
        known = ("pixel_values", "pixel_attention_mask", "image_sizes", "batch_num_images", "image_grid_thw")
        ids = (torch.tensor(row[key]) for key in ("input_ids", "labels_all", "labels_response"))
        rows.append(Row(*ids, {key: inputs[key] for key in known if key in inputs}))
    return rows


def collate(rows: list[Row], key: str) -> tuple[dict, torch.Tensor]:
    """Model inputs, padded on the right, and labels [B, T]."""
    longest = max(len(row.ids) for row in rows)
    ids, labels = torch.zeros(len(rows), longest, dtype=torch.long), torch.full((len(rows), longest), -100)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for k, row in enumerate(rows):
        length = len(row.ids)
        ids[k, :length], mask[k, :length], labels[k, :length] = row.ids, 1, row.labels(key)
    inputs = {"input_ids": ids, "attention_mask": mask}
    for key in {key for row in rows for key in row.pictures}:
        parts = [row.pictures[key] for row in rows if key in row.pictures]
        if key == "pixel_attention_mask" or parts[0].dim() == 5:
            tiles = max(part.shape[1] for part in parts)
            parts = [torch.cat([part, part.new_zeros(len(part), tiles - part.shape[1], *part.shape[2:])], 1) for part in parts]
        inputs[key] = torch.cat(parts)
    return inputs, labels


def forward(model: torch.nn.Module, inputs: dict) -> torch.Tensor:
    """Logits [B, T, vocabulary]."""
    if "image_grid_thw" in inputs and int(transformers.__version__.split(".")[0]) >= 5:
        # By which transformers 5 counts positions: text 0, a picture's tokens 1.
        inputs = inputs | {"mm_token_type_ids": (inputs["input_ids"] == model.config.image_token_id).int()}
    return model(**inputs, use_cache=False).logits


def losses(model: torch.nn.Module, rows: list[Row], key: str) -> torch.Tensor:
    """Cross entropy of every target, row after row."""
    inputs, labels = collate(rows, key)
    logits = forward(model, inputs)[:, :-1]
    wanted = labels[:, 1:] != -100
    return cross_entropy(logits[wanted], labels[:, 1:][wanted], reduction="none")


@torch.no_grad()
def logits_of(model: torch.nn.Module, row: Row, key: str) -> torch.Tensor:
    """Logits where a label follows. [targets, vocabulary]"""
    inputs, labels = collate([row], key)
    return forward(model, inputs)[0, :-1][labels[0, 1:] != -100]


def windows(count: int, settings: dict):
    """Optimizer batches as lists of micro-batches: each epoch in torch.randperm's order, cut off at its end."""
    epoch = 0
    while True:
        order = torch.randperm(count, generator=torch.Generator().manual_seed(42 + epoch)).tolist()
        micro = [order[at : at + settings["micro_batch"]] for at in range(0, count, settings["micro_batch"])]
        for at in range(0, len(micro), settings["grad_accum"]):
            yield micro[at : at + settings["grad_accum"]]
        epoch += 1


def lora(model: torch.nn.Module, settings: dict) -> torch.nn.Module:
    targets = "all-linear" if settings["target_modules"] == "all-linear" else PROJECTIONS
    torch.manual_seed(42)
    return get_peft_model(model, LoraConfig(r=settings["r"], lora_alpha=settings["lora_alpha"], target_modules=targets))


def matrices(model: torch.nn.Module, value=lambda p: p) -> dict[str, torch.Tensor]:
    """`M.lora_A`, `M.lora_B` -> what `value` makes of the parameter, where it makes something."""
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and (x := value(parameter)) is not None:
            found[neutral(name).replace(".default.weight", "")] = x.detach().clone()
    return found


@torch.no_grad()
def mean_loss(model: torch.nn.Module, rows: list[Row], key: str) -> tuple[float, int]:
    """Over all targets of all rows, and how many there are; nothing is dropped."""
    model.eval()
    each = torch.cat([losses(model, [row], key) for row in rows]).double()
    model.train()
    return each.mean().item(), len(each)


def train(
    folder: Path, rows: list[Row], settings: dict, keep: tuple[str, ...], gradient_steps: tuple[int, ...] = (), at_step=lambda step, model: None
):
    """A whole run: (steps for expected.json, tensors by golden name without the run's own, the PEFT model). `at_step` is called before the
    first step, with 0, and after each."""
    model = load(folder)
    if settings["quant"] != "none":
        rooms = settings["quantize_modules"]
        quantise(model, settings["quant"], settings["double_quant"], rooms)
    tuned = lora(model, settings)
    tensors, steps = {}, []

    def store(name: str, found: dict[str, torch.Tensor]) -> None:
        if name.split("/")[0] in keep:
            tensors.update({f"{name}/{key}": value for key, value in found.items()})

    store("init", {k: v for k, v in matrices(tuned).items() if k.endswith("lora_A")})
    weights = [p for p in tuned.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings["lr"], weight_decay=settings["weight_decay"])
    schedule = get_scheduler(settings["scheduler"], optimizer, settings["warmup_steps"], settings["schedule_total_steps"])
    order = windows(len(rows), settings)
    tuned.train()
    at_step(0, tuned)
    for number in range(1, settings["steps"] + 1):
        micro = next(order)
        batches = [[rows[i] for i in part] for part in micro]
        targets = sum(int((row.labels(settings["label_key"])[1:] != -100).sum()) for part in batches for row in part)
        total = 0.0
        optimizer.zero_grad()
        for part in batches:
            each = losses(tuned, part, settings["label_key"])
            if number == 1 and total == 0.0:
                tensors["step1/nll"] = each.detach()
            (each.sum() / targets).backward()
            total += each.detach().double().sum().item()
        if number in gradient_steps:
            gradients = matrices(tuned, lambda p: p.grad)
            # B starts at zero, so A's first gradient is exactly zero.
            store(f"grad/step{number}", {k: v for k, v in gradients.items() if number > 1 or k.endswith("lora_B")})
        norm = torch.nn.utils.clip_grad_norm_(weights, settings["max_grad_norm"]).item()
        rate = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        at_step(number, tuned)
        steps.append({"rows": micro, "loss": total / targets, "grad_norm": norm, "lr": rate, "n_targets": targets})
    store("final", matrices(tuned))
    for moment, short in (("exp_avg", "adam_m"), ("exp_avg_sq", "adam_v")):
        store(short, matrices(tuned, lambda p: optimizer.state[p].get(moment)))  # noqa: B023
    return steps, tensors, tuned
