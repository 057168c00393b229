"""Rows of a handed-over run: in which order, on which process, as which tensors. Read by train.py."""

import inspect
import io
import json
from pathlib import Path

import datasets
import pyarrow.parquet
import torch
import transformers
from huggingface_hub import hf_hub_download
from PIL import Image, ImageOps
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

#: What stands for a row of which nothing is there.
NOTHING = {"ids": [0, 0], "labels": [-100, -100], "answer": [False, False], "pictures": {}}
#: Stands for an answer while it is looked for; no text has these private-use characters.
STAND_IN = "\ue0f1\ue0f2\ue0f1"


def read_rows(folder: Path, data: dict, split: str):
    """The rows of a split, in the order of their files. Pictures stay encoded until they are needed."""
    rows = datasets.Dataset.from_parquet([str(file) for file in sorted(folder.glob(data[split]))])
    rows = rows.cast_column("images", datasets.List(datasets.Image(decode=False)))
    return NamedPictures(rows, folder, data["pictures"], split) if "pictures" in data else rows


class NamedPictures:
    """Rows whose pictures lie in the Parquet files of a data set of the hub, at one commit. Those are downloaded once, into its cache."""

    def __init__(self, rows: datasets.Dataset, folder: Path, named: dict, split: str) -> None:
        self.rows, self.places = rows, {}
        where = {"repo_type": "dataset", "revision": named["commit"], "endpoint": named["endpoint"]}
        files = [hf_hub_download(named["repo"], file, **where) for file in named["files"]]
        # As bytes, whatever pictures are to `datasets`.
        self.cells = datasets.Dataset.from_parquet(files).with_format("arrow")
        starts, first = [], 0
        for file in files:
            footer = pyarrow.parquet.read_metadata(file)
            counts = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
            starts.append([first + sum(counts[:group]) for group in range(len(counts))])
            first += sum(counts)
        for place in pyarrow.parquet.read_table(folder / named[split]).to_pylist():
            at = starts[place["file"]][place["group"]] + place["at"]
            self.places.setdefault(place["row"], []).append((at, json.loads(place["keys"])))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int) -> dict:
        return self.rows[row] | {"images": [{"bytes": self.cell(*place), "path": None} for place in self.places.get(row, [])]}

    def cell(self, at: int, keys: list) -> bytes:
        value = self.cells[at][keys[0]][0].as_py()
        for key in keys[1:]:
            value = value[key]
        return value


