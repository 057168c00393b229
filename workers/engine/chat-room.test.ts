/** A conversation that outgrows its chat goes on in a larger one, with the answers of one that was as large from the beginning. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { ChatRequest } from "../chat/conversation.ts";
import { createChat } from "../chat/generate.ts";
import { type TestEngine, testEngine } from "../testing/engine.ts";
import { openGolden } from "../testing/golden.ts";

let engine: TestEngine;
let pictures: Blob[];
beforeAll(async () => {
  engine = await testEngine();
  await engine.api.loadModel(engine.source, engine.loading, () => {});
  const folder = `${(await openGolden("own-tiny")).dataFolder}/images`;
  pictures = readdirSync(folder).map((name) => new Blob([Uint8Array.from(readFileSync(`${folder}/${name}`))]));
});
/** The chat has this room from its beginning. */
async function withRoom(contextRows: number, tiles: number): Promise<void> {
  const { state } = engine;
  await state.chat?.dispose();
  state.chat = await createChat(state.model!.vlm, undefined, { contextRows, tiles });
}
beforeEach(() => withRoom(64, 1));

const ask = (text: string, shown: Blob[], changes: Partial<ChatRequest> = {}) =>
  engine.api.chat(
    {
      turns: [{ role: "user", text, pictures: shown }],
      ...{ maxNewTokens: 12, temperature: 0, topP: 1, seed: 0, ...changes },
    },
    () => {},
  );

test("more pictures than it had room for, then less again", async () => {
  const six = Array.from({ length: 6 }, (_, i) => pictures[i % pictures.length]!);
  const alone = await ask("What is it?", [six[0]!]);
  expect(engine.state.chat!.room.tiles).toBe(1);
  const grown = await ask("What are they?", six);
  expect(engine.state.chat!.room.tiles).toBe(6);
  expect((await ask("What is it?", [six[0]!])).ids).toEqual(alone.ids);
  await withRoom(1024, 8);
  expect((await ask("What are they?", six)).ids).toEqual(grown.ids);
});

test("an answer that fills it is cut there, and goes on as if there had been room", async () => {
  const request = { maxNewTokens: 1000, temperature: 0.9, seed: 4 };
  const cut = await ask("What is it?", [], request);
  const { contextRows } = engine.state.chat!.room;
  expect(contextRows).toBeLessThan(1000);
  expect(cut.stopped).toBe("length");
  const rest = await ask("What is it?", [], { ...request, maxNewTokens: 20, begun: cut.ids });
  expect(engine.state.chat!.room.contextRows).toBeGreaterThan(contextRows);
  await withRoom(2048, 1);
  const whole = await ask("What is it?", [], { ...request, maxNewTokens: rest.ids.length });
  expect(rest.ids).toEqual(whole.ids);
});

test("of the one likeliest token the draw is greedy", async () => {
  const drawn = { temperature: 5, seed: 9 };
  const greedy = await ask("What is it?", []);
  expect((await ask("What is it?", [], { ...drawn, topK: 1 })).ids).toEqual(greedy.ids);
  expect((await ask("What is it?", [], drawn)).ids).not.toEqual(greedy.ids);
});

test("what the model itself has no position for is refused, and the chat stays", async () => {
  const { chat } = engine.state;
  await expect(ask("word ".repeat(3000), [])).rejects.toThrow(
    /^The conversation has \d+ tokens; the model takes 2048 with the answer\.$/,
  );
  expect(engine.state.chat).toBe(chat);
});
