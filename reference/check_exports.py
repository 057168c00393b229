"""What other programs make of our exports: the merged model's weights and words, and the GGUF files.

    python reference/check_exports.py MODEL ADAPTER PICTURE … [--record CASE]

Merges ADAPTER into MODEL and writes its GGUF file, both headless. The merged weights are held against PEFT's own merge, the GGUF file
against the adapter through gguf's reader, and so are the files for llama.cpp and Ollama against the merged weights. Then the merged model answers in transformers, greedily: the same ids are asked of it here
(in f32, where only the order of sums differs) and of what the page runs, MODEL in 4 bits beside ADAPTER (where the base's own rounding
may turn a close choice). `--record` enters the figures in fidelity.json. Needs torch, transformers, peft and gguf.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from peft import PeftModel
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

import fidelity

#: The first turn of what is asked; each goes with every picture. Then what is asked without one.
QUESTIONS = ["What do you see?", "How many things are there?", "What colour is the background?"]
ALONE = ["Who are you?", "Tell me about a shark."]
NEW_TOKENS = 32

PLACES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def check_weights(model: Path, adapter: Path, merged: torch.nn.Module) -> float:
    """PEFT adds in the model's own type, we in f32 and round once, so a unit in the last place may differ."""
    tuned = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32), adapter)
    theirs = dict(tuned.merge_and_unload().named_parameters())
    return max(((value - theirs[name]).abs() / (theirs[name].abs() + 1e-3)).max().item() for name, value in merged.named_parameters())


