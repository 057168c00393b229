/** Drops of pictures with boxes -> rows whose answers are the boxes, in the convention of a model. */
import { expect, test } from "vitest";
import { file, pngOfSize, readAll } from "../../testing/rows.ts";
import type { BoxTarget } from "../boxes/convention.ts";
import { FIND_QUESTION } from "./box-row.ts";
import type { InputFile, ReadOptions } from "./read-rows.ts";
import type { Row } from "./row.ts";

const thousandths: BoxTarget = { convention: { scale: 1000, decimals: 0 }, by: "model" };
/** 200 x 100 pixels. */
const picture = pngOfSize(200, 100);
const json = (value: unknown): string => JSON.stringify(value);

interface Answered {
  picture: string;
  question: string;
  answer: unknown;
}

const textOf = (row: Row, role: string): string =>
  row.messages
    .filter((message) => message.role === role)
    .flatMap(({ content }) => content.flatMap((part) => (part.type === "text" ? [part.text] : [])))
    .join("");

const answered = (row: Row): Answered => ({
  picture: row.images.map(({ path }) => path).join(", "),
  question: textOf(row, "user"),
  answer: JSON.parse(textOf(row, "assistant")),
});

async function read(files: InputFile[], options: ReadOptions = { boxTarget: thousandths }) {
  const { rows, skipped, notes, error } = await readAll(files, options);
  return { rows: rows.map(answered), skipped: skipped.map(({ message }) => message), notes, error: error?.message };
}

const cat = { bbox_2d: [100, 200, 300, 600], label: "cat" };
const dog = { bbox_2d: [500, 0, 1000, 1000], label: "dog" };
const both: Answered[] = [
  { picture: "images/a.png", question: FIND_QUESTION, answer: [cat, dog] },
  { picture: "images/b.png", question: FIND_QUESTION, answer: [dog] },
];
const pictures = [file("images/a.png", picture), file("images/b.png", picture)];

const coco = {
  info: {},
  images: [
    { id: 7, file_name: "a.png", width: 200, height: 100 },
    { id: 3, file_name: "b.png", width: 400, height: 200 },
  ],
  annotations: [
    { id: 1, image_id: 3, category_id: 18, bbox: [200, 0, 200, 200], segmentation: [[1, 2, 3, 4]], iscrowd: 0 },
    { id: 2, image_id: 7, category_id: 17, bbox: [20, 20, 40, 40] },
    { id: 3, image_id: 7, category_id: 18, bbox: [100, 0, 100, 100] },
    { id: 4, image_id: 7, category_id: 18, bbox: [0, 0, 10, 10], iscrowd: 1 },
  ],
  categories: [
    { id: 17, name: "cat" },
    { id: 18, name: "dog" },
  ],
};

const voc = (name: string, ...objects: [string, number[]][]): InputFile =>
  file(
    `Annotations/${name}.xml`,
    `<annotation><size><width>200</width><height>100</height></size>${objects
      .map(
        ([label, [a, b, c, d]]) =>
          `<object><name>${label}</name><bndbox><xmin>${a}</xmin><ymin>${b}</ymin><xmax>${c}</xmax><ymax>${d}</ymax></bndbox></object>`,
      )
      .join("")}</annotation>`,
  );

const catYolo = "0 0.2 0.4 0.2 0.4";
const dogYolo = "1 0.75 0.5 0.5 1.0";

