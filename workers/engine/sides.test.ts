/** Base and adapters of runs answer in turns, as side by side has it: each as if it were alone, and without memory for a second adapter. */
import { beforeAll, expect, test } from "vitest";
import type { AdapterChoice, ChatResult } from "../chat/conversation.ts";
import { type TestEngine, testEngine } from "../testing/engine.ts";
import { putOnSaved } from "./put-on.ts";
import { inTurn } from "./turns.ts";

let engine: TestEngine;
/** Of one shape and two learning rates; of another rank. */
let [one, other, wide]: AdapterChoice[] = [];

const train = async (changes: Record<string, unknown>): Promise<AdapterChoice> => {
  const { api, recipe, datasetId } = engine;
  const run = { ...recipe, max_steps: 2, learning_rate: 0.05, ...changes };
  return { runId: (await api.train({ recipe: run, datasetId }, () => {})).id };
};

beforeAll(async () => {
  engine = await testEngine();
  await engine.api.loadModel(engine.source, engine.loading, () => {});
  one = await train({});
  other = await train({ seed: 7, learning_rate: 0.2 });
  wide = await train({ lora_r: 6 });
});

const turns = [
  { role: "user" as const, text: "What is it?", pictures: [] },
  { role: "assistant" as const, text: "A thing.", pictures: [] },
  { role: "user" as const, text: "And what else?", pictures: [] },
];
const ask = (adapter?: AdapterChoice, changes = {}): Promise<ChatResult> =>
  engine.api.chat({ turns, adapter, maxNewTokens: 12, temperature: 0.8, topP: 0.95, seed: 5, ...changes }, () => {});

/** Its answer on an engine that has spoken by nobody else: the chat is opened anew. */
async function alone(adapter?: AdapterChoice): Promise<number[]> {
  await engine.api.unpause();
  return (await ask(adapter)).ids;
}

test("whoever answers after whom says what it says alone; adapters of one shape take turns in the same buffers", async () => {
  const speakers = [undefined, one, other, wide];
  const expected = new Map<AdapterChoice | undefined, number[]>();
  for (const who of speakers) expected.set(who, await alone(who));
  expect(new Set([...expected.values()].map((ids) => ids.join())).size, "they differ").toBe(4);

  for (const who of [one, undefined, one, other, one, other, undefined, other, wide, one, wide, undefined, other]) {
    expect((await ask(who)).ids).toEqual(expected.get(who));
  }

  const { counters } = engine.state.model!.vlm;
  const { adapter } = engine.state.live!;
  const { buffersCreated, bytesAllocated, pipelinesCreated } = counters;
  for (const who of [one, other, undefined, one]) expect((await ask(who)).ids).toEqual(expected.get(who));
  expect(engine.state.live!.adapter).toBe(adapter);
  expect(counters).toMatchObject({ buffersCreated, bytesAllocated, pipelinesCreated });
});

test("an answer says what the change of adapters took", async () => {
  await ask(one);
  expect((await ask(one)).changeSeconds).toBe(0);
  expect((await ask()).changeSeconds).toBe(0);
  expect((await ask(one)).changeSeconds).toBe(0);
  expect((await ask(other)).changeSeconds).toBeGreaterThan(0);
});

test("an adapter that is put on as it was saved says at which step", async () => {
  const { state } = engine;
  expect(await inTurn(state, () => putOnSaved(state, other!, ""))).toBe(2);
  const again = await ask(other);
  expect(again.changeSeconds).toBe(0);
  expect(await inTurn(state, () => putOnSaved(state, other!, ""))).toBe(2);
  expect((await ask(other)).ids).toEqual(again.ids);
});

test("an adapter that cannot be read is told, and the one before still speaks", async () => {
  const before = await ask(one);
  await expect(ask({ runId: "no such run" })).rejects.toMatchObject({
    message: expect.stringContaining("not in the browser's storage"),
  });
  expect((await ask(one)).ids).toEqual(before.ids);
});

test("a system prompt is part of what is asked", async () => {
  const plain = await ask(undefined, { temperature: 0 });
  const system = await ask(undefined, { temperature: 0, system: "You are a pirate." });
  expect(system.ids).not.toEqual(plain.ids);
  expect((await ask(undefined, { temperature: 0, system: "" })).ids).toEqual(plain.ids);
});
