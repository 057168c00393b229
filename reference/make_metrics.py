"""What Python's own implementations say of 500 seeded answers each -> workers/metrics/fixtures/*.json. python reference/make_metrics.py [--vqa-eval FILE]

Exact match and VQA accuracy: vqaEval.py of GT-Vision-Lab/VQA (fetched at a fixed commit, or FILE). Token F1: SQuAD 2.0's, in transformers.
ANLS: anls_star. ROUGE-L: rouge_score. Accuracy, macro-F1, confusions: scikit-learn. IoU: pycocotools. Fields of JSON have no reference
implementation: here they are counted on the values, and only written as text for the engine.
"""

import argparse
import json
import random
import re
import urllib.request
from collections import Counter
from pathlib import Path

import numpy as np
from anls_star import anls_score
from pycocotools import mask
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from transformers.data.metrics.squad_metrics import compute_f1

OUT = Path(__file__).resolve().parents[1] / "workers/metrics/fixtures"
COUNT = 500
VQA_EVAL = "https://raw.githubusercontent.com/GT-Vision-Lab/VQA/a013f0043c1e2cdc995922dfe257f7149aa9af06/PythonEvaluationTools/vqaEvaluation/vqaEval.py"

SHORT = ["yes", "no", "Yes.", "No", "2", "two", "none", "zero", "ten", "a", "the", "A", "B", "red", "Blue", "left", "on the table", "cat", "a dog",
         "tennis racket", "don't know", "dont know", "it's raining", "its raining", "couldnt've", "10 oclock", "1,000", "10,5", "3.5", "$12.50", ".5",
         "5.", "U.S.A.", "12/05/2019", "INV-2031-A", "e-mail", "t-shirt", "black and white", "N/A", "what's up?", "somebody'd", "he's", "Im", "one way"]  # fmt: skip
LONG = ["A red circle above a small blue square.", "Two dogs are running on the beach near the water", "The man in the white shirt is holding an umbrella",
        "There is no text in this picture.", "It's a photo of a street sign that says STOP!", "a plate with 3 slices of pizza, a fork and a knife",
        "Invoice no. 4711, due on 12 March 2021 (total: €1,299.00)", "The quick brown fox jumps over the lazy dog; the dog sleeps."]  # fmt: skip
OTHER = ["", " ", "\n", "café", "CAFÉ", "naïve façade", "straße", "STRASSE", "ИЗБА", "изба у моря", "İstanbul", "ΟΔΟΣ", "οδος", "東京タワー", "東京", "北京 烤鸭", "도쿄 타워", "القاهرة",
         "😀 happy", "👩‍👩‍👧‍👦", "½ cup", "x² + y²", "٣٫٥", "10\u00a0km", "a\u2003b", "the\u3000end", "line one\nline two", "tab\there", "_the_", "the_end", "ﬁne", "“quoted”", "n'est-ce pas?",
         "e\u0301te\u0301", "\x1ca\x1d", "\x85x", "\ufeffbom", "Ⅷ", "K9", "..", "?!", "-", "(the)", "[a] {b}", "a.b.c", "1.000.000", "1,2,3", "who/what", "@home", "x=y", "`code`"]  # fmt: skip


def typo(rng, text):
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(3)
    letter = rng.choice("abcdeyé9 ")
    return text[:at] + ("" if kind == 0 else letter) + text[at + (kind != 1) :]


def changed(rng, text):
    words = text.split(" ")
    way = rng.randrange(12)
    if way == 0:
        return text.upper()
    if way == 1:
        return rng.choice(["a ", "the ", "The ", "an "]) + text
    if way == 2:
        return text + rng.choice([".", "!", " ?", ",", " .", ";"])
    if way == 3:
        return "The answer is " + text
    if way == 4:
        return typo(rng, text)
    if way == 5:
        return typo(rng, typo(rng, text))
    if way == 6:
        return " ".join(w for w in words if rng.random() < 0.7)
    if way == 7:
        return " ".join(rng.sample(words, len(words)))
    if way == 8:
        return text.replace("'", "").replace(" ", "  ")
    if way == 9:
        return text.replace(" ", rng.choice(["-", "/", ", ", "\u00a0", "\n"]))
    if way == 10:
        return rng.choice(SHORT + LONG + OTHER)
    return text


def base(rng):
    way = rng.random()
    if way < 0.4:
        return rng.choice(SHORT)
    if way < 0.6:
        return rng.choice(LONG)
    if way < 0.9:
        return rng.choice(OTHER)
    return " ".join(rng.choice(SHORT) for _ in range(rng.randint(2, 5)))