test.each<[string, InputFile[]]>([
  ["COCO", [...pictures, file("annotations/instances.json", json(coco))]],
  [
    "YOLO with data.yaml",
    [
      ...pictures,
      file("labels/a.txt", `${catYolo}\n${dogYolo}\n`),
      file("labels/b.txt", dogYolo),
      file("data.yaml", "train: images\nnc: 2\nnames: [cat, dog]\n"),
    ],
  ],
  [
    "YOLO with classes.txt beside the texts",
    [
      ...pictures,
      file("labels/a.txt", `${catYolo}\n${dogYolo}\n`),
      file("labels/b.txt", dogYolo),
      file("labels/classes.txt", "cat\ndog\n"),
    ],
  ],
  [
    "JSON lines with objects (xywh in pixels is told by what fits)",
    [
      ...pictures,
      file(
        "metadata.jsonl",
        [
          {
            file_name: "images/a.png",
            objects: {
              bbox: [
                [20, 20, 40, 40],
                [100, 0, 100, 100],
              ],
              category: ["cat", "dog"],
            },
          },
          { file_name: "images/b.png", objects: { bbox: [[100, 0, 100, 100]], category: ["dog"] } },
        ]
          .map(json)
          .join("\n"),
      ),
    ],
  ],
  [
    "columns of a table, with the format said",
    [
      ...pictures,
      file(
        "rows.json",
        json([
          {
            image: "images/a.png",
            bboxes: [
              [0.1, 0.2, 0.3, 0.6],
              [0.5, 0, 1, 1],
            ],
            labels: ["cat", "dog"],
            bbox_format: "albumentations",
          },
          { image: "images/b.png", bboxes: [[0.5, 0, 1, 1]], labels: ["dog"], bbox_format: "albumentations" },
        ]),
      ),
    ],
  ],
  [
    "LabelMe, a file beside each picture",
    [
      ...pictures,
      file(
        "images/a.json",
        json({
          shapes: [
            {
              label: "cat",
              points: [
                [60, 60],
                [20, 20],
              ],
            },
            {
              label: "dog",
              points: [
                [100, 0],
                [200, 100],
              ],
            },
          ],
          imagePath: "a.png",
          imageWidth: 200,
          imageHeight: 100,
        }),
      ),
      file(
        "images/b.json",
        json({
          shapes: [
            {
              label: "dog",
              points: [
                [100, 0],
                [200, 100],
              ],
            },
          ],
          imagePath: "b.png",
        }),
      ),
    ],
  ],
  [
    "CreateML",
    [
      ...pictures,
      file(
        "_annotations.createml.json",
        json([
          {
            image: "a.png",
            annotations: [
              { label: "cat", coordinates: { x: 40, y: 40, width: 40, height: 40 } },
              { label: "dog", coordinates: { x: 150, y: 50, width: 100, height: 100 } },
            ],
          },
          { image: "b.png", annotations: [{ label: "dog", coordinates: { x: 150, y: 50, width: 100, height: 100 } }] },
        ]),
      ),
    ],
  ],
])("%s", async (_, files) => {
  const { rows, skipped, notes } = await read(files);
  expect(rows).toEqual(both);
  expect(skipped).toEqual([]);
  expect(notes.join(" ")).toContain("3 boxes of 2 rows");
  expect(notes.join(" ")).toContain(
    "from 0 to 1000 of the picture's width and height, as this model's publisher writes",
  );
});

test("Pascal VOC, texts in a folder of their own", async () => {
  const files = [
    file("JPEGImages/a.png", picture),
    file("JPEGImages/b.png", picture),
    voc("a", ["cat", [20, 20, 60, 60]], ["dog", [100, 0, 200, 100]]),
    voc("b", ["dog", [100, 0, 200, 100]]),
  ];
  const { rows, notes } = await read(files);
  expect(rows).toEqual(both.map((row) => ({ ...row, picture: row.picture.replace("images", "JPEGImages") })));
  expect(notes.join(" ")).not.toMatch(/left aside|not read/);
});

