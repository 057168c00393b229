"""A CMYK and a YCCK JPEG and their RGB pixels by Pillow -> workers/data/pictures/fixtures/cmyk.json."""

import base64
import io
import json
from pathlib import Path

import numpy
from PIL import Image

OUT = Path(__file__).parents[2] / "workers/data/pictures/fixtures/cmyk.json"


def main() -> None:
    inks = numpy.random.RandomState(1).randint(0, 256, (4, 6, 4), dtype=numpy.uint8)
    picture = Image.fromarray(inks.repeat(5, axis=0).repeat(5, axis=1), "CMYK")
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=92)
    cmyk = bytearray(stream.getvalue())
    ycck = cmyk.copy()
    # The last byte of the Adobe segment says how components are to be read: 0 as they are, 2 YCCK.
    ycck[ycck.index(b"Adobe") + 11] = 2
    cases = {}
    for name, data in (("cmyk", bytes(cmyk)), ("ycck", bytes(ycck))):
        rgb = Image.open(io.BytesIO(data)).convert("RGB")
        cases[name] = {
            "width": rgb.width,
            "height": rgb.height,
            "jpeg": base64.b64encode(data).decode(),
            "rgb": base64.b64encode(rgb.tobytes()).decode(),
        }
    OUT.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
