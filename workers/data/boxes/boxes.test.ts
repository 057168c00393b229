import { expect, test } from "vitest";
import { classNamesOf } from "./class-names.ts";
import {
  type BoxTarget,
  boxesAnswer,
  extentOf,
  noConvention,
  targetOf,
  unitName,
  unitWords,
  writtenBox,
} from "./convention.ts";
import { type BoxForm, formNamed, guessForm, sharesOf } from "./forms.ts";
import { boxesInValue, labelOf } from "./found.ts";
import { placedBoxes, type Shown } from "./placed.ts";
import { vocRecord } from "./voc.ts";
import { BoxWriter } from "./writer.ts";
import { parseXml } from "./xml.ts";
import { isYolo, yoloRecord } from "./yolo.ts";

const size = { width: 640, height: 480 };
/** Sides to multiples of 28, as Qwen2.5-VL's pictures have. */
const resized = ({ width, height }: typeof size) => ({
  width: Math.round(width / 28) * 28,
  height: Math.round(height / 28) * 28,
});

test.each<[string, BoxTarget["convention"], number[]]>([
  ["thousandths", { scale: 1000, decimals: 0 }, [100, 250, 500, 750]],
  ["shares", { scale: 1, decimals: 2 }, [0.1, 0.25, 0.5, 0.75]],
  ["pixels", "pixels", [64, 120, 320, 360]],
  // 644 x 476
  ["resized pixels", "resized pixels", [64, 119, 322, 357]],
])("a box in %s", (_, convention, numbers) => {
  const target: BoxTarget = { convention, by: "model", resized };
  expect(writtenBox([0.1, 0.25, 0.5, 0.75], extentOf(target, size)).numbers).toEqual(numbers);
});

test("a box that is thinner than a step keeps an area, at the far edge too", () => {
  const extent = extentOf({ convention: { scale: 1, decimals: 2 }, by: "model" }, undefined);
  expect(writtenBox([0.5, 0.2, 0.501, 0.4], extent)).toEqual({ numbers: [0.5, 0.2, 0.51, 0.4], thin: true });
  expect(writtenBox([0.999, 0.2, 1, 0.4], extent)).toEqual({ numbers: [0.99, 0.2, 1, 0.4], thin: true });
});

test("a person's unit goes before the model's, and resized pixels need pictures that are resized whole", () => {
  const model: BoxTarget = { convention: { scale: 1000, decimals: 0 }, by: "model" };
  expect(targetOf(undefined, model)).toBe(model);
  expect(targetOf(undefined)).toBe(noConvention);
  expect(targetOf("pixels", model)).toMatchObject({ convention: "pixels", by: "person" });
  expect(() => targetOf("resized-pixels", model)).toThrow(/at a size that follows from its own/);
  expect(targetOf("resized-pixels", { ...model, resized }).convention).toBe("resized pixels");
  expect(["pixels", "resized pixels", model.convention].map((c) => unitName(c as BoxTarget["convention"]))).toEqual([
    "pixels",
    "resized-pixels",
    "0-1000",
  ]);
  expect(unitWords(model.convention)).toBe("from 0 to 1000 of the picture's width and height");
});

test("an answer is JSON, with labels escaped", () => {
  const answer = boxesAnswer([{ numbers: [1, 2, 3, 4], label: 'a "b"' }, { numbers: [5, 6, 7, 8] }]);
  expect(answer).toBe('[{"bbox_2d": [1, 2, 3, 4], "label": "a \\"b\\""}, {"bbox_2d": [5, 6, 7, 8]}]');
  expect(JSON.parse(answer)).toHaveLength(2);
});

