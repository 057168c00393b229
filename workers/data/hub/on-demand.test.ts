/** A data set of a hub whose rows are prepared on demand: what is listed and prepared of it is what moves. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { memoryStore } from "../../storage/memory.ts";
import { type FakeHub, startFakeHub } from "../../testing/fake-hub.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { noise, parquetOf } from "../../testing/hub-data.ts";
import type { RowPreparation } from "../prepare-example.ts";
import { openDataset } from "../shards/dataset.ts";
import { prepareDataset } from "../shards/prepare-dataset.ts";
import { type HubDataSet, lookUpDataSet } from "./look-up.ts";
import { hubFiles } from "./open.ts";

let hub: FakeHub;
let set: HubDataSet;
let preparation: RowPreparation;
/** Of one picture: what stands behind a JPEG's end is not looked at, and makes it as large as a photograph. */
let pictureBytes: number;
beforeAll(async () => {
  const golden = await openGolden("own-tiny");
  preparation = preparationOf((await openGoldenModel(golden, parseRecipe({}))).preparation);
  const jpeg = readFileSync(`${golden.dataFolder}/images/001.jpg`);
  const picture = (n: number): Uint8Array => new Uint8Array(Buffer.concat([jpeg, noise(20_000, n)]));
  pictureBytes = picture(0).length;
  const files = new Map<string, Uint8Array>();
  for (let n = 0; n < 3; n++)
    files.set(`data/train-0000${n}-of-00003.parquet`, await parquetOf(300, { from: 300 * n, picture }));
  const cardData = { dataset_info: { splits: [{ name: "train", num_examples: 900 }] } };
  hub = await startFakeHub({ kind: "datasets", name: "someone/pictures", files, cardData });
  set = await lookUpDataSet({ repo: "someone/pictures", revision: "main" }, hub.endpoint, {
    fetchFile: fetch,
    token: "",
  });
});
afterAll(() => hub.close());

test("the list of all rows costs their texts, and a row its row group, once", async () => {
  const files = await hubFiles(set, {
    http: { fetchFile: fetch, token: "" },
    sizes: { block: 16_384, piece: 2 ** 20 },
  });
  const store = memoryStore();
  const { supply, info } = await prepareDataset(store, { files, label: "hub" }, preparation, () => {}, {
    wholeRows: 0,
  });
  expect(info.rows).toBe(900);
  expect(hub.sent).toBeLessThan(set.bytes / 10);
  const listed = hub.sent;

  const dataset = (await openDataset(store, info.id, (rows) => supply!.prepare(rows)))!;
  const rows = await Promise.all([405, 499, 401, 450].map((row) => dataset.read(row)));
  expect(rows.map(({ row, images }) => [row, images.length])).toEqual([405, 499, 401, 450].map((row) => [row, 1]));
  const group = 100 * pictureBytes;
  expect(hub.sent - listed).toBeGreaterThan(0.9 * group);
  expect(hub.sent - listed).toBeLessThan(1.2 * group);
});
