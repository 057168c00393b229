"""Loads an adapter into PEFT and gives its logits, to compare with what the engine gives for the same files.

    python reference/check_adapter.py MODEL ADAPTER --data DATA --recipe RECIPE [--row N] [--out FILE] [--compare FILE]

DATA is a folder with metadata.jsonl. Logits are those where a label follows, [targets, vocabulary], as
`npm run -s headless -- logits --model MODEL --adapter ADAPTER --data DATA --row N --recipe RECIPE --out FILE` writes them.
`--compare` takes such a file and prints the largest difference; above 1e-3 the exit code is 1. Of RECIPE count the chat template, what is
trained on and how weights go to 4 bits and back. Runs with transformers 4.57 and 5.
"""

import argparse
import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parent / "goldens"))
import fidelity  # noqa: E402
import oracle  # noqa: E402

ACCEPTED = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--row", type=int, default=0)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--record", help='enters the difference in fidelity.json under this name, such as "own-gqa/our adapter in PEFT"')
    args = parser.parse_args()
    recipe = json.loads(args.recipe.read_text())
    row = oracle.rows_of(args.model, args.data, recipe.get("chat_template") or oracle.template_of(args.model))[args.row]
    label_key = "labels_all" if recipe.get("train_on") == "all-text" else "labels_response"
    base = oracle.load(args.model)
    if recipe.get("load_in_4bit", True):
        kind, nested = recipe.get("bnb_4bit_quant_type", "nf4"), recipe.get("bnb_4bit_use_double_quant", False)
        oracle.quantise(base, kind, nested, recipe.get("quantize_modules", ["language_model"]))
    without = oracle.logits_of(base, row, label_key)
    # PEFT warns of keys that are missing, and goes on: here that is an error.
    tuned = PeftModel.from_pretrained(base, args.adapter).eval()
    stored = load_file(args.adapter / "adapter_model.safetensors")
    missed = sorted(name for name, p in tuned.named_parameters() if "lora_B" in name and not p.any())
    zero = sum(1 for name, value in stored.items() if "lora_B" in name and not value.any())
    if len(missed) != zero:
        raise SystemExit(f"PEFT left {len(missed) - zero} modules without their weights, such as {missed[0]}")
    logits = oracle.logits_of(tuned, row, label_key)
    moved = (logits - without).abs().max().item()
    print(f"transformers {transformers.__version__}, PEFT {peft.__version__}: {len(stored)} tensors, logits {list(logits.shape)}")
    print(f"the adapter moves logits by up to {moved:.3g}")
    if args.out:
        save_file({"logits": logits.contiguous()}, args.out)
    if args.compare:
        difference = (load_file(args.compare)["logits"] - logits).abs().max().item()
        print(f"largest difference {difference:.3g}")
        if args.record:
            case, figure = args.record.split("/")
            fidelity.save_results({f"{case}/adapter": {f"{figure} (transformers {transformers.__version__})": difference}})
        if not difference <= ACCEPTED or not torch.isfinite(logits).all():
            sys.exit(1)


if __name__ == "__main__":
    main()
