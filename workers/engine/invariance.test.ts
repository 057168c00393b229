/**
 * What must not change the numbers: how rows lie in a pass, who their neighbours are, where a run was cut. And conversations of
 * more than one turn or picture against transformers (fixtures/turns.py).
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { packExamples } from "../data/batches/pack.ts";
import { type Example, labelsOf } from "../data/example.ts";
import { prepareExample } from "../data/prepare-example.ts";
import type { ContentPart, Message, Row } from "../data/rows/row.ts";
import { view } from "../gpu/buffers.ts";
import type { DenseWeight } from "../kernels/linear/weight.ts";
import { featuresPerTile } from "../models/config.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { wordsPerValue } from "../models/token-table.ts";
import { memoryStore } from "../storage/memory.ts";
import {
  type Golden,
  type GoldenCase,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  loadGoldenModel,
  openGolden,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { relativeError } from "../testing/gpu.ts";
import { createEvaluation, type Runner } from "../training/step.ts";

const tilesOf = (examples: Example[]): number =>
  examples.reduce((sum, e) => sum + e.images.reduce((n, image) => n + image.tiles, 0), 0);

async function runnerOf(model: LoadedModel, examples: Example[]): Promise<Runner> {
  const rows = examples.reduce((sum, e) => sum + e.inputIds.length, 0);
  const features = Math.max(1, tilesOf(examples)) * featuresPerTile(model.config);
  const capacity = { rows, labelRows: rows, features };
  return createEvaluation(model.vlm, { capacity, tileCapacity: 4 });
}

const pack = (examples: Example[]) =>
  packExamples(
    examples,
    examples.map((e) => labelsOf(e, "all-text")),
  );

/** Losses of a pack cut into those of its rows. */
async function lossesByRow(runner: Runner, examples: Example[]): Promise<Float32Array[]> {
  const losses = await runner.losses(pack(examples));
  let at = 0;
  return examples.map((e) => {
    const count = labelsOf(e, "all-text")
      .subarray(1)
      .filter((label) => label !== -100).length;
    at += count;
    return losses.slice(at - count, at);
  });
}

describe("rows of a pass", () => {
  let model: LoadedModel;
  let examples: Example[];
  let runner: Runner;
  let together: Float32Array[];

  beforeAll(async () => {
    const golden = await openGolden("llava-mha");
    model = await loadGoldenModel(golden, recipeWith(golden, "b"));
    examples = (await goldenExamples(golden, model)).slice(0, 4);
    runner = await runnerOf(model, examples);
    together = await lossesByRow(runner, examples);
  });

  test("lie end to end: nothing is computed for padding", () => {
    const { rows, starts, ends } = pack(examples);
    const lengths = examples.map((e) => e.inputIds.length);
    expect(new Set(lengths).size).toBeGreaterThan(1);
    expect(rows).toBe(lengths.reduce((a, b) => a + b));
    expect(ends.filter((end, t) => t < starts[t]! || t >= end).length).toBe(0);
  });

  test("have the same losses, bit for bit, when the head is cut into parts that any adapter binds", async () => {
    const { weights } = model.vlm;
    const whole = weights.head;
    const table = whole.parts[0]!;
    const part = (from: number, to: number): DenseWeight => {
      const rowWords = table.in * wordsPerValue[table.format];
      return { ...table, out: to - from, data: view(table.data, from * rowWords, (to - from) * rowWords) };
    };
    weights.head = { ...whole, parts: [part(0, 64), part(64, 128), part(128, whole.out)] };
    try {
      expect(await lossesByRow(await runnerOf(model, examples), examples)).toEqual(together);
    } finally {
      weights.head = whole;
    }
  });

  test("do not see each other: another neighbour changes not a bit", async () => {
    const other = {
      ...examples[1]!,
      inputIds: examples[1]!.inputIds.map((id) => (id > 10 && id < 1400 ? id + 50 : id)),
    };
    const changed = await lossesByRow(runner, [examples[0]!, other, examples[2]!, examples[3]!]);
    expect(relativeError(changed[1]!, together[1]!)).toBeGreaterThan(1e-2);
    for (const row of [0, 2, 3]) expect(changed[row]).toEqual(together[row]);
  });

  test("have the losses that they have alone, in any order", async () => {
    const backwards = (await lossesByRow(runner, examples.toReversed())).reverse();
    for (const [row, example] of examples.entries()) {
      expect(relativeError(backwards[row]!, together[row]!)).toBeLessThan(2e-6);
      const [alone] = await lossesByRow(runner, [example]);
      expect(relativeError(alone!, together[row]!)).toBeLessThan(2e-6);
    }
  });
});

