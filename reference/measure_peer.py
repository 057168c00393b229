"""What PyTorch, transformers, PEFT and bitsandbytes do with the runs that `headless measure` measures, on the same machine.

    python reference/measure_peer.py --out bench/cards/NAME.peer.json            # CUDA; some minutes
    python reference/measure_peer.py --out /tmp/peer.json --tiny                 # any machine: the demo model, one step

NAME is the name of our file in bench/cards/, beside which `bench/cards.ts` sets this one. Models have random weights of the published
shapes: nothing is downloaded. The language model's linears are NF4 by bitsandbytes, or plain f16 (f32 on a processor) where it is missing;
LoRA on them in f32, the rest in f16, gradient checkpointing, AdamW, batches as ours. Times are medians after a warm-up. A model that fails
is in the file with its message, and the rest goes on.
"""

import argparse
import importlib.metadata
import json
import statistics
import time
from pathlib import Path

#: hidden, intermediate, layers, heads, key/value heads, batch, rank, five tiles; names as workers/measure/sizes.ts has them
MODELS = {
    "tiny-llava, r 64, batch 8": (2048, 5632, 22, 32, 4, 8, 64, False),
    "llava-1.5-7b, r 64, batch 8": (4096, 11008, 32, 32, 32, 8, 64, False),
    "llava-v1.6-mistral-7b, r 64, one row of five tiles": (4096, 14336, 32, 32, 8, 1, 64, True),
}
DEMO = {"demo model, r 16, batch 8": (192, 512, 5, 6, 2, 8, 16, False)}
CLIP = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": 336, "patch_size": 14, "projection_dim": 768,
}  # fmt: skip
DEMO_CLIP = CLIP | {
    "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 5, "num_attention_heads": 3, "image_size": 96, "patch_size": 16,
}  # fmt: skip
PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
IMAGE_TOKEN = 3
PROJECTIONS = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj"


def image_tokens(vision: dict, tiles: bool) -> int:
    """Slots of a picture: a tile's patches, and of a 2 x 2 grid behind it its rows with a newline each."""
    side = vision["image_size"] // vision["patch_size"]
    return side * side + (2 * side * (2 * side + 1) if tiles else 0)


def row_of(vision: dict, tiles: bool, text: int) -> tuple[list[int], list[int]]:
    """Ids and labels of a row: the start token, a picture's slots, and `text` tokens, which are the targets."""
    slots = image_tokens(vision, tiles)
    ids = [1] + [IMAGE_TOKEN] * slots + [10 + 37 * t % 1000 for t in range(slots + 1, slots + text)]
    return ids, [-100 if t <= slots else i for t, i in enumerate(ids)]


def version_of(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def seconds_of(torch, device: str, work, rounds: int) -> float:
    """Median, the device waited for; the first two rounds warm up."""
    times = []
    for _ in range(rounds + 2):
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[2:])


def product_peak(torch, device: str, size: int, dtype, tf32: bool) -> float:
    """FLOP/s of a square product."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    try:
        return 2 * size**3 / seconds_of(torch, device, lambda: a @ b, 10)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


def quantise(torch, model) -> str:
    """NF4 in place of the language model's linears; what they are now."""
    try:
        import bitsandbytes as bnb
    except ImportError:
        return str(model.dtype).removeprefix("torch.")
    for name, module in list(model.named_modules()):
        if not isinstance(module, torch.nn.Linear) or "language_model" not in name or name.rsplit(".", 1)[-1] not in PROJECTIONS.split("|"):
            continue
        linear = bnb.nn.Linear4bit(module.in_features, module.out_features, bias=False, compute_dtype=model.dtype, quant_type="nf4")
        device = module.weight.device
        linear.weight = bnb.nn.Params4bit(module.weight.data.cpu(), requires_grad=False, quant_type="nf4")
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, linear.to(device))
    return "nf4"