def permute(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """llama.cpp's conversion of q and k."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def check_gguf(file: Path, adapter: Path, text) -> float:
    """Largest difference of a module's B A, as a share of its largest value, with llama.cpp's order of the rows of q and k."""
    reader = GGUFReader(file)
    fields = {key: field.contents() for key, field in reader.fields.items()}
    assert (fields["general.type"], fields["adapter.type"], fields["general.architecture"]) == ("adapter", "lora", "llama")
    config = json.loads((adapter / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / (config["r"] ** 0.5 if config["use_rslora"] else config["r"])
    tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
    weights = {key: value.float() for key, value in load_file(adapter / "adapter_model.safetensors").items()}
    worst, modules = 0.0, [key for key in weights if key.endswith("lora_A.weight")]
    for key in modules:
        layer, place = key.split(".layers.")[1].split(".lora_A")[0].split(".", 1)
        delta = scale * weights[key.replace("lora_A", "lora_B")] @ weights[key]
        if place in ("self_attn.q_proj", "self_attn.k_proj"):
            delta = permute(delta, text.num_attention_heads if "q_proj" in place else text.num_key_value_heads)
        a, b = (tensors[f"blk.{layer}.{PLACES[place]}.weight.lora_{side}"] for side in "ab")
        found = torch.from_numpy(b @ a) * (fields["adapter.lora.alpha"] / a.shape[0])
        worst = max(worst, ((found - delta).abs().max() / delta.abs().max()).item())
    assert 2 * len(modules) == len(tensors), "tensors that no module has"
    return worst


#: Ends of llama.cpp's names and the ends of transformers'; before them stand `blk.N` and `v.blk.N` for the layers.
TEXT_ENDS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", **{theirs: ours for ours, theirs in PLACES.items()}}
VISION_ENDS = {
    "ln1": "layer_norm1", "ln2": "layer_norm2", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_out": "self_attn.out_proj", "ffn_up": "mlp.fc1", "ffn_down": "mlp.fc2",
}  # fmt: skip
WHOLE_NAMES = {
    "token_embd.weight": ["embed_tokens.weight"], "output_norm.weight": ["language_model.norm.weight", "text_model.norm.weight"],
    "output.weight": ["lm_head.weight"], "v.class_embd": ["class_embedding"], "v.patch_embd.weight": ["patch_embedding.weight"],
    "v.patch_embd.bias": ["patch_embedding.bias"], "v.position_embd.weight": ["position_embedding.weight"], "v.image_newline": ["image_newline"],
    **{f"v.pre_ln.{part}": [f"pre_layrnorm.{part}"] for part in ("weight", "bias")},
    **{f"v.post_ln.{part}": [f"post_layernorm.{part}"] for part in ("weight", "bias")},
    **{f"mm.{n}.{part}": [f"linear_{1 + n // 2}.{part}"] for n in (0, 2) for part in ("weight", "bias")},
    "mm.model.fc.weight": ["modality_projection.proj.weight"],
}  # fmt: skip


def name_in(name: str, known: dict[str, torch.Tensor]) -> str:
    """transformers' name of a tensor of llama.cpp's."""
    if layer := re.fullmatch(r"(v\.)?blk\.(\d+)\.(\w+)\.(weight|bias)", name):
        is_vision, number, end, part = layer.groups()
        wanted = [f"layers.{number}.{(VISION_ENDS if is_vision else TEXT_ENDS)[end]}.{part}"]
        chosen = [key for key in known if key.endswith(wanted[0]) and ("vision" in key) == bool(is_vision)]
    else:
        chosen = [key for key in known if any(key.endswith(end) for end in WHOLE_NAMES[name])]
    assert len(chosen) == 1, f"{name}: {chosen}"
    return chosen[0]


def check_llama_cpp(folder: Path, loaded) -> float:
    """Largest difference of a tensor of both files from the merged model's, as a share of its largest value, in llama.cpp's order."""
    known, text, worst, seen = dict(loaded.named_parameters()), loaded.config.text_config, 0.0, set()
    for file in sorted(folder.glob("*.gguf")):
        reader = GGUFReader(file)
        fields = {key: field.contents() for key, field in reader.fields.items()}
        is_vision = fields["general.type"] == "mmproj"
        if not is_vision:
            rows = known[name_in("token_embd.weight", known)].shape[0]
            assert {len(fields[f"tokenizer.ggml.{key}"]) for key in ("tokens", "token_type")} == {rows}, "tokens and rows"
        for tensor in reader.tensors:
            key = name_in(tensor.name, known)
            values, wanted = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type)), known[key].detach()
            if fields["general.architecture"] == "llama" and not is_vision and re.search(r"[qk]_proj\.weight$", key):
                wanted = permute(wanted, text.num_attention_heads if "q_proj" in key else text.num_key_value_heads)
            assert tuple(values.shape) == tuple(wanted.shape), f"{tensor.name} is {tuple(values.shape)}, not {tuple(wanted.shape)}"
            worst = max(worst, ((values - wanted).abs().max() / wanted.abs().max()).item())
            seen.add(key)
    left = [key for key in known if key not in seen]
    # What stands behind the layer whose output the connector takes, and a head that is the embedding.
    behind = re.compile(r"vision.*(layers\.%d\.|post_layernorm|head\.)" % (loaded.config.vision_config.num_hidden_layers - 1))
    assert all(behind.search(key) or key.endswith("lm_head.weight") for key in left), f"not in the files: {left}"
    return worst


def prompts(processor, pictures: list[Path]) -> list[tuple[str, Path | None]]:
    def ask(question: str, picture: Path | None) -> tuple[str, Path | None]:
        content = [{"type": "image"}] * (picture is not None) + [{"type": "text", "text": question}]
        return processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True), picture

    return [ask(q, p) for p in pictures for q in QUESTIONS] + [ask(q, None) for q in ALONE]


def answer_of(model, processor, text: str, picture: Path | None) -> list[int]:
    images = {"images": Image.open(picture).convert("RGB")} if picture else {}
    inputs = processor(text=text, **images, return_tensors="pt")
    with torch.no_grad():
        out = model.generate(**inputs, do_sample=False, max_new_tokens=NEW_TOKENS)[0]
    return out[inputs["input_ids"].shape[1] :].tolist()


def check_words(model: Path, adapter: Path, merged: Path, loaded, pictures: list[Path], dense: Path) -> tuple[float, float]:
    """Shares of answers that differ from transformers': of the merged model here, and of the page's way, NF4 beside the adapter."""
    processor = AutoProcessor.from_pretrained(merged)
    differing, asked = [0, 0], prompts(processor, pictures)
    for text, picture in asked:
        theirs = answer_of(loaded, processor, text, picture)
        rest = ["--prompt", text, "--max-new-tokens", NEW_TOKENS, *(["--image", picture.resolve()] if picture else [])]
        here = json.loads(fidelity.headless("generate", "--model", merged, "--recipe", dense, *rest))
        page = json.loads(fidelity.headless("generate", "--model", model, "--adapter", adapter, *rest))
        print(f"{text!r}\n  {processor.decode(theirs)!r}" + (f"\n  page: {page['text']!r}" if page["ids"] != theirs else ""), flush=True)
        differing[0] += here["ids"] != theirs
        differing[1] += page["ids"] != theirs
    return differing[0] / len(asked), differing[1] / len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--record", help="such as demo")
    args = parser.parse_args()
    model, adapter = args.model.resolve(), args.adapter.resolve()
    with tempfile.TemporaryDirectory() as folder:
        merged, gguf, dense = (Path(folder) / name for name in ("merged", "lora.gguf", "dense.json"))
        dense.write_text(json.dumps({"load_in_4bit": False}))
        base = ["--model", model, "--adapter", adapter]
        for command, out in (("merge", merged), ("gguf", gguf)):
            fidelity.headless(command, *base, "--out", out)
        for type_ in ("f16", "q8_0"):
            fidelity.headless("gguf", *base, "--merged", "--type", type_, "--out", Path(folder) / type_)
        loaded = AutoModelForImageTextToText.from_pretrained(merged, dtype=torch.float32).eval()
        errors = {"merged weights": check_weights(model, adapter, loaded), "GGUF file": check_gguf(gguf, adapter, loaded.config.text_config)}
        errors |= {f"files for llama.cpp, {type_.upper()}": check_llama_cpp(Path(folder) / type_, loaded) for type_ in ("f16", "q8_0")}
        here, page = check_words(model, adapter, merged, loaded, args.pictures, dense)
        errors |= {"merged model's answers": here, "merged model beside the page": page}
    print(json.dumps(errors, indent=1))
    if args.record:
        fidelity.save_results({f"{args.record}/exports": errors})
    if missed := [figure for figure, error in errors.items() if error > fidelity.TOLERANCES[figure][0]]:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