def vqa_class(file):
    text = Path(file).read_text() if file else urllib.request.urlopen(VQA_EVAL).read().decode()
    # It is written for Python 2: its two print statements are left out.
    text = re.sub(r'^(\s*)print ".*"$', r"\1pass", text, flags=re.M)
    scope = {}
    exec(compile(text, "vqaEval.py", "exec"), scope)  # noqa: S102
    return scope["VQAEval"]


class Questions:
    def __init__(self, qa):
        self.qa = qa

    def getQuesIds(self):  # noqa: N802
        return list(self.qa)


def write(name, rows):
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (OUT / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def short(value):
    return round(float(value), 12)


def texts(vqa):
    """[given, [right…], given as VQA's evaluation normalises it, exact match, token F1, ANLS, ROUGE-L]"""
    rng = random.Random(1)
    rouge = RougeScorer(["rougeL"], use_stemmer=False)

    def normal(text):
        return vqa.processDigitArticle(vqa.processPunctuation(text.replace("\n", " ").replace("\t", " ").strip()))

    def compared(text):
        """An answer that is nothing but articles (the "A" of a multiple choice) keeps them: they are all that it says."""
        words = vqa.processPunctuation(text.replace("\n", " ").replace("\t", " ").strip()).lower().split()
        return normal(text) or " ".join(words)

    rows = []
    while len(rows) < COUNT:
        first = base(rng)
        right = [first] + [changed(rng, first) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
        given = changed(rng, rng.choice(right))
        exact = int(any(compared(r) == compared(given) for r in right))
        f1 = max(compute_f1(r, given) for r in right)
        anls = anls_score(tuple(right), given)
        rouge_l = rouge.score_multi(right, given)["rougeL"].fmeasure
        rows.append([given, right, normal(given), exact, short(f1), short(anls), short(rouge_l)])
    write("texts", rows)


def votes(make):
    """[given, how often each of the ten right answers was given, VQA accuracy]"""
    rng = random.Random(2)
    rows, asked, said = [], {}, {}
    for q in range(COUNT):
        pool = [base(rng) for _ in range(rng.choice([1, 2, 3, 5]))]
        pool = [p if len(p) < 20 else rng.choice(SHORT) for p in pool]
        right = [pool[0] if rng.random() < 0.5 else rng.choice(pool) for _ in range(10)]
        right = [changed(rng, r) if len(pool) > 1 and rng.random() < 0.2 else r for r in right]
        right = [r if len(r) < 30 else "no" for r in right]
        given = changed(rng, rng.choice(pool)) if rng.random() < 0.5 else rng.choice(pool)
        rows.append([given, right])
        asked[q] = {"answers": [{"answer": a, "answer_id": i} for i, a in enumerate(right)], "question_type": "", "answer_type": ""}
        said[q] = {"answer": given}
    judge = make(Questions(asked), Questions(said), 12)
    judge.updateProgress = lambda progress: None
    judge.evaluate()
    write("votes", [[given, Counter(right), short(judge.evalQA[q] / 100)] for q, (given, right) in enumerate(rows)])


def classes():
    """{right, given, labels (classes of the right answers, then "" for every other answer), accuracy, macro_f1, confusions}; ten problems of 50 rows"""
    rng = random.Random(3)
    kinds = [["yes", "no"], ["cat", "dog", "bird"], ["0", "1", "2", "3", "4"], ["a", "b", "c", "d"], ["изба", "дом"], ["red", "green", "blue", "black and white"]]
    rows = []
    for n in range(10):
        names = kinds[n % len(kinds)]
        skew = [rng.random() + 0.05 for _ in names]
        right = rng.choices(names, skew, k=50)
        others = ["unknown", "", "maybe yes or no"]
        given = [r if rng.random() < 0.6 else rng.choice(names + others) for r in right]
        labels = sorted(set(right))
        table = confusion_matrix(right, [g if g in labels else "" for g in given], labels=[*labels, ""])
        written = [rng.choice([g, g.upper(), f"{g}.", f" {g}\n"]) if g else g for g in given]
        rows.append({
            "right": right, "given": written, "labels": [*labels, ""],
            "accuracy": short(accuracy_score(right, given)),
            "macro_f1": short(f1_score(right, given, labels=labels, average="macro", zero_division=0)),
            "confusions": table.tolist(),
        })  # fmt: skip
    write("classes", rows)


KEYS = ["total", "date", "vendor", "items", "name", "price", "größe"]


def value(rng, depth):
    way = rng.randrange(8 if depth else 5)
    if way >= 5:
        return record(rng, depth - 1) if way < 7 else [value(rng, depth - 1) for _ in range(rng.randint(0, 2))]
    return [rng.randint(0, 30), rng.randint(1, 99) / 4, rng.choice(["12.50", "Café", "a b", ""]), rng.choice([True, False]), None][way]


def record(rng, depth):
    return {key: value(rng, depth) for key in rng.sample(KEYS, rng.randint(1, 3))}


def leaves(tree, path=()):
    """Every value that holds no other, under its path; an empty list or object is one too."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [leaf for key, below in inside for leaf in leaves(below, (*path, key))]
    if found:
        return found
    number = isinstance(tree, (int, float)) and not isinstance(tree, bool)
    return [(path, ("number", float(tree)) if number else (type(tree).__name__, str(tree)))]


def altered(rng, tree):
    if isinstance(tree, dict):
        out = {key: altered(rng, below) for key, below in tree.items() if rng.random() < 0.9}
        return out | ({"extra": 1} if rng.random() < 0.1 else {})
    if isinstance(tree, list):
        return [altered(rng, below) for below in tree if rng.random() < 0.9]
    return value(rng, 0) if rng.random() < 0.25 else tree


def fields():
    """[given, right, 1 where the given one is JSON, right fields of all fields of both]; {field: [right, wrong, missing, extra]} over all rows"""
    rng = random.Random(4)
    rows = []
    tallies = {}

    def tally(path, what):
        name = "".join("[]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        tallies.setdefault(name, [0, 0, 0, 0])[what] += 1
    for _ in range(COUNT):
        right = record(rng, 1)
        given = altered(rng, right) if rng.random() < 0.8 else right
        text = json.dumps(given, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1]))
        way = rng.random()
        if way < 0.1:
            text = f"```json\n{text}\n```"
        valid = int(way < 0.9)
        if not valid:
            text = rng.choice([text[:-1], "Here it is: " + text, "", text.replace("{", "{,", 1), text.replace('"', "'") if '"' in text else "{'a'"])
        a, b = set(leaves(right)), set(leaves(given))
        wanted, found = dict(a), dict(b) if valid else {}
        for path, value_ in wanted.items():
            tally(path, 2 if path not in found else int(found[path] != value_))
        for path in found.keys() - wanted.keys():
            tally(path, 3)
        rows.append([text, json.dumps(right, ensure_ascii=False), valid, short(len(a & b) / len(a | b)) if valid else 0])
    write("fields", rows)
    write("field-tallies", [[name, *counts] for name, counts in sorted(tallies.items())])


def spoken(rng, boxes, form):
    """Boxes of whole numbers below 1000, as models and data sets write them."""
    if form == 0:
        return ", ".join(str(b) for b in boxes)
    if form == 1:
        return json.dumps([{"bbox_2d": b, "label": "4 1"} for b in boxes])
    if form == 2:
        return "".join(f"<|box_start|>({a},{b}),({c},{d})<|box_end|>" for a, b, c, d in boxes)
    if form == 3:
        return " ; ".join(f"<loc{b:04d}><loc{a:04d}><loc{d:04d}><loc{c:04d}> cat" for a, b, c, d in boxes)
    if form == 4:
        return "".join(f"cat<loc_{a}><loc_{b}><loc_{c}><loc_{d}>" for a, b, c, d in boxes)
    if form == 5:
        return "\n".join(f"It is at ({a / 1000}, {b / 1000}, {c / 1000}, {d / 1000})." for a, b, c, d in boxes)
    if form == 6:
        return "```json\n" + json.dumps([{"box_2d": [b, a, d, c]} for a, b, c, d in boxes], indent=1) + "\n```"
    a, b, c, d = boxes[0]
    return rng.choice([f"{a} {b} {c} {d}", f"{a}, {b}, {c}, {d}"])


def paired(table):
    """IoU [given, right] -> those of greedy pairs: what shares most is paired first, and what shares nothing is not"""
    left = table.copy()
    pairs = []
    while left.size and left.max() > 0:
        g, r = np.unravel_index(left.argmax(), left.shape)
        pairs.append(left[g, r])
        left[g, :] = left[:, r] = -1
    return pairs


def box_rows():
    """[given, right, mean IoU of pairs, share of pairs of IoU 0.5 and more]; a box without a pair counts as 0"""
    rng = random.Random(5)
    rows = []

    def box():
        x, y = rng.randint(0, 800), rng.randint(0, 800)
        return [x, y, x + rng.randint(1, 199), y + rng.randint(1, 199)]

    def near(b):
        a = [max(0, v + rng.randint(-40, 40)) for v in b]
        return [a[0], a[1], max(a[2], a[0] + 1), max(a[3], a[1] + 1)]

    for _ in range(COUNT):
        form = rng.randrange(8)
        right = [box() for _ in range(1 if form == 7 else rng.choice([1, 1, 1, 2, 3]))]
        given = [near(b) if rng.random() < 0.8 else box() for b in right if form == 7 or rng.random() < 0.9]
        rng.shuffle(given)
        wide = [[x, y, c - x, d - y] for x, y, c, d in given]
        table = np.array(mask.iou(wide, [[x, y, c - x, d - y] for x, y, c, d in right], [0] * len(right))) if given else np.zeros((0, len(right)))
        pairs = paired(table)
        most = max(len(given), len(right))
        text = spoken(rng, given, form) if given else rng.choice(["", "There is none.", "[1, 2, 3]"])
        rows.append([text, spoken(rng, right, form), short(sum(pairs) / most), short(sum(p >= 0.5 for p in pairs) / most)])
    write("boxes", rows)


LABELS = ["cat", "dog", "red car", 'a "quoted" one', "größe"]


def told(rng, boxes, form):
    """Labelled boxes of whole numbers up to 1000; 0 to 1 in one of the forms."""
    if form == 0:
        return json.dumps([{"bbox_2d": b, "label": n} for b, n in boxes], ensure_ascii=rng.random() < 0.5)
    if form == 1:
        return "```json\n" + json.dumps([{"label": n, "bbox": b} for b, n in boxes], indent=1) + "\n```"
    if form == 2:
        return "".join(f"<|object_ref_start|>{n}<|object_ref_end|><|box_start|>({b[0]},{b[1]}),({b[2]},{b[3]})<|box_end|>" for b, n in boxes)
    if form == 3:
        return " ; ".join(f"<loc{b[1]:04d}><loc{b[0]:04d}><loc{b[3]:04d}><loc{b[2]:04d}> {n}" for b, n in boxes)
    if form == 4:
        return "".join(f"{n}<loc_{b[0]}><loc_{b[1]}><loc_{b[2]}><loc_{b[3]}>" for b, n in boxes)
    return json.dumps([{"bbox_2d": [v / 1000 for v in b], "label": n.upper()} for b, n in boxes], ensure_ascii=False)


def named_box_rows():
    """[given, right, mean IoU, share of 0.5 and more, found, boxes given, boxes right]: greedy pairs of one label; found are pairs of 0.5 and more"""
    rng = random.Random(6)
    rows = []

    def box():
        x, y = rng.randint(0, 800), rng.randint(0, 800)
        return [x, y, x + rng.randint(20, 199), y + rng.randint(20, 199)]

    def near(b):
        a = [min(1000, max(0, v + rng.randint(-25, 25))) for v in b]
        return [a[0], a[1], max(a[2], a[0] + 1), max(a[3], a[1] + 1)]

    for _ in range(200):
        form = rng.randrange(6)
        right = [(box(), rng.choice(LABELS)) for _ in range(rng.choice([1, 2, 2, 3, 5]))]
        # Two things in one place, of different names: the name decides which is which.
        if rng.random() < 0.3:
            right.append((near(right[0][0]), rng.choice(LABELS)))
        given = [(near(b), n if rng.random() < 0.8 else rng.choice(LABELS)) for b, n in right if rng.random() < 0.9]
        given += [(box(), rng.choice(LABELS)) for _ in range(rng.choice([0, 0, 1]))]
        rng.shuffle(given)
        sides = [[[x, y, c - x, d - y] for (x, y, c, d), _ in some] for some in (given, right)]
        table = np.array(mask.iou(*sides, [0] * len(right))) if given else np.zeros((0, len(right)))
        pairs = paired(table * np.array([[float(n == m) for _, m in right] for _, n in given]).reshape(table.shape))
        most = max(len(given), len(right))
        found = sum(p >= 0.5 for p in pairs)
        text = told(rng, given, form) if given else "[]"
        rows.append([text, told(rng, right, form), short(sum(pairs) / most), short(found / most), int(found), len(given), len(right)])
    write("named-boxes", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vqa-eval", help="vqaEval.py of GT-Vision-Lab/VQA on this disk")
    make = vqa_class(parser.parse_args().vqa_eval)
    OUT.mkdir(parents=True, exist_ok=True)
    texts(make(Questions({}), Questions({})))
    votes(make)
    classes()
    fields()
    box_rows()
    named_box_rows()


if __name__ == "__main__":
    main()
