/** Tokens that come several at a time are those that come one by one, wherever an answer ends; and what a token costs. */

import { beforeAll, describe, expect, test } from "vitest";
import { Arena, readBack, write } from "../gpu/buffers.ts";
import type { KernelPace } from "../gpu/pace.ts";
import { type Adapter, allocateAdapter } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import { type LoadedModel, loadModel, openModel } from "../models/open.ts";
import { wordsPerValue } from "../models/token-table.ts";
import { parseRecipe } from "../recipe.ts";
import { testGpu } from "../testing/device.ts";
import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { randomArray } from "../testing/gpu.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { nextBatch } from "./decoder.ts";
import { type Chat, type ChatSettings, createChat, type GenerateOptions, type Prompt } from "./generate.ts";

let model: LoadedModel;
let adapter: Adapter;
let prompt: Prompt;
/** Token by token, and as many as a batch holds however slow the machine is. */
let single: Chat;
let batched: Chat;

const open = (changes: Partial<ChatSettings>): Promise<Chat> =>
  createChat(model.vlm, adapter, { contextRows: 300, tiles: 2, ...changes });

beforeAll(async () => {
  const golden = await openGolden("llava-mha");
  model = await loadGoldenModel(golden, recipeWith(golden, "b"));
  const { vlm, config } = model;
  adapter = allocateAdapter(
    new Arena(vlm.gpu, vlm.counters),
    config,
    { rank: 8, alpha: 16, useRslora: false },
    { training: false },
  );
  writeAdapter(vlm, adapter, (m) => ({
    loraA: randomArray(8 * m.inFeatures, m.inFeatures, 0.3),
    loraB: randomArray(8 * m.outFeatures, m.outFeatures, 0.3),
  }));
  const { inputIds, images, pixels } = (await goldenExamples(golden, model))[0]!;
  prompt = { inputIds, images, pixels };
  single = await open({ batchMs: 0 });
  batched = await open({ batchMs: Number.POSITIVE_INFINITY });
});

const drawn = { temperature: 1.2, topP: 0.9, seed: 3 };
/** No token is the end unless a test says so. */
const options = (changes: Partial<GenerateOptions> = {}): GenerateOptions => ({
  maxNewTokens: 20,
  eosIds: [],
  temperature: 0,
  topP: 1,
  seed: 0,
  ...changes,
});
const longer = (ids: number[]): Prompt => ({ ...prompt, inputIds: Int32Array.from([...prompt.inputIds, ...ids]) });

describe.each([true, false])("adapter %s", (on) => {
  test.each([
    ["greedy", {}],
    ["drawn", drawn],
  ])("%s: the same tokens, and another seed says something else", async (_, changes) => {
    const expected = await single.generate(prompt, on, options(changes));
    expect(expected.ids.length).toBe(20);
    expect(await batched.generate(prompt, on, options(changes))).toEqual(expected);
    const other = await batched.generate(prompt, on, options({ ...changes, seed: 4 }));
    expect(other.ids.join() === expected.ids.join()).toBe(changes !== drawn);
  });
});

test("the adapter says something else than the model alone", async () => {
  const [on, off] = [await batched.generate(prompt, true, options()), await batched.generate(prompt, false, options())];
  expect(on.ids).not.toEqual(off.ids);
});

test("an answer that ends inside a batch: what was computed behind it is dropped, and the conversation goes on", async () => {
  const { ids } = await single.generate(prompt, true, options(drawn));
  // After the prompt's one token come batches of 1, 2, 4 and 8, or of 8 alone: the ends lie at the border and within.
  for (const last of [1, 2, 4, 5, 9, 12, 18]) {
    const eosIds = [ids[last]!];
    const until = ids.indexOf(ids[last]!) + 1;
    const ways = [
      { changes: { eosIds }, stopped: "eos" },
      { changes: { maxNewTokens: until }, stopped: "length" },
      { changes: { onToken: stopAfter(until) }, stopped: "user" },
    ];
    const { changes, stopped } = ways[last % 3]!;
    const first = await batched.generate(prompt, true, options({ ...drawn, ...changes }));
    expect(first, `${stopped} at ${until}`).toEqual({ stopped, ids: ids.slice(0, until) });
    const fed: number[] = [];
    const next = longer([...first.ids, 20, 21]);
    const going = options({ ...drawn, maxNewTokens: 6, onPrefill: (tokens) => fed.push(tokens) });
    const again = await batched.generate(next, true, going);
    await single.generate(prompt, true, options({ ...drawn, maxNewTokens: until }));
    expect(again, `after ${stopped} at ${until}`).toEqual(await single.generate(next, true, going));
    expect(fed).toEqual([3, 3]);
  }
});

/** Asks to stop at the token with this number. */
function stopAfter(count: number): () => boolean {
  let seen = 0;
  return () => ++seen === count;
}

