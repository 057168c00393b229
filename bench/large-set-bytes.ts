/**
 * Which bytes of a large data set a shuffled run of 500 steps of 8 rows reads, counted: its rows are indexed and prepared as the page does,
 * for the demo model. One JSON line. No browser and no GPU.
 *
 *     python reference/make_large_dataset.py /tmp/large-set
 *     node scripts/run-ts.mjs /bench/large-set-bytes.ts /tmp/large-set
 *
 * A minute: 4,000 pictures are decoded. From a hub: `workers/data/hub/on-demand.test.ts`.
 */
import { createPrefetch } from "../workers/data/batches/prefetch.ts";
import { createSampler } from "../workers/data/batches/sampler.ts";
import { openDataset } from "../workers/data/shards/dataset.ts";
import { prepareDataset } from "../workers/data/shards/prepare-dataset.ts";
import { dataFiles } from "../workers/headless/open.ts";
import { openModel } from "../workers/models/open.ts";
import { preparationOf } from "../workers/models/preparation.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { memoryStore } from "../workers/storage/memory.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";

const STEPS = 500;
const BATCH = 8;

export async function main([set = ""]: string[]): Promise<number> {
  const { preparation } = await openModel(await filesFromDirectory("public/demo/model"), parseRecipe({}));
  let bytesRead = 0;
  const counted = (part: Blob): Blob =>
    Object.assign(part.slice(), {
      slice: (from?: number, to?: number) => counted(part.slice(from, to)),
      arrayBuffer: async () => {
        bytesRead += part.size;
        return part.arrayBuffer();
      },
    });
  const { files, label } = await dataFiles(set);
  const drop = { label, files: files.map((file) => ({ ...file, blob: counted(file.blob as Blob) })) };
  const bytes = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const store = memoryStore();
  const { info, supply } = await prepareDataset(store, drop, preparationOf(preparation), () => {});
  if (!supply) throw new Error("a set that is prepared whole: take a larger one");
  const toIndex = bytesRead;

  const dataset = (await openDataset(store, info.id, (rows) => supply.prepare(rows)))!;
  const shardSizes = dataset.parts.map(({ rows }) => rows);
  const order = { rows: dataset.rows, order: "shuffled" as const, seed: 42, shardSizes };
  const load = createPrefetch(createSampler({ ...order, batchSize: BATCH, accumulation: 1 }), dataset, BATCH);
  const ends = shardSizes.map((_, n) => shardSizes.slice(0, n + 1).reduce((sum, rows) => sum + rows, 0));
  const parts = new Set<number>();
  let rows = 0;
  let position = { epoch: 0, index: 0 };
  for (let step = 0; step < STEPS; step++) {
    const { microBatches, next } = await load(position);
    for (const { row } of microBatches.flat()) {
      parts.add(ends.findIndex((end) => row < end));
      rows += 1;
    }
    position = next;
  }
  const toTrain = bytesRead - toIndex;
  const found = {
    steps: STEPS,
    rows,
    preparedRows: supply.cached.rows,
    rowGroups: parts.size,
    ofRowGroups: ends.length,
  };
  // Row groups are alike: each has its share of the bytes.
  const needed = Math.round((bytes * parts.size) / ends.length);
  process.stdout.write(`${JSON.stringify({ ...found, bytes, toIndex, toTrain, needed, ratio: toTrain / needed })}\n`);
  return 0;
}
