"""Draws receipts of shops that do not exist, as a data set to train and judge on. python reference/make_receipts.py OUT [--receipts N] [--seed N]

OUT/fields/ has a picture a receipt and metadata.jsonl with a question and the receipt's fields as JSON, in train and validation folders: drop
it on the page, or give it to --data. OUT/boxes/ has the same pictures with COCO's annotations of where merchant, date, items and total stand
(pixels). The same seed draws the same bytes with one version of Pillow. Everything is made here (the typeface is the one inside Pillow), so
nobody's licence applies but this repository's.
"""

import argparse
import json
import random
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MERCHANTS = ["Blue Heron Market", "Corner Bakery 12", "Nordlicht Kaffee", "Green Parcel", "Old Mill Books", "Harbour Fish Bar", "Casa Verde", "Papeterie Lune", "The Tin Whistle", "Hill & Daughters"]  # fmt: skip
STREETS = ["Mill Lane", "Station Road", "Quay Street", "Lindenweg", "Rue du Port", "Calle Mayor", "High Street"]
ITEMS = [("Espresso", 240), ("Flat white", 340), ("Rye bread", 420), ("Croissant", 195), ("Apple juice", 310), ("Cheddar 200 g", 465), ("Tomatoes 1 kg", 289), ("Notebook A5", 550), ("Pencil HB", 80), ("Fish & chips", 1150), ("Soup of the day", 590), ("Paperback", 899), ("Postcard", 120), ("Olive oil", 1290), ("Oat milk", 215), ("Eggs, 10", 379)]  # fmt: skip
# What is printed for each, and whether amounts have a comma; the typeface has no signs of the pound and the euro.
CURRENCIES = [("EUR", "EUR", True), ("GBP", "GBP", False), ("USD", "$", False), ("CHF", "CHF", False)]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
CATEGORIES = ["merchant", "date", "item", "total"]
QUESTION = "Read this receipt. Answer as JSON with merchant, date, currency, items and total."
WIDTH = 320


def money(cents, comma):
    text = f"{cents // 100}.{cents % 100:02d}"
    return text.replace(".", ",") if comma else text


def receipt(rng):
    """What a receipt says. Amounts in the answer are texts with a point and ISO dates, whatever the print looks like: that is the task."""
    code, sign, comma = rng.choice(CURRENCIES)
    lines = []
    for name, cents in rng.sample(ITEMS, rng.randint(1, 6)):
        count = rng.choice([1, 1, 1, 2, 3])
        lines.append({"name": name, "count": count, "cents": round(cents * rng.uniform(0.8, 1.3))})
    total = sum(line["count"] * line["cents"] for line in lines)
    year, month, day = rng.randint(2019, 2025), rng.randint(1, 12), rng.randint(1, 28)
    printed = rng.choice([f"{day:02d}.{month:02d}.{year}", f"{year}-{month:02d}-{day:02d}", f"{day} {MONTHS[month - 1]} {year}"])
    answer = {
        "merchant": rng.choice(MERCHANTS),
        "date": f"{year}-{month:02d}-{day:02d}",
        "currency": code,
        "items": [{"name": line["name"], "count": line["count"], "price": money(line["count"] * line["cents"], False)} for line in lines],
        "total": money(total, False),
    }  # fmt: skip
    return answer, {"printed": printed, "sign": sign, "comma": comma, "lines": lines, "total": total}


def fonts():
    """The typeface that comes inside Pillow, in three sizes."""
    found = [ImageFont.load_default(size) for size in (20, 14, 12)]
    if not isinstance(found[0], ImageFont.FreeTypeFont):
        sys.exit("This Pillow has no typeface of its own in several sizes: take one with FreeType, 10.1 or newer.")
    return found


