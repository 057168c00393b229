"""What llama.cpp itself makes of `gguf --merged`: a package's build of it loads the files and is asked.

    python reference/check_llama_cpp.py MODEL ADAPTER PICTURE … [--square SIDE] [--recipe FILE] [--record CASE]

ADAPTER is merged into MODEL as a Hugging Face folder and as GGUF files (F16 and Q8_0). Each question is put to both, greedily: to
transformers in f32, and to llama.cpp's server through its chat endpoint, with the template, the tokenizer and the picture's preparation that
are its own. Compared are how many tokens a prompt has (text, marks and slots of pictures), the answers' ids, and the log probability of each
token up to the first that differs. Two tokens may be about equally likely, so answers part only where transformers is at least MARGIN nats
ahead. Then the engine is asked, on the merged model in its own numbers: its ids have to be transformers'.

`--square` cuts pictures to the tower's size, where llama.cpp would put a border around them. Of CLIP's towers llama.cpp misplaces the class
token (`put_class_token_last`), and a picture at free size it puts into a border (`bordered`): transformers is asked once as it is, and once
more as there, which leaves nothing else to explain.
Needs torch, transformers and xllamacpp.
"""

import argparse
import base64
import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import xllamacpp
from PIL import Image, ImageOps
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer, Qwen3VLProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

import fidelity

QUESTIONS = ["What do you see?", "How many things are there?", "What colour is the background?"]
ALONE = ["Who are you?", "Tell me about a shark.", "What colour is a shark?", "Say something nice."]
NEW_TOKENS = 24
MARGIN = 0.1
STAND_IN = "\ue0f1"


def put_class_token_last(embeddings: torch.nn.Module) -> None:
    """CLIP's embeddings as llama.cpp computes them from May 2025 on (its issue 25814, pull request 25844): the class token stands behind
    the patches, while rows of positions and the choice of features go on as if it stood in front."""

    def forward(pixel_values: torch.Tensor, **_) -> torch.Tensor:
        patches = embeddings.patch_embedding(pixel_values).flatten(2).transpose(1, 2)
        last = embeddings.class_embedding.expand(len(patches), 1, -1)
        return torch.cat([patches, last], dim=1) + embeddings.position_embedding(embeddings.position_ids)

    embeddings.forward = forward


def without_bf16(model: Path, out: Path) -> Path:
    """The same values, bfloat16 as f32. A merge into bfloat16 is rounded eight times as coarsely as into F16 files: one would see nothing else."""
    shutil.copytree(model, out, copy_function=shutil.copyfile)
    for file in out.glob("*.safetensors"):
        tensors = {name: value.float() if value.dtype == torch.bfloat16 else value for name, value in load_file(file).items()}
        save_file(tensors, file, metadata={"format": "pt"})
    return out


def as_png(picture: Path, folder: Path, square: int | None) -> Path:
    """llama.cpp reads no WebP."""
    image, file = Image.open(picture).convert("RGB"), folder / f"{picture.stem}.png"
    (ImageOps.fit(image, (square, square)) if square else image).save(file)
    return file