test.each<[BoxForm, number[]]>([
  [{ order: "xyxy", unit: "pixels" }, [64, 120, 320, 360]],
  [{ order: "xywh", unit: "pixels" }, [64, 120, 256, 240]],
  [{ order: "cxcywh", unit: "pixels" }, [192, 240, 256, 240]],
  [{ order: "cxcywh", unit: 1 }, [0.3, 0.5, 0.4, 0.5]],
  [{ order: "xyxy", unit: 1000 }, [100, 250, 500, 750]],
  [{ order: "yxyx", unit: 1000 }, [250, 100, 750, 500]],
])("%j is the same box", (form, numbers) => {
  for (const [i, share] of sharesOf(numbers, form, size).entries())
    expect(share).toBeCloseTo([0.1, 0.25, 0.5, 0.75][i]!, 12);
});

test.each([
  ["coco", { order: "xywh", unit: "pixels" }],
  ["YOLO ", { order: "cxcywh", unit: 1 }],
  ["xywh", { order: "xywh" }],
  ["XYXY_ABS", { order: "xyxy", unit: "pixels" }],
  ["corners", undefined],
  ["constructor", undefined],
])("the form %j", (name, form) => {
  expect(formNamed(name)).toEqual(form);
});

/** Boxes of many sizes and places, in a form. */
function boxesIn({ order, unit }: BoxForm): { numbers: number[]; size: typeof size }[] {
  const width = unit === "pixels" ? size.width : unit;
  const height = unit === "pixels" ? size.height : unit;
  return Array.from({ length: 50 }, (_, i) => {
    const [l, t] = [((i * 37) % 100) / 150, ((i * 53) % 100) / 140];
    const [w, h] = [0.05 + ((i * 29) % 28) / 100, 0.05 + ((i * 31) % 22) / 100];
    const numbers = { xyxy: [l, t, l + w, t + h], xywh: [l, t, w, h], cxcywh: [l + w / 2, t + h / 2, w, h], yxyx: [] }[
      order
    ];
    return { numbers: numbers.map((n, k) => n * (k % 2 ? height : width)), size };
  });
}

test.each(
  (["xyxy", "xywh", "cxcywh"] as const).flatMap((order) =>
    (["pixels", 1, 1000] as const).map((unit) => ({ order, unit }) satisfies BoxForm),
  ),
)("$order of $unit is told by what fits the pictures", (form) => {
  const guess = guessForm(boxesIn(form));
  expect(guess?.form).toEqual(form);
  expect(guess!.fits).toBe(50);
  expect(guess!.next!.fits).toBeLessThan(50);
});

test("what the data says of its form is not guessed, and of no boxes nothing is", () => {
  expect(guessForm(boxesIn({ order: "xywh", unit: 1 }), { order: "cxcywh" })?.form).toEqual({
    order: "cxcywh",
    unit: 1,
  });
  expect(guessForm([])).toBeUndefined();
});

const found = (value: unknown, name = "objects", labels?: unknown, classes?: string[]) => {
  const { boxes, aside, outlines } = boxesInValue(value, name, labels, classes) ?? { boxes: "none" };
  return { boxes, ...(Object.keys(aside ?? {}).length > 0 ? { aside } : {}), ...(outlines ? { outlines } : {}) };
};
const one = (label: string | undefined, form = {}) => ({
  boxes: [{ numbers: [1, 2, 30, 40], form, ...(label ? { label } : {}) }],
});
const corners = { order: "xyxy" };

