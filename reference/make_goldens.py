"""Makes every golden number of `reference/goldens/` anew, from seeds alone: python reference/make_goldens.py [strings pictures cmyk configs quantised_bytes cases evaluation train_on outliers whole_pictures]"""

import argparse
import importlib
import sys
from pathlib import Path

PARTS = ["strings", "pictures", "cmyk", "configs", "quantised_bytes", "cases", "evaluation", "train_on", "outliers", "whole_pictures"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"default: {' '.join(PARTS)}")
    sys.path.insert(0, str(Path(__file__).parent / "goldens"))
    for part in parser.parse_args().parts:
        importlib.import_module(part).main()


if __name__ == "__main__":
    main()