def draw(rng, answer, print_, typeface):
    """A receipt as a greyscale picture, and its boxes [x, y, width, height] with their categories."""
    large, normal, small = typeface
    height = 190 + 22 * len(print_["lines"]) + rng.randint(0, 60)
    paper, ink = rng.randint(228, 252), rng.randint(15, 70)
    image = Image.new("L", (WIDTH, height), paper)
    pen = ImageDraw.Draw(image)
    margin = rng.randint(14, 34)
    boxes = []

    def put(text, y, font, x=None, right=None):
        """Writes text; gives the rectangle that its letters fill."""
        wide = pen.textlength(text, font=font)
        at = right - wide if right is not None else (WIDTH - wide) / 2 if x is None else x
        pen.text((at, y), text, font=font, fill=ink)
        return pen.textbbox((at, y), text, font=font)

    def mark(category, *rectangles):
        left, top = min(r[0] for r in rectangles), min(r[1] for r in rectangles)
        right, bottom = max(r[2] for r in rectangles), max(r[3] for r in rectangles)
        boxes.append((category, [round(v, 1) for v in (left - 1, top - 1, right - left + 2, bottom - top + 2)]))

    y = rng.randint(10, 24)
    mark("merchant", put(answer["merchant"], y, large))
    put(f"{rng.randint(1, 99)} {rng.choice(STREETS)}", y + 26, small)
    put(f"No. {rng.randint(1000, 99999)}", y + 50, small, x=margin)
    mark("date", put(print_["printed"], y + 50, normal, right=WIDTH - margin))
    y += 76
    pen.line([(margin, y), (WIDTH - margin, y)], fill=ink)
    y += 8
    for line in print_["lines"]:
        many = f"{line['count']} x " if line["count"] > 1 else ""
        name = put(many + line["name"], y, normal, x=margin)
        price = put(money(line["count"] * line["cents"], print_["comma"]), y, normal, right=WIDTH - margin)
        mark("item", name, price)
        y += 22
    pen.line([(margin, y + 4), (WIDTH - margin, y + 4)], fill=ink)
    y += 12
    word = put(rng.choice(["TOTAL", "Total", "Sum", "Amount due"]), y, large, x=margin)
    mark("total", word, put(f"{print_['sign']} {money(print_['total'], print_['comma'])}", y, large, right=WIDTH - margin))
    put(rng.choice(["Thank you!", "Have a nice day", "Danke!", "Merci"]), y + 36, small)
    # Paper that was folded, and a print that wears off.
    fold = rng.randint(height // 3, 2 * height // 3)
    pen.line([(0, fold), (WIDTH, fold + rng.randint(-3, 3))], fill=paper - rng.randint(8, 22))
    for _ in range(rng.randint(20, 120)):
        pen.point((rng.randrange(WIDTH), rng.randrange(height)), fill=rng.randint(90, 220))
    return image, boxes


def write(out, count, seed):
    typeface = fonts()
    held = max(1, count // 6)
    for split, first, last in (("train", 0, count - held), ("validation", count - held, count)):
        fields, boxed = out / "fields" / split, out / "boxes" / split
        fields.mkdir(parents=True)
        boxed.mkdir(parents=True)
        lines, images, annotations = [], [], []
        for number in range(first, last):
            # Each receipt has numbers of its own: the first ones are the same however many are drawn.
            rng = random.Random(f"{seed} {number}")
            answer, print_ = receipt(rng)
            image, boxes = draw(rng, answer, print_, typeface)
            name = f"receipt-{number:03d}.png"
            image.save(fields / name, optimize=True)
            shutil.copyfile(fields / name, boxed / name)
            text = json.dumps(answer, ensure_ascii=False)
            lines.append(json.dumps({"file_name": name, "question": QUESTION, "answer": text}, ensure_ascii=False))
            images.append({"id": number, "file_name": name, "width": image.width, "height": image.height})
            for category, box in boxes:
                of = CATEGORIES.index(category) + 1
                annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": of, "bbox": box, "iscrowd": 0})
        (fields / "metadata.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(CATEGORIES)]
        coco = {"images": images, "annotations": annotations, "categories": categories}
        (boxed / "annotations.json").write_text(json.dumps(coco), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("--receipts", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if args.out.exists():
        sys.exit(f"{args.out} is there already: name a new folder.")
    if args.receipts < 2:
        sys.exit("At least two receipts: one to train on, one to measure by.")
    write(args.out, args.receipts, args.seed)
    print(f"{args.receipts} receipts in {args.out}: fields/ with JSON answers, boxes/ with COCO's annotations.")


if __name__ == "__main__":
    main()
