/** A data set whose rows are prepared when they are asked for is the same as one that is prepared whole. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { memoryStore } from "../../storage/memory.ts";
import type { Store } from "../../storage/store.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { createPrefetch } from "../batches/prefetch.ts";
import { createSampler } from "../batches/sampler.ts";
import type { Example } from "../example.ts";
import type { RowPreparation } from "../prepare-example.ts";
import { FOOTER_BYTES } from "../rows/limits.ts";
import { writtenDataSet } from "../rows/parquet-data-set.ts";
import type { InputFile } from "../rows/read-rows.ts";
import { type Dataset, openDataset } from "./dataset.ts";
import { type PreparedDataset, type PrepareOptions, prepareDataset } from "./prepare-dataset.ts";

let preparation: RowPreparation;
let pictures: Uint8Array[];
beforeAll(async () => {
  const golden = await openGolden("own-tiny");
  preparation = preparationOf((await openGoldenModel(golden, parseRecipe({}))).preparation);
  pictures = readdirSync(`${golden.dataFolder}/images`)
    .sort()
    .map((name) => Uint8Array.from(readFileSync(`${golden.dataFolder}/images/${name}`)));
});

const blob = (bytes: Uint8Array | string): Blob =>
  new Blob([typeof bytes === "string" ? bytes : new Uint8Array(bytes)]);
const lines = (records: unknown[]): Blob => blob(records.map((record) => JSON.stringify(record)).join("\n"));

/** Twelve rows, their pictures in files; some picture may be damaged. */
const folder = (broken: number[] = []): InputFile[] => [
  ...pictures.map((bytes, i) => ({
    path: `images/${i}.png`,
    blob: blob(broken.includes(i) ? bytes.slice(0, bytes.length - 40) : bytes),
  })),
  {
    path: "train.jsonl",
    blob: lines(pictures.map((_, i) => ({ image: `images/${i}.png`, question: "What?", answer: `It is ${i}.` }))),
  },
];

const embedded = (): InputFile[] => [
  {
    path: "train.jsonl",
    blob: lines(
      pictures.map((bytes, i) => ({
        image: Buffer.from(bytes).toString("base64"),
        question: "What?",
        answer: `It is ${i}.`,
      })),
    ),
  },
];

const onDemand = (store: Store, files: InputFile[], kept: PrepareOptions = {}): Promise<PreparedDataset> =>
  prepareDataset(store, { files, label: "drop" }, preparation, () => {}, { wholeRows: 0, ...kept });
const whole = (store: Store, files: InputFile[]): Promise<PreparedDataset> =>
  prepareDataset(store, { files, label: "drop" }, preparation, () => {});
const open = async (store: Store, { info, supply }: PreparedDataset): Promise<Dataset> =>
  (await openDataset(store, info.id, supply && ((rows) => supply.prepare(rows))))!;
const allOf = (dataset: Dataset): Promise<Example[]> =>
  Promise.all(Array.from({ length: dataset.rows }, (_, i) => dataset.read(i)));

describe.each([
  ["pictures in files", async () => folder()],
  ["pictures in the records", async () => embedded()],
  [
    "pictures in a Parquet file",
    async () => [{ path: "train.parquet", blob: (await writtenDataSet(folder(), {}, () => {})).file }],
  ],
])("%s", (_, filesOf) => {
  test("each row is what it is in a set that is prepared whole, with its place", async () => {
    const files = await filesOf();
    const [a, b] = [memoryStore(), memoryStore()];
    const dataset = await open(a, await onDemand(a, files));
    const reference = await open(b, await whole(b, files));
    expect([dataset.onDemand, reference.onDemand]).toEqual([true, false]);
    expect(dataset.rows).toBe(12);
    expect(await allOf(dataset)).toEqual(await allOf(reference));
    expect(await dataset.sourceOf(7)).toBe(await reference.sourceOf(7));
    expect(dataset.longest).toBeGreaterThanOrEqual(reference.longest);
  });

  test("another worker finds the index, and makes the same rows again", async () => {
    const files = await filesOf();
    const store = memoryStore();
    const before = await allOf(await open(store, await onDemand(store, files)));
    const again = await onDemand(store, files);
    expect(again.supply!.cached.rows).toBe(12);
    await store.delete(await store.keys(`dataset/${again.info.id}/row/`));
    const fresh = await onDemand(store, files);
    expect(fresh.supply!.cached.rows).toBe(0);
    expect(await allOf(await open(store, fresh))).toEqual(before);
  });
});

test("reading prepares nothing; a row is prepared once, when it is asked for or named as coming", async () => {
  const store = memoryStore();
  const prepared = await onDemand(store, folder());
  const dataset = await open(store, prepared);
  expect(prepared.supply!.cached.rows).toBe(0);
  const seen: string[] = [];
  await prepared.supply!.prepare([3, 4], (source) => seen.push(source));
  await prepared.supply!.prepare([4, 5], (source) => seen.push(source));
  expect(seen).toEqual(["train.jsonl line 4", "train.jsonl line 5", "train.jsonl line 6"]);
  dataset.soon([7, 8]);
  await expect.poll(() => prepared.supply!.cached.rows).toBe(5);
});