test("each convention of a model, and what a person asks for", async () => {
  const files = [...pictures, file("annotations.json", json(coco))];
  const boxOf = async (options: ReadOptions) => (await read(files, options)).rows[0]!.answer as (typeof cat)[];
  expect((await boxOf({}))[0]).toEqual({ bbox_2d: [0.1, 0.2, 0.3, 0.6], label: "cat" });
  expect((await boxOf({ boxes: "pixels", boxTarget: thousandths }))[0]).toEqual({
    bbox_2d: [20, 20, 60, 60],
    label: "cat",
  });
  const resized: BoxTarget = {
    convention: "resized pixels",
    by: "model",
    resized: ({ width, height }) => ({ width: width * 2, height: height * 3 }),
  };
  // b.png was annotated at twice the size that it has here: shares are those of its annotation, pixels those of the picture.
  expect((await boxOf({ boxTarget: resized }))[0]).toEqual({ bbox_2d: [40, 60, 120, 180], label: "cat" });
  expect((await read(files, { boxTarget: resized })).rows[1]!.answer).toEqual([
    { bbox_2d: [200, 0, 400, 300], label: "dog" },
  ]);
  expect((await read(files, { boxes: "resized-pixels" })).error).toMatch(/pixels of the resized picture need a model/);
});

/** `picture` with an EXIF orientation. */
function turned(orientation: number): Uint8Array {
  const tiff = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0];
  const name = [...new TextEncoder().encode("eXIf")];
  return Uint8Array.from([...picture, 0, 0, 0, tiff.length, ...name, ...tiff, 0, 0, 0, 0]);
}

test("pictures that stand on their side have boxes of the upright one; an orientation that is none turns nothing", async () => {
  const row = file("rows.jsonl", json({ image: "a.png", bbox: [20, 20, 60, 60], label: "cat" }));
  const boxOf = async (bytes: Uint8Array) =>
    (await read([file("a.png", bytes), row], { boxTarget: thousandths, boxFormat: "pascal_voc" })).rows[0]!.answer;
  expect(await boxOf(picture)).toEqual([cat]);
  expect(await boxOf(turned(6))).toEqual([{ bbox_2d: [200, 100, 600, 300], label: "cat" }]);
  expect(await boxOf(turned(9))).toEqual([cat]);
});

test("the question can be another one, of all rows or of each", async () => {
  const files = [...pictures, file("annotations.json", json(coco))];
  const asked = await read(files, { boxTarget: thousandths, instruction: "Where are the animals?" });
  expect(asked.rows.map(({ question }) => question)).toEqual(Array(2).fill("Where are the animals?"));
  expect(asked.notes).toContainEqual(
    expect.stringContaining('2 records: "Where are the animals?" is asked for the boxes'),
  );
  const own = [
    ...pictures,
    file(
      "rows.jsonl",
      json({ image: "images/a.png", question: "Where is the cat?", bbox: [20, 20, 60, 60], label: "cat" }),
    ),
  ];
  expect((await read(own)).rows).toEqual([{ picture: "images/a.png", question: "Where is the cat?", answer: [cat] }]);
});

test("an answer or a caption goes before boxes, unless a mapping names them; it is told", async () => {
  const record = { image: "images/a.png", question: "What is it?", answer: "[]", bbox: [20, 20, 60, 60], label: "cat" };
  const files = [...pictures, file("rows.jsonl", json(record))];
  const plain = await read(files);
  expect(plain.rows[0]!.answer).toEqual([]);
  expect(plain.notes).toContainEqual('1 record: the boxes in "bbox" are left aside, because "answer" is the answer.');
  const mapped = await read(files, { boxTarget: thousandths, mapping: { boxes: "bbox" } });
  expect(mapped.rows[0]!.answer).toEqual([cat]);
});

test("the form is guessed over the whole file and told, and can be said", async () => {
  const line = (bbox: number[][]) =>
    json({ file_name: "images/a.png", objects: { bbox, category: bbox.map(() => "cat") } });
  // The first row alone would fit both ways.
  const files = [...pictures, file("metadata.jsonl", [line([[20, 20, 60, 60]]), line([[150, 50, 40, 40]])].join("\n"))];
  const { rows, notes } = await read(files);
  expect(rows.map(({ answer }) => answer)).toEqual([
    [{ bbox_2d: [100, 200, 400, 800], label: "cat" }],
    [{ bbox_2d: [750, 500, 950, 900], label: "cat" }],
  ]);
  expect(notes[0]).toBe(
    'metadata.jsonl: no column says how the boxes in "objects" are written; as left, top, width, height in pixels, 2 of 2 fit their pictures (1 would as xyxy).',
  );
  const said = await read(files, { boxTarget: thousandths, boxFormat: "cxcywh-pixels" });
  expect(said.rows[0]!.answer).toEqual([{ bbox_2d: [0, 0, 250, 500], label: "cat" }]);
  expect(said.notes.join(" ")).toContain("1 box reaches beyond its picture and is clipped");
});