class Windows:
    """Which rows each optimizer step sees. Windows end with their epoch, so the last one of it may be smaller."""

    def __init__(self, folder: Path, handover: dict, recipe: dict) -> None:
        self.rows = handover["rows"]
        self.batch = recipe["per_device_train_batch_size"] * recipe["gradient_accumulation_steps"]
        self.per_epoch = -(-self.rows // self.batch)
        self.first = handover["start"]["window"]
        # Rows of one epoch after the other, in the order of training.
        self.order = pyarrow.parquet.read_table(folder / "data/order.parquet")["row"].to_numpy()

    def __getitem__(self, step: int) -> list[int]:
        """Rows of the step that is `step` steps (from 0) behind the first one of this folder."""
        epoch, window = divmod(self.first + step, self.per_epoch)
        start = window * self.batch
        end = min(start + self.batch, self.rows)
        return self.order[epoch * self.rows + start : epoch * self.rows + end].tolist()


class Share:
    """How the rows of an optimizer step lie on `processes`: each takes `batches` micro-batches of `batch` places. Places that are left over
    stay empty, so the sum over all processes is that of the same rows on one."""

    def __init__(self, rows: int, processes: int, most: int) -> None:
        each = -(-rows // processes)
        self.batch = min(most, each)
        self.batches = -(-each // self.batch)
        self.processes = processes
        self.places = self.batch * self.batches * processes

    def row_at(self, place: int) -> int:
        """Which row of the step, from 0, is at a place; places in the order in which Trainer deals them out: a micro-batch to each process
        in turn. Neighbours go to different processes, so that none has more than one row above another."""
        dealt, within = divmod(place, self.batch)
        micro, process = divmod(dealt, self.processes)
        return (micro * self.batch + within) * self.processes + process


class Places(torch.utils.data.Dataset):
    """Every place of every step, in order, as (row, whether it counts). Trainer reads them one after the other."""

    def __init__(self, rows: datasets.Dataset, windows: Windows, share: Share, steps: int) -> None:
        self.rows, self.windows, self.share, self.steps = rows, windows, share, steps

    def __len__(self) -> int:
        return self.steps * self.share.places

    def __getitem__(self, index: int) -> dict:
        step, place = divmod(index, self.share.places)
        window, row = self.windows[step], self.share.row_at(place)
        counts = row < len(window)
        return self.rows[window[row if counts else 0]] | {"counts": counts}


class Collator:
    """Rows -> what the model takes, padded on the right, with labels -100 where nothing is learned."""

    def __init__(self, processor, text: dict, recipe: dict) -> None:
        self.processor, self.text = processor, text
        self.train_on, self.max_length = recipe["train_on"], recipe["max_length"]
        self.cut, self.left_out, self.unread = 0, 0, 0

    def __call__(self, rows: list[dict]) -> dict:
        made = []
        for row in rows:
            # A picture of it could not be read when it was handed over: it holds the place only.
            empty = not row["messages"]
            try:
                example = NOTHING if empty else self.example(row)
            except (OSError, Image.DecompressionBombError):
                # No picture, or a broken one: its row is left out, as TabTune leaves it out.
                example, empty, self.unread = NOTHING, True, self.unread + 1
            made.append((row.get("counts", True) and not empty and self.fit(example), example))
        # A process without a row of its own still takes part in the step: with a row that counts nothing.
        kept = [example for counts, example in made if counts]
        if not kept:
            kept = [made[0][1] | {"labels": [-100] * len(made[0][1]["ids"])}]
        batch = stacked(kept, self.processor.tokenizer.pad_token_id or 0)
        if "image_grid_thw" in batch:
            # By which transformers counts positions in rows, columns and text: a picture's tokens are 1.
            batch["mm_token_type_ids"] = (batch["input_ids"] == self.processor.image_token_id).long()
        return batch

    def example(self, row: dict) -> dict:
        """Ids with image slots, labels, and the pictures' tensors."""
        pictures = [picture(image) for image in row["images"] or []]
        messages = self.messages(row["messages"])
        text = self.rendered(messages)
        inputs = self.processor(
            text=[text], images=[pictures] if pictures else None, return_tensors="pt", return_text_replacement_offsets=True
        )
        # Some processors have them for a text without pictures, too.
        replaced = (inputs.pop("text_replacement_offsets", None) or [[]])[0]
        inputs.pop("attention_mask"), inputs.pop("token_type_ids", None), inputs.pop("mm_token_type_ids", None)
        ids = inputs.pop("input_ids")[0].tolist()
        spans = [tuple(moved(at, replaced) for at in span) for span in self.answers(messages, text)]
        whole = expanded(text, replaced)
        answer = [False] * len(ids)
        for start, end in spans:
            first, last = self.tokens_before(whole, start, ids), self.tokens_before(whole, end, ids)
            answer[first:last] = [True] * (last - first)
        never = set(self.text["never"])
        learned = [(here or self.train_on == "all-text") and token not in never for here, token in zip(answer, ids, strict=True)]
        labels = [token if wanted else -100 for wanted, token in zip(learned, ids, strict=True)]
        return {"ids": ids, "labels": labels, "answer": [a and t not in never for a, t in zip(answer, ids, strict=True)], "pictures": dict(inputs)}

    def messages(self, messages: list[dict]) -> list[dict]:
        """Without the columns that Parquet adds; one string a message where the template takes no parts."""
        out = []
        for message in messages:
            parts = [{"type": "image"} if p["type"] == "image" else {"type": "text", "text": p["text"]} for p in message["content"]]
            joined = "".join("<image>\n" if part["type"] == "image" else part["text"] for part in parts)
            out.append({"role": message["role"], "content": parts if self.text["takes_parts"] else joined})
        return out

    def rendered(self, messages: list[dict]) -> str:
        return self.processor.tokenizer.apply_chat_template(
            messages, chat_template=self.processor.chat_template, tokenize=False, bos_token=self.text["bos_token"], eos_token=self.text["eos_token"]
        )

    def answers(self, messages: list[dict], text: str) -> list[tuple[int, int]]:
        """Where answers stand in `text`: the conversation is rendered with a stand-in for one of them, and what differs is that answer. A
        space after the marker belongs to the answer, as its first token holds it, and so does the token that ends it."""
        spans = []
        for n, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            content = [{"type": "text", "text": STAND_IN}] if self.text["takes_parts"] else STAND_IN
            before, after = self.rendered([*messages[:n], {"role": "assistant", "content": content}, *messages[n + 1 :]]).split(STAND_IN)
            if not text.startswith(before) or not text[len(before) :].endswith(after):
                raise SystemExit(f"The chat template does not show answer {len(spans) + 1} of a conversation as one piece.")
            gap = len(after) - len(after.lstrip())
            end = next((token for token in self.text["end_tokens"] if after[gap:].startswith(token)), None)
            spans.append((len(before) - before.endswith(" "), len(text) - len(after) + (gap + len(end) if end else 0)))
        return spans

    def tokens_before(self, text: str, at: int, ids: list[int]) -> int:
        """Leading tokens that lie before character `at`; a token across it does not."""
        if at == len(text):
            return len(ids)
        prefix = self.processor.tokenizer(text[:at])["input_ids"]
        return next((n for n, token in enumerate(prefix) if token != ids[n]), len(prefix))

    def fit(self, example: dict) -> bool:
        """Cuts a row that is longer than max_length, behind its last whole answer where there is one; False where nothing to learn is left."""
        ids, most = example["ids"], self.max_length
        if len(ids) <= most:
            return True
        image = self.processor.image_token_id
        slots = len(ids) - ids[::-1].index(image) if image in ids else 0
        answer = [*example["answer"], False]
        ends = [t for t in range(max(slots, 1), most + 1) if answer[t - 1] and not answer[t]]
        length = ends[-1] if ends else most
        if slots > most or all(label == -100 for label in example["labels"][1:length]):
            self.left_out += 1
            return False
        self.cut += 1
        example["ids"], example["labels"] = ids[:length], example["labels"][:length]
        return True


def processor_of(folder: Path):
    """The model's processor as AutoProcessor makes it, but without its part for videos: no row has one, and that part needs torchvision."""
    whole = getattr(transformers, PROCESSOR_MAPPING_NAMES[read_json(folder / "config.json")["model_type"]])
    parts = ["image_processor", "tokenizer"]
    pictures = type(whole.__name__, (whole,), {"get_attributes": classmethod(lambda cls: parts)})
    file, taken = folder / "processor_config.json", inspect.signature(whole).parameters
    settings = {key: value for key, value in (read_json(file) if file.exists() else {}).items() if key in taken and key not in parts}
    if "video_processor" in taken:
        settings["video_processor"] = None
    settings["chat_template"] = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    # Pillow's pixels, as TabTune makes them; the faster backend rounds otherwise.
    images = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    return pictures(image_processor=images, tokenizer=transformers.AutoTokenizer.from_pretrained(folder), **settings)


def picture(image: dict) -> Image.Image:
    source = io.BytesIO(image["bytes"]) if image["bytes"] is not None else image["path"]
    return ImageOps.exif_transpose(Image.open(source)).convert("RGB")


def moved(at: int, replaced: list[dict]) -> int:
    """A place of the rendered text in the one whose image tokens are repeated once a slot."""
    return at + sum((new[1] - new[0]) - (old[1] - old[0]) for old, new in ((r["span"], r["new_span"]) for r in replaced) if old[1] <= at)


def expanded(text: str, replaced: list[dict]) -> str:
    parts, last = [], 0
    for each in replaced:
        parts += [text[last : each["span"][0]], each["replacement"]]
        last = each["span"][1]
    return "".join([*parts, text[last:]])


def stacked(examples: list[dict], pad: int) -> dict:
    """[B, T] ids, mask and labels; pictures one behind the other, with as many tiles each as the one that has most."""
    longest = max(len(example["ids"]) for example in examples)
    batch = {
        "input_ids": torch.full((len(examples), longest), pad),
        "attention_mask": torch.zeros(len(examples), longest, dtype=torch.long),
        "labels": torch.full((len(examples), longest), -100),
    }
    for n, example in enumerate(examples):
        length = len(example["ids"])
        batch["input_ids"][n, :length] = torch.tensor(example["ids"])
        batch["attention_mask"][n, :length] = 1
        batch["labels"][n, :length] = torch.tensor(example["labels"])
    for key in {key for example in examples for key in example["pictures"]}:
        parts = [example["pictures"][key] for example in examples if key in example["pictures"]]
        if key == "pixel_attention_mask" or parts[0].dim() == 5:
            most = max(part.shape[1] for part in parts)
            parts = [torch.cat([part, part.new_zeros(len(part), most - part.shape[1], *part.shape[2:])], 1) for part in parts]
        batch[key] = torch.cat(parts)
    return batch


def read_json(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))