test("no more bytes than the budget are kept, and what was let go is made again", async () => {
  const store = memoryStore();
  const all = await allOf(await open(store, await onDemand(store, folder())));
  const tight = memoryStore();
  const prepared = await onDemand(tight, folder(), { budget: 3 * 2048, leastRows: 1 });
  const dataset = await open(tight, prepared);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < dataset.rows; i++) expect(await dataset.read(i)).toEqual(all[i]);
    expect(prepared.supply!.cached.bytes).toBeLessThanOrEqual(3 * 2048);
    expect((await tight.keys(`dataset/${prepared.info.id}/row/`)).length).toBe(prepared.supply!.cached.rows);
  }
});

test("a row that turns out broken is left out, told with its reason, and remembered", async () => {
  const store = memoryStore();
  const prepared = await onDemand(store, folder([2, 5]));
  expect(prepared.info).toMatchObject({ rows: 12, skipped: [] });
  const dataset = await open(store, prepared);
  await expect(dataset.read(2)).rejects.toMatchObject({
    code: "bad-row",
    message: expect.stringContaining("images/2.png"),
  });
  expect((await dataset.read(3)).row).toBe(3);
  await expect(dataset.read(5)).rejects.toMatchObject({ code: "bad-row" });
  const { skipped } = (await onDemand(store, folder([2, 5]))).info;
  expect(skipped).toMatchObject([
    { index: 2, source: "train.jsonl line 3", reason: "broken-picture" },
    { index: 5, source: "train.jsonl line 6", reason: "broken-picture" },
  ]);
});

test("without the files, rows that were prepared are read and the others ask for the files", async () => {
  const store = memoryStore();
  const prepared = await onDemand(store, folder());
  const row = await (await open(store, prepared)).read(4);
  const later = (await openDataset(store, prepared.info.id))!;
  expect(await later.read(4)).toEqual(row);
  await expect(later.read(5)).rejects.toMatchObject({ code: "no-files" });
});

test("a damaged part of the index is refused by name, a damaged prepared row is made again", async () => {
  const store = memoryStore();
  const prepared = await onDemand(store, folder());
  const dataset = await open(store, prepared);
  const row = await dataset.read(1);
  const key = `dataset/${prepared.info.id}/row/1`;
  const sealed = (await store.get(key))!;
  await store.set([[key, sealed.with(200, sealed[200]! ^ 1)]], "relaxed");
  const again = await onDemand(store, folder());
  expect(await (await open(store, again)).read(1)).toEqual(row);
  const block = `dataset/${prepared.info.id}/index/0`;
  const bytes = (await store.get(block))!;
  await store.set([[block, bytes.with(9, bytes[9]! ^ 1)]], "relaxed");
  const damaged = await open(store, await onDemand(store, folder()));
  await expect(damaged.read(9)).rejects.toMatchObject({
    code: "bad-dataset",
    message: expect.stringContaining("Part 1 of 1"),
  });
});

test("a shuffled run reads each row group that it comes to once, and none of the others", async () => {
  const thousand = pictures.flatMap((bytes, i) => [...Array(84).keys()].map((k) => ({ bytes, name: `${i}-${k}.png` })));
  const folderOf = thousand.map(({ bytes, name }) => ({ path: name, blob: blob(bytes) }));
  const table = {
    path: "train.jsonl",
    blob: lines(thousand.map(({ name }) => ({ image: name, answer: `It is ${name}.` }))),
  };
  const { file } = await writtenDataSet([...folderOf, table], {}, () => {});
  let bytesRead = 0;
  const counted = (part: Blob): Blob =>
    Object.assign(part.slice(), {
      slice: (from?: number, to?: number) => counted(part.slice(from, to)),
      arrayBuffer: async () => {
        bytesRead += part.size;
        return part.arrayBuffer();
      },
    });
  const store = memoryStore();
  const prepared = await onDemand(store, [{ path: "train.parquet", blob: counted(file), lastModified: 1 }]);
  const dataset = await open(store, prepared);
  expect(dataset.parts.map(({ rows }) => rows)).toEqual([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 8]);
  const afterIndex = bytesRead;

  const shardSizes = dataset.parts.map(({ rows }) => rows);
  const sampler = {
    rows: dataset.rows,
    order: "shuffled" as const,
    seed: 3,
    shardSizes,
    batchSize: 8,
    accumulation: 1,
  };
  const load = createPrefetch(
    createSampler(sampler),
    { read: (i) => dataset.read(i), soon: (rows) => dataset.soon(rows) },
    16,
  );
  let position = { epoch: 0, index: 0 };
  const groups = new Set<number>();
  for (let step = 0; step < 20; step++) {
    const { microBatches, next } = await load(position);
    for (const { row } of microBatches.flat()) groups.add(Math.floor(row / 100));
    position = next;
  }
  expect(groups.size).toBe(4);
  await expect.poll(() => prepared.supply!.cached.rows).toBeGreaterThanOrEqual(160);
  const needed = [...groups].flatMap((group) => thousand.slice(group * 100, group * 100 + 100));
  const bytesNeeded = needed.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(bytesRead - afterIndex).toBeGreaterThan(bytesNeeded);
  expect(bytesRead - afterIndex).toBeLessThan(1.05 * bytesNeeded + FOOTER_BYTES);
  // Beside the hash of a small file, reading it without its pictures takes far fewer bytes than it has.
  expect(afterIndex - file.size).toBeLessThan(file.size / 4);
});