test("pictures without a thing, and objects without a box", async () => {
  const files = [
    ...pictures,
    file("images/c.png", picture),
    file("labels/a.txt", `${catYolo}\n7 0.5 0.5 0.1 0.1\n0 0.1 0.2 0.3 0.4 0.5 0.6 0.7\n`),
    file("labels/b.txt", ""),
    file("labels/c.txt", "7 0.5 0.5 0.1 0.1\n"),
    file("data.yaml", "names: {0: cat, 1: dog}"),
  ];
  const { rows, skipped, notes } = await read(files);
  expect(rows.map(({ answer }) => answer)).toEqual([[cat], []]);
  expect(skipped).toEqual([expect.stringMatching(/classes in "objects" are numbers, and no file names them/)]);
  expect(notes).toEqual(
    expect.arrayContaining([
      "2 classes of boxes are named by data.yaml (0: cat, 1: dog).",
      "2 objects have classes whose names no file says (classes.txt or data.yaml would) and are left out.",
      "1 object has no four numbers and is left out.",
      "1 row has no box, and the answer is [].",
    ]),
  );
});

test("YOLO without names of classes is refused with what to add", async () => {
  const { error } = await read([...pictures, file("labels/a.txt", catYolo), file("labels/b.txt", dogYolo)]);
  expect(error).toMatch(/no file names them; add classes.txt with a name a line, or YOLO's data.yaml/);
});

test("a picture whose size cannot be read costs its row", async () => {
  const rows = [
    { file_name: "images/a.png", objects: { bbox: [[20, 20, 60, 60]], category: ["cat"] } },
    { file_name: "images/x.png", objects: { bbox: [[120, 20, 160, 60]], category: ["cat"] } },
  ];
  const files = [...pictures, file("images/x.png", "no picture"), file("metadata.jsonl", rows.map(json).join("\n"))];
  const { rows: read1, skipped } = await read(files);
  expect(read1).toHaveLength(1);
  expect(skipped).toEqual([expect.stringMatching(/boxes are in pixels, and the size of images\/x.png cannot be read/)]);
});

test("rows that are to be answered have the boxes as right answers", async () => {
  const { rows } = await read([...pictures, file("annotations.json", json(coco))], {
    toAnswer: true,
    boxTarget: thousandths,
  });
  expect(rows).toEqual(both);
});

test("annotations of COCO that are broken, or of no picture, are counted", async () => {
  const text = json({
    ...coco,
    annotations: [...coco.annotations, { id: 9, image_id: 99, category_id: 17, bbox: [1, 2, 3, 4] }, "no object"],
  });
  const { rows, notes } = await read([...pictures, file("annotations.json", text)]);
  expect(rows).toEqual(both);
  expect(notes).toEqual(
    expect.arrayContaining([
      "annotations.json: 1 annotation is left out: it cannot be read.",
      'annotations.json: 1 annotation is left out: its image_id is that of no picture in "images".',
      "1 object stands for a crowd and is left out.",
    ]),
  );
});

test("a validation split of COCO is told apart, and captions beside boxes are rows too", async () => {
  const captions = { images: coco.images, annotations: [{ id: 1, image_id: 7, caption: "1" }] };
  const files = [
    ...pictures,
    file("annotations/instances_train2017.json", json(coco)),
    file("annotations/instances_val2017.json", json(coco)),
    file("annotations/captions_train2017.json", json(captions)),
  ];
  const { rows, notes } = await read(files);
  expect(rows.map(({ answer }) => answer)).toEqual([1, [cat, dog], [dog]]);
  expect(notes[0]).toMatch(/^annotations\/instances_val2017.json is left aside/);
});

const swift = (assistant: string, objects: object) =>
  file(
    "rows.jsonl",
    json({
      messages: [
        { role: "user", content: "<image>Find <ref-object>." },
        { role: "assistant", content: assistant },
      ],
      images: ["images/a.png"],
      objects,
    }),
  );

test("boxes in their places of a conversation, as ms-swift writes them", async () => {
  const objects = { ref: ["the cat", "the cat"], bbox: [[20, 20, 60, 60]] };
  const said = async (assistant: string, own: object = objects, options: ReadOptions = { boxTarget: thousandths }) => {
    const { rows, skipped } = await readAll([...pictures, swift(assistant, own)], options);
    return rows[0] ? [textOf(rows[0], "user"), textOf(rows[0], "assistant")] : skipped[0]!.message;
  };
  expect(await said("<ref-object> is at <bbox>.")).toEqual(["Find the cat.", "the cat is at [100, 200, 300, 600]."]);
  expect(await said("<bbox> and <bbox>: <ref-object>")).toBe(
    "The conversation has 2 of <bbox>, and the row has 1 to put there.",
  );
  const plain = await readAll([...pictures, swift("Here: [1, 2, 3, 4]", objects)]);
  expect(plain.notes).toContain('1 record: the boxes in "objects" beside a conversation are left aside.');
});

test("pictures of COCO without an id, and several with one, have no boxes of others", async () => {
  const [a, b] = coco.images;
  const of = (images: object[], more: object[] = []) =>
    read([
      ...pictures,
      file("annotations.json", json({ ...coco, images, annotations: [...coco.annotations, ...more] })),
    ]);
  const twice = await of([a!, { ...b!, id: a!.id }]);
  expect(twice.rows).toEqual([]);
  expect(twice.error).toContain("Several pictures have the id 7");
  const { rows, skipped } = await of([a!, { ...b!, id: undefined }], [{ category_id: 17, bbox: [1, 2, 3, 4] }]);
  expect(rows).toEqual([both[0]]);
  expect(skipped).toEqual([expect.stringContaining("The picture has no id")]);
});

const two = [file("a.jpg", pngOfSize(100, 80)), file("b.jpg", pngOfSize(100, 80)), file("c.jpg", pngOfSize(100, 80))];
const answersOf = (rows: readonly Row[]): string[] => rows.map((row) => textOf(row, "assistant"));

test("lines of boxes in a CSV are the boxes of their pictures, in whatever order", async () => {
  const lines = [
    "filename,width,height,class,xmin,ymin,xmax,ymax",
    "a.jpg,100,80,dog,10,20,40,60",
    "b.jpg,100,80,dog,1,2,3,4",
    "b.jpg,100,80,dog",
    "a.jpg,100,80,cat,0,0,100,80",
    "c.jpg,100,80,,,,,",
  ];
  const { rows, skipped, notes } = await readAll([file("x.csv", lines.join("\n")), ...two], { boxes: "pixels" });
  expect(rows.map((row) => row.source)).toEqual(["x.csv line 2", "x.csv line 3", "x.csv line 6"]);
  expect(answersOf(rows)).toEqual([
    '[{"bbox_2d": [10, 20, 40, 60], "label": "dog"}, {"bbox_2d": [0, 0, 100, 80], "label": "cat"}]',
    '[{"bbox_2d": [1, 2, 3, 4], "label": "dog"}]',
    "[]",
  ]);
  expect(skipped.map(({ source, reason }) => [source, reason])).toEqual([["x.csv line 4", "bad-csv"]]);
  expect(notes.join(" ")).toMatch(/3 boxes of 3 rows, read as left, top, right, bottom in pixels/);
});

test("lines of boxes keep the split that their picture is of", async () => {
  const lines = [
    "filename,split,class,xmin,ymin,xmax,ymax",
    "a.jpg,train,dog,10,20,40,60",
    "b.jpg,test,dog,1,2,3,4",
    "b.jpg,test,cat,1,2,3,4",
  ];
  const { rows, notes } = await readAll([file("x.csv", lines.join("\n")), ...two], { boxes: "pixels" });
  expect(rows.map((row) => row.source)).toEqual(["x.csv line 2"]);
  expect(notes.join(" ")).toMatch(/1 row of the test split in x\.csv, by its split column, is left aside/);
});

test("more lines of boxes than are held are told with what to do", async () => {
  const lines = ["filename,class,xmin,ymin,xmax,ymax", ...Array(5).fill("a.jpg,dog,1,2,3,4")];
  const { error } = await readAll([file("x.csv", lines.join("\n")), ...two], { limits: { rows: 1 } });
  expect(error).toMatchObject({
    code: "bad-dataset",
    message: "x.csv has more than 4 lines of boxes.",
    remedy: "Split it and train on a part.",
  });
});

test("a box in columns of its own is an answer, and that it is one of a picture's is told", async () => {
  const record = { image: "a.jpg", label: "dog", x_min: 10, y_min: 20, x_max: 40, y_max: 60 };
  const { rows, notes } = await readAll([file("x.jsonl", JSON.stringify(record)), ...two], { boxes: "pixels" });
  expect(answersOf(rows)).toEqual(['[{"bbox_2d": [10, 20, 40, 60], "label": "dog"}]']);
  expect(notes.join(" ")).toMatch(/the box in "x_min, y_min, x_max, y_max" is the whole answer of its record/);
  const asked = { ...record, question: "Where?", answer: "left" };
  expect(answersOf((await readAll([file("x.jsonl", JSON.stringify(asked)), ...two])).rows)).toEqual(["left"]);
});

test.each([
  ["poses", "0 0.25 0.5 0.3 0.5 0.2 0.3 2 0.25 0.3 1\n"],
  ["boxes in pixels", "0 25 40 30 40\n1 3 4 5 6\n"],
])("lines of numbers that are no boxes of YOLO are no captions: %s", async (_, text) => {
  const { rows, skipped } = await readAll([
    two[0]!,
    file("a.txt", text),
    two[1]!,
    file("b.txt", "3 dogs and 2 cats play"),
  ]);
  expect(rows.map((row) => textOf(row, "assistant"))).toEqual(["3 dogs and 2 cats play"]);
  expect(skipped.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^a\.txt holds lines of numbers that are no boxes of YOLO/),
  ]);
});

