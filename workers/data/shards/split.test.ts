/** A validation or test split of the data: read, kept behind the other rows, counted, and trained on by nobody. */
import { beforeAll, expect, test } from "vitest";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { memoryStore } from "../../storage/memory.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { file, readAll } from "../../testing/rows.ts";
import { separateRows } from "../../training/held-out.ts";
import type { RowPreparation } from "../prepare-example.ts";
import type { InputFile } from "../rows/read-rows.ts";
import { type Dataset, openDataset } from "./dataset.ts";
import { prepareDataset } from "./prepare-dataset.ts";

let preparation: RowPreparation;
beforeAll(async () => {
  preparation = preparationOf((await openGoldenModel(await openGolden("own-tiny"), parseRecipe({}))).preparation);
});

const records = (count: number, of: string) =>
  Array.from({ length: count }, (_, i) => ({ question: `What is ${of} ${i}?`, answer: `It is ${of} ${i}.` }));
const lines = (count: number, of: string): string =>
  records(count, of)
    .map((row) => JSON.stringify(row))
    .join("\n");
const caption = (name: string): InputFile[] => [
  file(`${name}.png`, "no picture"),
  file(`${name}.txt`, `It is ${name}.`),
];

/** Sources of the rows that are trained on, and of the split's. */
async function sourcesOf(files: InputFile[]): Promise<[string[], string[], string | undefined]> {
  const rows = async (heldOut: boolean) => (await readAll(files, { heldOut })).rows.map(({ source }) => source);
  const [trained, all] = [await rows(false), await rows(true)];
  expect(all.slice(0, trained.length)).toEqual(trained);
  const { notes } = await readAll(files);
  return [trained, all.slice(trained.length), notes.find((note) => note.includes("held-out splits"))];
}

test.each<[string, InputFile[], string[], string[]]>([
  [
    "files of their own",
    [file("train.jsonl", lines(1, "a")), file("val.jsonl", lines(1, "b")), file("test.jsonl", lines(1, "c"))],
    ["train.jsonl line 1"],
    ["val.jsonl line 1"],
  ],
  [
    "a test split where there is no other",
    [file("train/rows.csv", "question,answer\nWhat?,This.\n"), file("test/rows.csv", "question,answer\nWho?,Me.\n")],
    ["train/rows.csv line 2"],
    ["test/rows.csv line 2"],
  ],
  [
    "splits inside of one file",
    [file("rows.json", JSON.stringify({ train: records(1, "a"), validation: records(2, "b"), test: records(1, "c") }))],
    ["rows.json train 1"],
    ["rows.json validation 1", "rows.json validation 2"],
  ],
  [
    "captions in folders",
    [...caption("train/a"), ...caption("val/b"), ...caption("test/c")],
    ["train/a.png"],
    ["val/b.png"],
  ],
  [
    "folders of classes",
    ["train/cat/1", "train/dog/2", "val/cat/3"].map((name) => file(`${name}.png`, name)),
    ["train/cat/1.png", "train/dog/2.png"],
    ["val/cat/3.png"],
  ],
  ["a split alone is trained on", [file("test.jsonl", lines(2, "a"))], ["test.jsonl line 1", "test.jsonl line 2"], []],
])("%s", async (_, files, trained, heldOut) => {
  const [a, b, note] = await sourcesOf(files);
  expect(a).toEqual(trained);
  expect(b).toEqual(heldOut);
  expect(note === undefined).toBe(heldOut.length === 0);
});

test("of a drop of which the first rows are read, as many of the split are", async () => {
  const files = [file("train.jsonl", lines(5, "a")), file("val.jsonl", lines(5, "b"))];
  const { rows, notes } = await readAll(files, { heldOut: true, first: { rows: 2 } });
  expect(rows.map(({ source }) => source)).toEqual([
    ...["train.jsonl line 1", "train.jsonl line 2"],
    ...["val.jsonl line 1", "val.jsonl line 2"],
  ]);
  expect(notes).toContain("The first 2 rows are read, as was asked.");
});

async function prepared(files: InputFile[], wholeRows: number) {
  const store = memoryStore();
  const { info, supply } = await prepareDataset(store, { files, label: "drop" }, preparation, () => {}, { wholeRows });
  const dataset = (await openDataset(store, info.id, supply && ((rows) => supply.prepare(rows))))!;
  return { store, info, dataset };
}

const idsOf = async (dataset: Dataset): Promise<number[][]> => {
  const all: number[][] = [];
  for (let i = 0; i < dataset.rows; i++) all.push([...(await dataset.read(i)).inputIds]);
  return all;
};

test.each([
  ["whole", 2000],
  ["on demand", 0],
])(
  "prepared %s: never trained on, held out where a run measures, and the order of the others is that without it",
  async (_, wholeRows) => {
    const train = file("train.jsonl", lines(150, "a"));
    const { store, info, dataset } = await prepared([train, file("val.jsonl", lines(9, "b"))], wholeRows);
    expect(info).toMatchObject({ rows: 150, heldOut: { split: "validation", rows: 9 } });
    const alone = await prepared([train], wholeRows);
    expect(alone.info.heldOut).toBeUndefined();
    const run = { store, runId: "r", resume: false };
    const measured = await separateRows(run, dataset, parseRecipe({ eval_strategy: "steps", eval_split: 0 }));
    const not = await separateRows(run, dataset, parseRecipe({}));
    for (const { training } of [measured, not]) {
      expect(await idsOf(training)).toEqual(await idsOf(alone.dataset));
      expect(training.parts).toEqual(alone.dataset.parts.map(({ rows }) => ({ rows })));
    }
    expect(not.heldOut).toBeUndefined();
    expect(measured.words).toBe("9 of 9 rows of the validation split are held out; the split is not trained on.");
    expect(measured.heldOut!.record).toEqual({
      from: "validation",
      positions: [...Array(9).keys()].map((i) => 150 + i),
    });
    const texts = await Promise.all([...Array(9).keys()].map((i) => measured.heldOut!.rows.sourceOf(i)));
    expect(texts).toEqual([...Array(9).keys()].map((i) => `val.jsonl line ${i + 1}`));
  },
);

test("of a large split 512 rows are enough", async () => {
  const files = [file("train.jsonl", lines(3, "a")), file("test.jsonl", lines(600, "b"))];
  const { store, dataset } = await prepared(files, 0);
  const run = { store, runId: "r", resume: false };
  const { heldOut, training, words } = await separateRows(run, dataset, parseRecipe({ eval_strategy: "steps" }));
  expect([heldOut!.rows.rows, training.rows]).toEqual([512, 3]);
  expect(words).toBe("512 of 600 rows of the test split are held out; the split is not trained on.");
});
