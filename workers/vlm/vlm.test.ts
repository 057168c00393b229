/** The chat alone answers as the engine does, and says what it cannot do. */
import { unzipSync } from "fflate";
import { beforeAll, expect, test } from "vitest";
import type { Gpu } from "../gpu/device.ts";
import { type TestEngine, testEngine } from "../testing/engine.ts";
import type { FileGiven } from "./protocol.ts";
import { conversationOf } from "./question.ts";
import { createVlm } from "./vlm.ts";
import type { VlmApi } from "./worker-api.ts";

let engine: TestEngine;
let runId: string;
let adapter: FileGiven[];
let model: FileGiven[];

/** On the engine's own GPU, which a chat that ends would take along. */
const lentGpu = (): Gpu =>
  new Proxy(engine.state.gpu!, {
    get(gpu, name) {
      const value = gpu[name as keyof Gpu] as unknown;
      if (name === "destroy") return () => {};
      return typeof value === "function" ? value.bind(gpu) : value;
    },
  });
const chat = (): VlmApi => createVlm({ gpu: async () => lentGpu(), cache: () => engine.state.weightCache() });
const given = () => ({ model, adapter, loading: engine.loading });

beforeAll(async () => {
  engine = await testEngine();
  if (engine.source.kind !== "folder") throw new Error("The test's model is a folder.");
  model = engine.source.files;
  await engine.api.loadModel(engine.source, engine.loading, () => {});
  const run = { ...engine.recipe, max_steps: 2, learning_rate: 0.05 };
  runId = (await engine.api.train({ recipe: run, datasetId: engine.datasetId }, () => {})).id;
  const zip = await engine.api.downloadAdapter(runId);
  const files = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  adapter = Object.entries(files).map(([path, bytes]) => ({
    path,
    blob: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }));
});

test("base and adapter answer as in the trainer's chat", async () => {
  const vlm = chat();
  const info = await vlm.load(given(), () => {});
  expect(info).toMatchObject({ id: engine.state.model!.id, adapter: true });
  const turns = [{ role: "user" as const, text: "What is it?", pictures: [] }];
  const settings = { maxNewTokens: 12, temperature: 0, topP: 1, seed: 0 };
  const messages = [{ role: "user" as const, content: "What is it?" }];
  for (const by of [{ runId }, undefined]) {
    const expected = await engine.api.chat({ turns, adapter: by, ...settings }, () => {});
    const heard: string[] = [];
    const question = { messages, adapter: by !== undefined, sampling: { maxNewTokens: 12 } };
    const answer = await vlm.answer(question, (text) => heard.push(text));
    expect(answer.ids).toEqual(expected.ids);
    expect(answer.text).toBe(expected.text);
    expect(heard.length).toBeGreaterThan(1);
    // The last character may be half of one.
    expect(answer.text.startsWith(heard.at(-1)!)).toBe(true);
  }
});

test("the cost is told from headers, and another model is refused before a weight is read", async () => {
  const cost = await chat().cost({ model, loading: engine.loading });
  expect(cost).toMatchObject({ fetchBytes: 0, licence: "" });
  expect(cost.gpuBytes).toBeGreaterThan(0);
  const phases: string[] = [];
  const loading = chat().load({ ...given(), modelId: "another" }, ({ phase, fraction }) =>
    phases.push(phase + fraction),
  );
  await expect(loading).rejects.toMatchObject({
    code: "bad-adapter",
    message: expect.stringContaining("another model"),
  });
  expect(phases).toEqual(["reading0"]);
});

test("files that are no adapter are refused", async () => {
  const files = [{ path: "notes.txt", blob: new Blob(["x"]) }];
  await expect(chat().load({ ...given(), adapter: files }, () => {})).rejects.toMatchObject({ code: "bad-adapter" });
});

test("a question needs a model", async () => {
  const question = { messages: [{ role: "user" as const, content: "What?" }] };
  await expect(chat().answer(question, () => {})).rejects.toMatchObject({ code: "bad-argument" });
});

const picture = new Blob(["a picture"]);
const text = (words: string) => ({ type: "text" as const, text: words });
const image = { type: "image" as const };

test("pictures without a place open the first question; a system message stands apart", () => {
  const messages = [
    { role: "system" as const, content: "Be short." },
    { role: "user" as const, content: "What?" },
    { role: "assistant" as const, content: "A mug." },
    { role: "user" as const, content: "And?" },
  ];
  expect(conversationOf({ messages, images: [picture] })).toEqual({
    system: "Be short.",
    turns: [
      { role: "user", content: [image, text("What?")] },
      { role: "assistant", content: [text("A mug.")] },
      { role: "user", content: [text("And?")] },
    ],
  });
});

test("pictures keep the places that image parts give them, and their numbers have to agree", () => {
  const messages = [{ role: "user" as const, content: [text("Is"), image, text("this?")] }];
  expect(conversationOf({ messages, images: [picture] }).turns[0]!.content).toEqual([text("Is"), image, text("this?")]);
  expect(() => conversationOf({ messages, images: [picture, picture] })).toThrow("1 image part, and 2 pictures");
  expect(() => conversationOf({ messages: [{ role: "assistant", content: "Yes." }] })).toThrow("no question");
});