test.each<[string, unknown, string, unknown, unknown]>([
  ["a list of lists", [[1, 2, 30, 40]], "bboxes", ["cat"], one("cat")],
  ["four numbers", [1, 2, 30, 40], "bbox", "cat", one("cat")],
  ["numbers as texts", ["1", "2", "30", "40.0"], "bbox", undefined, one(undefined)],
  [
    "two corners",
    [
      [1, 2],
      [30, 40],
    ],
    "box",
    undefined,
    one(undefined),
  ],
  ["a name that says the order", [[1, 2, 30, 40]], "xyxy", "cat", one("cat", corners)],
  ["objects", [{ bbox: [1, 2, 30, 40], label: "cat" }], "objects", undefined, one("cat")],
  [
    "Gemini's y in front",
    [{ box_2d: [2, 1, 40, 30], label: "cat" }],
    "objects",
    undefined,
    { boxes: [{ numbers: [2, 1, 40, 30], label: "cat", form: { order: "yxyx", unit: 1000 } }] },
  ],
  ["lists side by side", { bbox: [[1, 2, 30, 40]], category: ["cat"], id: [7] }, "objects", undefined, one("cat")],
  [
    "sides by name",
    [{ xmin: 1, ymin: 2, xmax: 30, ymax: 40, class: "cat" }],
    "annotations",
    undefined,
    one("cat", corners),
  ],
  [
    "LabelMe",
    [
      {
        label: "cat",
        points: [
          [30, 40],
          [1, 2],
        ],
        shape_type: "rectangle",
      },
    ],
    "shapes",
    undefined,
    one("cat", { order: "xyxy", unit: "pixels" }),
  ],
  [
    "an outline",
    [
      {
        label: "cat",
        points: [
          [30, 2],
          [1, 40],
          [5, 5],
        ],
      },
    ],
    "shapes",
    undefined,
    { ...one("cat", { order: "xyxy", unit: "pixels" }), outlines: 1 },
  ],
  [
    "a point",
    [{ label: "cat", points: [[30, 2]], shape_type: "point" }],
    "shapes",
    undefined,
    { boxes: [], aside: { "other shapes": 1 } },
  ],
  [
    "CreateML",
    [{ label: "cat", coordinates: { x: 1, y: 2, width: 30, height: 40 } }],
    "annotations",
    undefined,
    one("cat", { order: "cxcywh", unit: "pixels" }),
  ],
  [
    "a crowd",
    [{ bbox: [1, 2, 30, 40], label: "cat", iscrowd: 1 }],
    "objects",
    undefined,
    { boxes: [], aside: { crowd: 1 } },
  ],
  [
    "three numbers",
    [
      [1, 2, 30, 40],
      [1, 2, 3],
    ],
    "bboxes",
    "cat",
    { ...one("cat"), aside: { "not four numbers": 1 } },
  ],
  ["nothing in a list", [], "bboxes", undefined, { boxes: [] }],
  ["words", "a cat", "objects", undefined, { boxes: "none" }],
  ["names", ["cat", "dog"], "objects", undefined, { boxes: "none" }],
  ["turns", [{ role: "user", content: "Q" }], "annotations", undefined, { boxes: "none" }],
])("boxes in %s", (_, value, name, labels, expected) => {
  expect(found(value, name, labels)).toEqual(expected);
});

test("classes by number have the names of a file, or are counted as nameless", () => {
  const value = [
    { bbox: [1, 2, 30, 40], category_id: 1 },
    { bbox: [1, 2, 30, 40], category_id: 9 },
  ];
  expect(found(value, "objects", undefined, ["cat", "dog"])).toEqual({ ...one("dog"), aside: { "without a name": 1 } });
  expect(found(value)).toEqual({ boxes: [], aside: { "without a name": 2 } });
});

test("lines of YOLO: boxes, how sure a detector was, outlines", () => {
  const text = "0 0.5 0.5 0.2 0.4\n1 0.5 0.5 0.2 0.4 0.93\r\n2 0.1 0.2 0.5 0.2 0.5 0.8\n";
  expect(isYolo(text)).toBe(true);
  expect(isYolo("2 cats and 3 dogs")).toBe(false);
  const { objects, bbox_format } = yoloRecord(text);
  expect(bbox_format).toBe("yolo");
  expect(objects[0]).toEqual({ class_id: 0, bbox: [0.5, 0.5, 0.2, 0.4] });
  expect(objects[1]).toEqual({ class_id: 1, bbox: [0.5, 0.5, 0.2, 0.4] });
  const { bbox } = objects[2] as { bbox: number[] };
  expect(bbox.map((n) => +n.toFixed(6))).toEqual([0.3, 0.5, 0.4, 0.6]);
  expect(yoloRecord("").objects).toEqual([]);
});