def bordered(picture: Path, processor) -> Path:
    """A picture at free size as llama.cpp lays it on whole blocks (tools/mtmd/mtmd-image.cpp, img_tool::resize): in its own proportions,
    in the middle of black. transformers stretches it."""
    image, images = Image.open(picture), processor.image_processor
    side, (least, most) = images.patch_size * images.merge_size, (images.size["shortest_edge"], images.size["longest_edge"])
    height, width = smart_resize(image.height, image.width, side, least, most)
    scale = min(width / image.width, height / image.height)
    inner = [min(math.ceil(length * scale), most) for length, most in ((image.width, width), (image.height, height))]
    whole = Image.new("RGB", (width, height))
    whole.paste(image.resize(inner, Image.Resampling.BICUBIC), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    file = picture.with_name(f"{picture.stem}-bordered.png")
    whole.save(file)
    return file


def processor_of(folder: Path):
    """The checkpoint's, but without a reader of videos: that one needs torchvision."""
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    if kind != "qwen3_vl":
        return AutoProcessor.from_pretrained(folder)

    class WithoutVideos(Qwen3VLProcessor):
        @classmethod
        def get_attributes(cls) -> list[str]:
            return ["image_processor", "tokenizer"]

    images = AutoImageProcessor.from_pretrained(folder, backend="pil")
    template = json.loads((folder / "chat_template.json").read_text())["chat_template"]
    return WithoutVideos(image_processor=images, tokenizer=AutoTokenizer.from_pretrained(folder), video_processor=None, chat_template=template)


def limits_of(processor) -> tuple[int, int] | None:
    """Tokens of a picture at least and at most, where pictures are resized between two limits; llama.cpp has its own otherwise."""
    images = processor.image_processor
    if not hasattr(images, "merge_size"):
        return None
    area = (images.patch_size * images.merge_size) ** 2
    return -(-images.size["shortest_edge"] // area), images.size["longest_edge"] // area


def opened(folder: Path, type_: str, limits: tuple[int, int] | None) -> xllamacpp.Server:
    params = xllamacpp.CommonParams()
    if limits:
        params.image_min_tokens, params.image_max_tokens = limits
    params.model.path, params.mmproj.path = str(folder / f"model-{type_}.gguf"), str(folder / "mmproj-f16.gguf")
    params.n_ctx, params.n_parallel, params.use_jinja, params.cache_prompt = 2048, 1, True, False
    params.cpuparams.n_threads, params.verbosity = 2, 0
    return xllamacpp.Server(params)


class Answer:
    """Tokens of the prompt; the answer's ids, the log probability of each and, of transformers, its lead over the second."""

    def __init__(self, prompt: int, ids: list[int], scores: list[float], leads: list[float]):
        self.prompt, self.ids, self.scores, self.leads = prompt, ids, scores, leads


def of_llama_cpp(server: xllamacpp.Server, question: str, picture: Path | None) -> Answer:
    content = [{"type": "text", "text": question}]
    if picture:
        url = f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
        content.insert(0, {"type": "image_url", "image_url": {"url": url}})
    request = {"messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": NEW_TOKENS}
    said = server.handle_chat_completions({**request, "logprobs": True, "top_logprobs": 1})
    if "choices" not in said:
        sys.exit(f"llama.cpp refused {question!r}: {said}")
    tokens = said["choices"][0]["logprobs"]["content"]
    return Answer(said["usage"]["prompt_tokens"], [t["id"] for t in tokens], [t["logprob"] for t in tokens], [])


def prompt_of(processor, template: str | None, question: str, picture: Path | None) -> str:
    """As training writes it: a template's own prompt for an answer may be another."""
    content = [{"type": "image"}] * (picture is not None) + [{"type": "text", "text": question}]
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": [{"type": "text", "text": STAND_IN}]}]
    return processor.apply_chat_template(turns, chat_template=template).split(STAND_IN)[0].removesuffix(" ")


def of_transformers(model, processor, text: str, picture: Path | None) -> Answer:
    images = {"images": Image.open(picture).convert("RGB")} if picture else {}
    inputs = processor(text=text, **images, return_tensors="pt")
    settings = {"do_sample": False, "max_new_tokens": NEW_TOKENS, "output_logits": True, "return_dict_in_generate": True}
    with torch.no_grad():
        out = model.generate(**inputs, **settings)
    prompt = inputs["input_ids"].shape[1]
    ids = out.sequences[0][prompt:].tolist()
    logs = [torch.log_softmax(logits[0], -1) for logits in out.logits]
    leads = [float(a - b) for a, b in (log.topk(2).values.tolist() for log in logs)]
    return Answer(prompt, ids, [float(log[i]) for log, i in zip(logs, ids)], leads)


def common(theirs: Answer, ours: Answer) -> int:
    return next((n for n, (a, b) in enumerate(zip(theirs.ids, ours.ids)) if a != b), min(len(theirs.ids), len(ours.ids)))


def parts(theirs: Answer, ours: Answer) -> bool:
    same = common(theirs, ours)
    return same < len(theirs.ids) and theirs.leads[same] >= MARGIN


def figures(pairs: list[tuple[Answer, Answer]], type_: str, what: str) -> dict[str, float]:
    worst = [abs(a - b) for x, y in pairs for a, b in zip(x.scores[: common(x, y)], y.scores)]
    return {
        f"llama.cpp's prompts ({type_}, {what})": sum(x.prompt != y.prompt for x, y in pairs) / len(pairs),
        f"llama.cpp's answers ({type_}, {what})": sum(parts(x, y) for x, y in pairs) / len(pairs),
        f"llama.cpp's log probabilities, {type_} ({what}, {len(worst)} tokens)": max(worst, default=0.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--square", type=int, metavar="SIDE", help="cut pictures to squares of so many pixels")
    parser.add_argument("--recipe", type=Path, help="of the training")
    parser.add_argument("--record", help="such as demo")
    args = parser.parse_args()
    recipe = ["--recipe", args.recipe.resolve()] if args.recipe else []
    template = json.loads(args.recipe.read_text()).get("chat_template") if args.recipe else None
    errors: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = ["--model", without_bf16(args.model, folder / "model"), "--adapter", args.adapter.resolve()]
        asked = [(q, as_png(p, folder, args.square)) for p in args.pictures for q in QUESTIONS] + [(q, None) for q in ALONE]
        fidelity.headless("merge", *base, *recipe, "--out", folder / "merged")
        processor = processor_of(folder / "merged")
        loaded = AutoModelForImageTextToText.from_pretrained(folder / "merged", dtype=torch.float32).eval()
        prompts = [prompt_of(processor, template, q, p) for q, p in asked]
        right = theirs = [of_transformers(loaded, processor, text, p) for text, (_, p) in zip(prompts, asked)]
        clip = [m for m in loaded.modules() if hasattr(m, "class_embedding") and hasattr(m, "patch_embedding")]
        # What llama.cpp sees, where that is not what it is shown.
        there, otherwise = [p for _, p in asked], ""
        if clip:
            otherwise, figure = ", class token as there", "misplaced class token"
            put_class_token_last(clip[0])
        elif limits_of(processor):
            otherwise, figure = ", border as there", "border"
            there = [p and bordered(p, processor) for p in there]
        if otherwise:
            theirs = [of_transformers(loaded, processor, text, p) for text, p in zip(prompts, there)]
        for type_ in ("F16", "Q8_0"):
            out = folder / type_
            fidelity.headless("gguf", *base, "--merged", "--type", type_.lower(), *recipe, "--out", out)
            server = opened(out, type_.lower(), limits_of(processor))
            ours = [of_llama_cpp(server, q, p) for q, p in asked]
            for (q, p), x, y in zip(asked, theirs, ours):
                words = [processor.decode(answer.ids, skip_special_tokens=True) for answer in (x, y)]
                print(f"{type_} {p.stem if p else '-'} {q!r}: prompt {x.prompt}/{y.prompt}, {common(x, y)} of {len(x.ids)} ids\n    {words[0]!r}")
                print("" if x.ids == y.ids else f"    llama.cpp: {words[1]!r}\n", end="", flush=True)
            seen = [(x, y) for (_, p), x, y in zip(asked, theirs, ours) if p]
            errors |= figures([(x, y) for (_, p), x, y in zip(asked, theirs, ours) if not p], type_, "text")
            errors |= figures(seen, type_, f"pictures{otherwise}")
            if otherwise:
                plain = [parts(x, y) for (_, p), x, y in zip(asked, right, ours) if p]
                errors[f"llama.cpp's {figure} ({type_})"] = sum(plain) / len(plain)
            if type_ == "F16":
                chosen = [n for n, (_, p) in enumerate(asked) if not (clip and p)]
                engine = [engine_ids(folder, recipe, prompts[n], there[n]) for n in chosen]
                differing = [ids != theirs[n].ids or parts(theirs[n], ours[n]) for n, ids in zip(chosen, engine)]
                errors[f"llama.cpp beside the engine ({len(chosen)} questions)"] = sum(differing) / len(chosen)
            del server
    print(json.dumps(errors, indent=1))
    if args.record:
        fidelity.save_results({f"{args.record}/llama.cpp": errors})
    if missed := [figure for figure, error in errors.items() if error > fidelity.tolerance_of(figure)[0]]:
        sys.exit("missed: " + "; ".join(missed))


def engine_ids(folder: Path, recipe: list, prompt: str, picture: Path | None) -> list[int]:
    """Of the merged model in its own numbers, as the page would answer without 4 bits."""
    dense = folder / "dense.json"
    dense.write_text(json.dumps({**(json.loads(recipe[1].read_text()) if recipe else {}), "load_in_4bit": False}))
    images = ["--image", picture] if picture else []
    rest = ["--prompt", prompt, "--max-new-tokens", NEW_TOKENS]
    return json.loads(fidelity.headless("generate", "--model", folder / "merged", "--recipe", dense, *images, *rest))["ids"]


if __name__ == "__main__":
    main()