test("boxes of a photo as it is stored, and not as it is shown, are told and left out", async () => {
  const row = (width: number, height: number) =>
    file("rows.jsonl", json({ image: "a.png", bbox: [20, 20, 60, 60], label: "cat", width, height }));
  const of = (orientation: number, width: number, height: number) =>
    read([file("a.png", turned(orientation)), row(width, height)], { boxFormat: "pascal_voc" });
  expect((await of(6, 200, 100)).skipped).toEqual([
    'The boxes in "bbox" were drawn in 200 x 100 pixels, and a.png is shown turned by its EXIF mark, with 100 x 200; remove that mark from the file, or draw the boxes again in the picture as it is shown.',
  ]);
  // Drawn in a larger copy that stood upright, in the picture as it is shown, and in one that is not turned by a quarter.
  for (const [orientation, width, height] of [
    [8, 400, 800],
    [6, 100, 200],
    [3, 200, 100],
  ] as const)
    expect((await of(orientation, width, height)).skipped).toEqual([]);
});

test("a folder that is dropped without a name is called the drop", async () => {
  const { error } = await readAll([two[0]!, file("a.txt", "0 0.25 0.5 0.3 0.5\n")]);
  expect(error?.message).toMatch(/^None of the 1 row in the drop can be used; the first one \(a\.jpg\): /);
});
