"""Write public/demo/files.json: every file of the demo model and data set with its size.

The page has no directory listing, so it reads this file to know what to fetch.
"""

import json
from pathlib import Path

from paths import PUBLIC_DEMO


def list_folder(folder: Path) -> list[dict]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [{"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size} for path in files]


def main() -> None:
    listing = {name: list_folder(PUBLIC_DEMO / name) for name in ("model", "data")}
    text = ",\n".join(
        f'  "{name}": [\n' + ",\n".join("    " + json.dumps(entry) for entry in entries) + "\n  ]"
        for name, entries in listing.items()
    )
    (PUBLIC_DEMO / "files.json").write_text("{\n" + text + "\n}\n")
    for name, entries in listing.items():
        print(f"{name}: {len(entries)} files, {sum(entry['bytes'] for entry in entries)} bytes")


if __name__ == "__main__":
    main()
