"""Loads an adapter into PEFT and gives its logits, to compare with what the engine gives for the same files.

    python reference/check_adapter.py MODEL ADAPTER --data DATA [--row N] [--quant nf4|fp4] [--out FILE] [--compare FILE]

DATA is a folder with metadata.jsonl. Logits are those where a label of an answer follows, [targets, vocabulary], as
`npm run -s headless -- logits --model MODEL --adapter ADAPTER --data DATA --row N --recipe RECIPE --out FILE` writes them with
`"train_on": "responses"`. `--compare` takes such a file and prints the largest difference; above 1e-3 the exit code is 1. `--quant`
rounds the language model's linear layers to 4 bits and back first. Runs with transformers 4.57 and 5.
"""

import argparse
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
    parser.add_argument("--quant", choices=["none", "nf4", "fp4"], default="none")
    parser.add_argument("--rooms", default="language_model", help="comma-separated parts that are quantised")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--record", help='enters the difference in fidelity.json under this name, such as "own-gqa/our adapter in PEFT"')
    args = parser.parse_args()
    row = oracle.read_rows(args.model, args.data, oracle.template_of(args.model))[args.row]
    base = oracle.load(args.model)
    if args.quant != "none":
        oracle.quantise(base, args.quant, False, args.rooms.split(","))
    without = oracle.logits_of(base, row, "labels_response")
    # PEFT warns of keys that are missing, and goes on: here that is an error.
    tuned = PeftModel.from_pretrained(base, args.adapter).eval()
    stored = load_file(args.adapter / "adapter_model.safetensors")
    missed = sorted(name for name, p in tuned.named_parameters() if "lora_B" in name and not p.any())
    zero = sum(1 for name, value in stored.items() if "lora_B" in name and not value.any())
    if len(missed) != zero:
        raise SystemExit(f"PEFT left {len(missed) - zero} modules without their weights, such as {missed[0]}")
    logits = oracle.logits_of(tuned, row, "labels_response")
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