test("a run that is cut after every step ends in the same adapter, bit for bit", async () => {
  const golden = await openGolden("llava-mha");
  const recipe = recipeWith(golden, "c", {
    max_steps: 3,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: 1,
    lora_r: 4,
  });
  const model = await loadGoldenModel(golden, recipe);
  const files = await goldenFiles(golden);
  const run = async (store: ReturnType<typeof memoryStore>, options: { resume: boolean; stopAfter?: number }) =>
    runToEnd(model, recipe, { store, dataset: await goldenDataset(model, store, files), ...options });
  const whole = await run(memoryStore(), { resume: false });
  const store = memoryStore();
  const losses: number[] = [];
  let last = whole;
  for (let step = 1; step <= 3; step++) {
    last = await run(store, { resume: step > 1, stopAfter: step });
    losses.push(...last.records.map((r) => r.loss));
  }
  expect(losses).toEqual(whole.records.map((r) => r.loss));
  expect(last.adapter).toEqual(whole.adapter);
  expect(last.firstMoments).toEqual(whole.firstMoments);
  expect(last.secondMoments).toEqual(whole.secondMoments);
});

interface Turns {
  pictures: string[];
  messages: { role: Message["role"]; content: ContentPart[] }[];
  input_ids: number[];
  targets: number[];
  answer: number[];
  nll: number[];
}

const turns: Record<string, Turns[]> = JSON.parse(
  readFileSync(new URL("../testing/goldens/turns.json", import.meta.url), "utf8"),
);

async function exampleOf(golden: Golden, model: LoadedModel, given: Turns, index: number): Promise<Example> {
  const images = given.pictures.map((name) => ({
    path: name,
    bytes: async () => new Uint8Array(readFileSync(`${golden.dataFolder}/images/${name}`)),
  }));
  const row: Row = { index, source: `conversation ${index}`, messages: given.messages, images };
  return prepareExample(row, preparationOf(model.preparation));
}

describe.each<GoldenCase>(["llava-mha", "llava-next-mistral"])("%s", (name) => {
  test("several turns, several pictures or none, text around the picture: ids, answers and losses are transformers'", async () => {
    const golden = await openGolden(name);
    const model = await loadGoldenModel(golden, recipeWith(golden, "a", { chat_template: null }));
    const rows = turns[name]!;
    const examples = await Promise.all(rows.map((given, i) => exampleOf(golden, model, given, i)));
    rows.forEach((given, i) => {
      expect([...examples[i]!.inputIds], `row ${i}`).toEqual(given.input_ids);
      const answers = labelsOf(examples[i]!, "responses");
      expect(
        [...answers.keys()].filter((t) => answers[t] !== -100),
        `row ${i}`,
      ).toEqual(given.answer);
    });
    const runner = await runnerOf(model, examples);
    const losses = await lossesByRow(runner, examples);
    rows.forEach((given, i) => {
      const worst = losses[i]!.reduce((most, loss, k) => Math.max(most, Math.abs(loss - given.nll[k]!)), 0);
      expect(losses[i]!.length).toBe(given.nll.length);
      expect(worst, `row ${i}`).toBeLessThan(5e-5);
    });
  });
});