test("the context's end inside a batch", async () => {
  const contextRows = prompt.inputIds.length + 11;
  const chat = await open({ contextRows, batchMs: Number.POSITIVE_INFINITY });
  const { ids } = await single.generate(prompt, true, options());
  const whole = { stopped: "full", ids: ids.slice(0, 11) };
  expect(await chat.generate(prompt, true, options())).toEqual(whole);
  expect(await chat.generate(prompt, true, options()), "again, in larger batches").toEqual(whole);
  await chat.dispose();
});

test("an embedding table in CPU memory goes to the GPU for the chat, or its rows do token by token", async () => {
  const { weights, gpu } = model.vlm;
  const table = weights.embed;
  if ("bytes" in table) throw new Error("expected a small table");
  const [part] = table.parts;
  const { format, data } = part!;
  const [values] = await readBack(gpu, [data]);
  const bytes = new Uint8Array(values!.buffer, 0, table.out * table.in * 4 * wordsPerValue[format]);
  const expected = await single.generate(prompt, true, options(drawn));
  weights.embed = { format, out: table.out, in: table.in, bytes };
  try {
    for (const tableBytes of [bytes.byteLength, bytes.byteLength - 1]) {
      const chat = await open({ tableBytes, batchMs: Number.POSITIVE_INFINITY });
      expect(await chat.generate(prompt, true, options(drawn)), `limit ${tableBytes}`).toEqual(expected);
      await chat.dispose();
    }
  } finally {
    weights.embed = table;
  }
});

test("a GPU without room for a chat is told in a sentence, and goes on", async () => {
  const { device } = model.vlm.gpu;
  device.popErrorScope = async () => ({ message: "64 GB asked for" }) as GPUError;
  try {
    await expect(open({})).rejects.toMatchObject({ code: "out-of-memory" });
  } finally {
    Reflect.deleteProperty(device, "popErrorScope");
    // Both scopes of the trial are still open.
    await device.popErrorScope();
    await device.popErrorScope();
  }
  expect((await batched.generate(prompt, true, options())).ids.length).toBe(20);
});

test("a largest logit that is not finite ends the answer after the tokens before it, and the next one is right", async () => {
  const { gpu, ropeTable } = model.vlm;
  const expected = await batched.generate(prompt, true, options());
  const [table] = await readBack(gpu, [ropeTable]);
  const row = model.config.decoder.headSize;
  const poison = new Float32Array(row).fill(Number.NaN);
  // The third new token is fed there: the fourth is chosen from what it gives.
  write(gpu, ropeTable, poison, undefined, (prompt.inputIds.length + 2) * row);
  const said: number[] = [];
  const listening = options({ onToken: (id) => said.push(id) < 0 });
  await expect(batched.generate(prompt, true, listening)).rejects.toThrow(/the largest logit is NaN/);
  expect(said).toEqual(expected.ids.slice(0, 3));
  write(gpu, ropeTable, table!);
  expect(await batched.generate(prompt, true, options())).toEqual(expected);
});

test("the demo model: less than a submit and at most 64 bytes back for a token, and nothing is created", async () => {
  const demo = await openModel(await filesFromDirectory("public/demo/model"), parseRecipe({}));
  const { vlm } = await loadModel(await testGpu(), demo, undefined, () => {});
  // A GPU of one speed, whatever the machine does meanwhile: submits are cut alike in every run.
  const constant: KernelPace = {
    get secondsPerFlop() {
      return 1e-15;
    },
    set secondsPerFlop(_) {},
    get agreed() {
      return Number.POSITIVE_INFINITY;
    },
    set agreed(_) {},
  };
  vlm.pace = { flopsPerSecond: 1e15, kernels: { get: () => constant } as unknown as Map<string, KernelPace> };
  const chat = await createChat(vlm, undefined, {
    contextRows: 100,
    tiles: 1,
    batchMs: Number.POSITIVE_INFINITY,
  });
  const text: Prompt = { inputIds: Int32Array.of(1, 300, 400, 500), images: [], pixels: new Uint8Array(0) };
  const asked = options({ ...drawn, maxNewTokens: 41 });
  const first = await chat.generate(text, false, asked);
  const before = { ...vlm.counters };
  expect(await chat.generate(text, false, asked)).toEqual(first);
  const after = vlm.counters;
  for (const key of ["buffersCreated", "bindGroupsCreated", "pipelinesCreated"] as const) {
    expect(after[key], key).toBe(before[key]);
  }
  expect((after.submits - before.submits) / 41).toBeLessThan(0.75);
  expect((after.bytesRead - before.bytesRead) / 41).toBeLessThanOrEqual(8);
  await chat.dispose();
});

test("a batch takes about its time, starts small and holds a token at least", () => {
  expect(nextBatch(1, 9, 75)).toBe(2);
  expect(nextBatch(4, 40, 75)).toBe(7);
  expect(nextBatch(8, 400, 75)).toBe(1);
  expect(nextBatch(1, 900, 75)).toBe(1);
  expect(nextBatch(8, 9, 0)).toBe(1);
  expect(nextBatch(8, 9, Number.POSITIVE_INFINITY)).toBe(16);
});
