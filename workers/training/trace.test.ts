/** A loss that is not a number is told with the row that it comes from, and the place in the model where it begins. */
import { beforeAll, expect, test } from "vitest";
import type { Dataset } from "../data/shards/dataset.ts";
import { tensorBytes } from "../gpu/buffers.ts";
import type { Adapter } from "../models/adapter.ts";
import { readAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import { openGoldenRun, runToEnd } from "../testing/golden.ts";
import type { RunOptions } from "./open-run.ts";
import { largestOf } from "./trace.ts";

let model: LoadedModel;
let recipe: Recipe;
let store: Store;
let dataset: Dataset;

beforeAll(async () => {
  ({ model, recipe, store, dataset } = await openGoldenRun("llava-mha", "a", {
    ...{ load_in_4bit: true, max_steps: 3, per_device_train_batch_size: 4, gradient_accumulation_steps: 1 },
    ...{ data_order: "sequential", save_steps: 100 },
  }));
});

const train = (options: Partial<RunOptions> = {}) => runToEnd(model, recipe, { store, dataset, ...options });

/** Makes LoRA's B of a layer's down projection so large that its output is beyond f32. */
async function overflow(adapter: Adapter, layer: number): Promise<void> {
  const values = new Map((await readAdapter(model.vlm, adapter)).map((m) => [m.module, m]));
  for (const [name, m] of values) if (name.includes(`layers.${layer}.mlp.down_proj`)) m.loraB.fill(3e38);
  writeAdapter(model.vlm, adapter, (m) => values.get(m.module)!);
}

test("an adapter that has grown beyond f32 is named by its layer, with all rows, and the rate is to blame", async () => {
  let step = 0;
  const run = train({
    runId: "grown",
    onGradients: async (n, adapter) => {
      step = n;
      if (n === 2) await overflow(adapter, 1);
    },
  });
  await expect(run).rejects.toMatchObject({
    code: "non-finite-loss",
    message: expect.stringMatching(
      /^Step 3 gave a loss of NaN and a gradient norm of NaN: all 4 of its rows do so; in the first, .+, values stop being numbers in layer 2 \(the largest before it is [\d.]+, in layer 1\)\.$/,
    ),
    remedy: "Lower the learning rate, then go on from the last checkpoint.",
  });
  expect(step).toBe(3);
});

test("a row that alone is at fault is named with its source, and is to be taken out", async () => {
  const rows = await Promise.all([0, 1, 2, 3].map((i) => dataset.read(i)));
  const others = new Set(rows.filter((_, i) => i !== 2).flatMap((row) => [...row.inputIds]));
  const own = [...rows[2]!.inputIds].find((id) => !others.has(id))!;
  expect(own).toBeDefined();
  const { embed } = model.vlm.weights;
  if ("bytes" in embed) throw new Error("this model's table lies on the GPU");
  const { data, format, in: size } = embed.parts[0]!;
  const width = format === "f32" ? 4 : 2;
  const { queue } = model.vlm.gpu.device;
  expect(tensorBytes(data.length)).toBeGreaterThan(own * size * width);
  // All bits set are NaN in each format.
  queue.writeBuffer(data.buffer, data.offset + own * size * width, new Uint8Array(size * width).fill(255));
  const error = await train({ runId: "row" }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({
    code: "non-finite-loss",
    message: expect.stringMatching(/: it comes from .+ alone; values stop being numbers in the token embeddings/),
    remedy: expect.stringMatching(/take it out of the data/),
  });
  expect((error as Error).message).toContain(await dataset.sourceOf(2));
});

test("magnitudes", () => {
  expect(largestOf(Float32Array.of(1, -3, 2))).toBe(3);
  expect(largestOf(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY))).toBeNaN();
  expect(largestOf(Float32Array.of(1, Number.NEGATIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
});