test.each([
  ["classes.txt", "cat\r\ndog \n\n", ["cat", "dog"]],
  ["data.yaml", "path: ../x\nnc: 2\nnames: ['cat', \"big dog\"]  # two\n", ["cat", "big dog"]],
  ["data.yaml", "names:\n- cat\n- dog\nnc: 2\n", ["cat", "dog"]],
  ["data.yaml", "train: a\nnames:\n  0: cat\n  1: 'dog'\n\ndownload: |\n  x\n", ["cat", "dog"]],
  ["data.yaml", "names: {0: cat, 1: dog}", ["cat", "dog"]],
  ["data.yaml", "names:\n  [cat,\n   dog]\n", ["cat", "dog"]],
  ["data.yaml", "nc: 2", undefined],
  ["compose.yaml", "services:\n  a: b", undefined],
])("names of classes in %s %j", (name, text, names) => {
  expect(classNamesOf(name, text)).toEqual(names);
});

const voc = `<?xml version="1.0"?><!-- made by hand --><annotation><filename>a.jpg</filename>
<size><width>640</width><height>480</height><depth>3</depth></size>
<object><name>cat &amp; dog</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30.0</xmax><ymax>40</ymax></bndbox>
<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part></object>
<object><name>x</name></object></annotation>`;

test("an annotation of Pascal VOC: its own box, not that of a part", () => {
  expect(vocRecord(voc)).toEqual({
    objects: [
      { name: "cat & dog", bbox: [1, 2, 30, 40] },
      { name: "x", bbox: [Number.NaN, Number.NaN, Number.NaN, Number.NaN] },
    ],
    bbox_format: "pascal_voc",
    width: 640,
    height: 480,
  });
  expect(vocRecord(voc.replace("<width>640</width>", "<width>0</width>"))).not.toHaveProperty("width");
  expect(vocRecord("<html/>")).toBeUndefined();
});

test.each(["<a><b></a>", "<a>", "no tags", "", "</a>", `${"<a>".repeat(100)}`])("no XML: %j", (text) => {
  expect(() => parseXml(text)).toThrow();
});

test("what is done to boxes is counted", () => {
  const writer = new BoxWriter({ convention: { scale: 1000, decimals: 0 }, by: "model" });
  const form = { order: "xyxy", unit: "pixels" } as const;
  const box = (...numbers: number[]) => ({ numbers, form });
  const answer = (...boxes: ReturnType<typeof box>[]) =>
    writer.write({ boxes, aside: { crowd: 1 }, outlines: 0 }, () => form, size);
  expect(answer(box(64, 120, 700, 360), box(10, 10, 10, 20), box(-50, 0, -10, 20))).toEqual([
    { numbers: [100, 250, 1000, 750], label: undefined },
  ]);
  // There were objects, and none gives a box: to answer "none" would be wrong.
  expect(answer(box(10, 10, 10, 20))).toBeUndefined();
  expect(writer.write({ boxes: [], aside: {}, outlines: 0 }, () => form)).toEqual([]);
  expect(writer.notes()).toEqual([
    "1 box of 2 rows, read as left, top, right, bottom in pixels, is written as left, top, right, bottom from 0 to 1000 of the picture's width and height, as this model's publisher writes them.",
    "1 box reaches beyond its picture and is clipped at the edge.",
    "1 box lies outside of its picture and is left out.",
    "2 boxes have no width or height and are left out.",
    "2 objects stand for crowds and are left out.",
    "1 row has no box, and the answer is [].",
  ]);
  expect(new BoxWriter(noConvention).notes()).toEqual([]);
});

test("boxes that a crop cuts are told, where the size of their picture is known", () => {
  const seen = (): [number, number, number, number] => [0.25, 0, 0.75, 1];
  const writer = new BoxWriter({ convention: { scale: 1000, decimals: 0 }, by: "model", seen });
  const form = { order: "xyxy", unit: 1 } as const;
  const write = (numbers: number[], data?: typeof size) =>
    writer.write({ boxes: [{ numbers, form }], aside: {}, outlines: 0 }, () => form, data);
  write([0.3, 0, 0.7, 1], size);
  expect(writer.notes()).toHaveLength(1);
  write([0.2, 0, 0.7, 1], size);
  write([0.8, 0, 0.9, 1], size);
  write([0.2, 0, 0.7, 1]);
  expect(writer.notes()[1]).toBe(
    "2 boxes reach beyond the crop that this model sees of their pictures (1 other not looked at: no size of their pictures is known); make the pictures square to have them seen whole.",
  );
});