def build(torch, device: str, shape: tuple, vision: dict, vocab: int):
    """The model with its adapter, ready to train, and what its weights are."""
    import transformers
    from peft import LoraConfig, get_peft_model

    hidden, inner, layers, heads, kv_heads, _, rank, tiles = shape
    text = {
        "model_type": "mistral" if tiles else "llama", "hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": kv_heads, "vocab_size": vocab, "max_position_embeddings": 4096,
    }  # fmt: skip
    common = {"text_config": text, "vision_config": vision | {"model_type": "clip_vision_model"}, "image_token_index": IMAGE_TOKEN}
    if tiles:
        config = transformers.LlavaNextConfig(**common, image_grid_pinpoints=PINPOINTS)
        make = transformers.LlavaNextForConditionalGeneration
    else:
        config = transformers.LlavaConfig(**common)
        make = transformers.LlavaForConditionalGeneration
    torch.set_default_dtype(torch.float16 if device == "cuda" else torch.float32)
    try:
        with torch.device(device):
            model = make(config)
    finally:
        torch.set_default_dtype(torch.float32)
    weights = quantise(torch, model)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
    # autocast_adapter_dtype, PEFT's default, keeps the adapter in f32.
    lora = LoraConfig(r=rank, lora_alpha=16, target_modules=rf".*language_model.*\.({PROJECTIONS})")
    return get_peft_model(model, lora).train(), weights


def measure_model(torch, device: str, name: str, shape: tuple, vision: dict, text: int, vocab: int, rounds: int) -> dict:
    batch, tiles = shape[5], shape[7]
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    torch.manual_seed(1)
    model, weights = build(torch, device, shape, vision, vocab)
    ids, labels = row_of(vision, tiles, text)
    side = vision["image_size"]
    pixels = torch.randn(batch, *((5, 3, side, side) if tiles else (3, side, side)), device=device, dtype=model.dtype)
    inputs = {
        "input_ids": torch.tensor([ids] * batch, device=device), "labels": torch.tensor([labels] * batch, device=device),
        "attention_mask": torch.ones(batch, len(ids), dtype=torch.long, device=device), "pixel_values": pixels,
    }  # fmt: skip
    if tiles:
        inputs["image_sizes"] = torch.tensor([[2 * side, 2 * side]] * batch, device=device)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-4, weight_decay=0)
    losses = []

    def step() -> None:
        with torch.autocast(device, dtype=torch.float16, enabled=device == "cuda"):
            loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())

    seconds = seconds_of(torch, device, step, rounds)
    return {
        "name": name,
        "weights": weights,
        "rows": batch,
        "tokens": batch * len(ids),
        "secondsPerStep": seconds,
        "tokensPerSecond": batch * len(ids) / seconds,
        "peakBytes": torch.cuda.max_memory_allocated() if device == "cuda" else None,
        "loss": losses[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true", help="the demo model alone, and small products: for a test, also on a processor")
    args = parser.parse_args()
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not args.tiny:
        parser.error("there is no CUDA device; --tiny runs on a processor")
    size, rounds = (256, 1) if args.tiny else (8192, 5)
    cuda = device == "cuda"
    failures = []

    def guarded(name: str, work):
        try:
            return work()
        except Exception as error:  # noqa: BLE001: whatever fails is in the file
            failures.append({"name": name, "message": f"{type(error).__name__}: {error}"})
            return None

    peaks = {
        "f32": guarded("f32 product", lambda: product_peak(torch, device, size, torch.float32, False)),
        "tf32": guarded("TF32 product", lambda: product_peak(torch, device, size, torch.float32, True)) if cuda else None,
        "f16": guarded("f16 product", lambda: product_peak(torch, device, size, torch.float16, False)) if cuda else None,
    }
    models = []
    jobs = [(*one, DEMO_CLIP, 35, 2048) for one in DEMO.items()]
    if not args.tiny:
        jobs += [(*one, CLIP, 124, 32064) for one in MODELS.items()]
    for name, shape, vision, text, vocab in jobs:
        # The row's first token is no slot and no text of ours: the same length.
        found = guarded(name, lambda: measure_model(torch, device, name, shape, vision, text, vocab, rounds))
        if found:
            models.append(found)
            print(f"{name}: {found['tokensPerSecond']:.0f} tokens/s, {found['weights']}", flush=True)
    names = ("torch", "transformers", "peft", "bitsandbytes")
    result = {
        "version": 1,
        "device": torch.cuda.get_device_name() if cuda else "processor",
        "versions": {name: version_of(name) for name in names},
        "peaks": peaks,
        "models": models,
        "failures": failures,
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
