/** Decoding: what the cache may not change, where an answer ends, what is refused. Answers themselves: workers/engine/oracle.test.ts. */
import { afterEach, beforeAll, expect, test } from "vitest";
import type { Example } from "../data/example.ts";
import type { LoadedModel } from "../models/open.ts";
import { goldenExamples, loadGoldenModel, openGolden, recipeWith } from "../testing/golden.ts";
import { type Chat, createChat, type GenerateOptions, type Prompt } from "./generate.ts";

let model: LoadedModel;
let examples: Example[];
let chat: Chat | undefined;

beforeAll(async () => {
  const golden = await openGolden("llava-mha");
  model = await loadGoldenModel(golden, recipeWith(golden, "b"));
  examples = await goldenExamples(golden, model);
});
afterEach(async () => {
  await chat?.dispose();
  chat = undefined;
});

const open = async (contextRows = 400, tiles = 2): Promise<Chat> => {
  await chat?.dispose();
  chat = await createChat(model.vlm, undefined, { contextRows, tiles });
  return chat;
};
/** No token of this small model's answers is the end: lengths are what the tests say. */
const greedy = (changes: Partial<GenerateOptions> = {}): GenerateOptions => ({
  maxNewTokens: 5,
  eosIds: [],
  temperature: 0,
  topP: 1,
  seed: 0,
  ...changes,
});
const promptOf = ({ inputIds, images, pixels }: Example): Prompt => ({ inputIds, images, pixels });
const longer = (prompt: Prompt, ids: number[]): Prompt => ({
  ...prompt,
  inputIds: Int32Array.from([...prompt.inputIds, ...ids]),
});

test("a conversation that goes on answers from the cache as one that is read anew", async () => {
  const prompt = promptOf(examples[0]!);
  const c = await open();
  const first = await c.generate(prompt, false, greedy());
  const fed: number[] = [];
  const next = longer(prompt, [...first.ids, 20, 21]);
  const again = await c.generate(next, false, greedy({ onPrefill: (tokens) => fed.push(tokens) }));
  // Only what is new: the answer's last token was never fed, and two more follow.
  expect(fed).toEqual([3]);
  expect((await (await open()).generate(next, false, greedy())).ids).toEqual(again.ids);
});

test("another picture in the same place is looked at", async () => {
  const [a, b] = [promptOf(examples[0]!), promptOf(examples[3]!)];
  const swapped = { ...a, images: b.images, pixels: b.pixels };
  const c = await open();
  await c.generate(a, false, greedy());
  const fed: number[] = [];
  const answer = await c.generate(swapped, false, greedy({ onPrefill: (tokens) => fed.push(tokens) }));
  expect(fed).toEqual([a.inputIds.length]);
  expect((await (await open()).generate(swapped, false, greedy())).ids).toEqual(answer.ids);
});

test("a prompt of several passes is read as a whole: its answer goes on where a shorter one stopped", async () => {
  const words = Int32Array.from({ length: 300 }, (_, i) => (i === 0 ? 1 : 30 + ((i * 37) % 1300)));
  const prompt: Prompt = { inputIds: words, images: [], pixels: new Uint8Array(0) };
  const whole = (await (await open()).generate(prompt, false, greedy({ maxNewTokens: 6 }))).ids;
  const rest = await (await open()).generate(longer(prompt, whole.slice(0, 3)), false, greedy({ maxNewTokens: 3 }));
  expect(rest.ids).toEqual(whole.slice(3));
});

test("where an answer ends", async () => {
  const prompt = promptOf(examples[0]!);
  const c = await open(prompt.inputIds.length + 4);
  const full = await c.generate(prompt, false, greedy({ maxNewTokens: 9 }));
  expect(full).toMatchObject({ stopped: "full", ids: { length: 4 } });
  const end = full.ids[2]!;
  const until = full.ids.indexOf(end) + 1;
  expect(await c.generate(prompt, false, greedy({ eosIds: [end] }))).toEqual({
    stopped: "eos",
    ids: full.ids.slice(0, until),
  });
  expect(await c.generate(prompt, false, greedy({ onToken: () => true }))).toEqual({
    stopped: "user",
    ids: full.ids.slice(0, 1),
  });
});

test("what does not fit is refused, and the next question is answered", async () => {
  const prompt = promptOf(examples[0]!);
  const c = await open(prompt.inputIds.length + 8, 1);
  const expected = await c.generate(prompt, false, greedy());
  await expect(c.generate(longer(prompt, Array(20).fill(20)), false, greedy())).rejects.toThrow(/tokens; \d+ fit/);
  const two = { ...prompt, images: [...prompt.images, ...prompt.images] };
  await expect(c.generate(two, false, greedy())).rejects.toThrow(/2 picture tiles; 1 fit/);
  expect(await c.generate(prompt, false, greedy())).toEqual(expected);
});