const cup = (...numbers: number[]): string => `[{"bbox_2d": [${numbers.join(", ")}], "label": "cup"}]`;
const whole: Shown = { part: [0, 0, 1, 1], size, resized: { width: 644, height: 476 } };
const placed = (answer: string, unit: string | undefined, shown: Shown = whole) =>
  placedBoxes(answer, unit, shown).map(({ label, left, top, right, bottom }) => [label, left, top, right, bottom]);

test.each([
  ["0-1000", [100, 250, 500, 750]],
  ["pixels", [64, 120, 320, 360]],
  ["resized-pixels", [64.4, 119, 322, 357]],
  ["0-1", [0.1, 0.25, 0.5, 0.75]],
  // Nobody has to say it of numbers up to 1.
  [undefined, [0.1, 0.25, 0.5, 0.75]],
])("a box in %s is placed on its picture", (unit, numbers) => {
  expect(placed(cup(...numbers), unit)).toEqual([["cup", 0.1, 0.25, 0.5, 0.75]]);
});

test("on a crop boxes lie where their things are, and those beside it are not drawn", () => {
  const crop: Shown = { part: [0.25, 0, 0.75, 1], size };
  expect(placed(cup(250, 0, 500, 500), "0-1000", crop)).toEqual([["cup", 0, 0, 0.5, 0.5]]);
  expect(placed(cup(0, 0, 500, 500), "0-1000", crop)).toEqual([["cup", 0, 0, 0.5, 0.5]]);
  expect(placed(cup(0, 0, 200, 500), "0-1000", crop)).toEqual([]);
});

test("in a square with margins above and below, boxes keep their things", () => {
  const square: Shown = { part: [0, -0.5, 1, 1.5], size };
  expect(placed(cup(0, 0, 1000, 1000), "0-1000", square)).toEqual([["cup", 0, 0.25, 1, 0.75]]);
});

test("a box that the unit cannot mean is not drawn", () => {
  expect(placed(cup(100, 250, 1500, 750), "0-1000")).toEqual([]);
  expect(placed(cup(100, 250, 500, 750), undefined)).toEqual([]);
  expect(placed(cup(100, 250, 500, 750), "resized-pixels", { part: [0, 0, 1, 1], size })).toEqual([]);
  expect(placed("no box", "0-1000")).toEqual([]);
});

test("no file makes its reader try every way to read it", () => {
  const files: [(text: string) => unknown, string][] = [
    [isYolo, `${"1\n".repeat(5000)}x`],
    [isYolo, `${"1 0 1 0 1\n".repeat(5000)}x`],
    ...[
      `<${"a".repeat(1e6)}`,
      `</${"a".repeat(1e6)}`,
      "<!--".repeat(3e5),
      "<![CDATA[".repeat(2e5),
      `<a${" b".repeat(5e5)}`,
    ].map((text): [(text: string) => unknown, string] => [(given) => expect(() => vocRecord(given)).toThrow(), text]),
    [(text) => classNamesOf("data.yaml", text), `names: {${"1".repeat(1e6)}}`],
  ];
  for (const [read, text] of files) {
    const began = performance.now();
    read(text);
    expect(performance.now() - began, text.slice(0, 20)).toBeLessThan(3000);
  }
});

test("a class that a list leaves out has no name, and none is made up for it", () => {
  expect(classNamesOf("data.yaml", "names: {0: cat, 2: dog}")).toEqual(["cat", "", "dog"]);
  expect(labelOf(1, ["cat", "", "dog"])).toBeUndefined();
});
