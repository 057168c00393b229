/** Questions for the chat: of held-out rows where a run holds some out, as they were corrected, with the bytes of their files. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { changed, noChanges, writeChanges } from "../data/index/changes.ts";
import type { Message } from "../data/rows/row.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { type PreparationSpec, preparationOf } from "../models/preparation.ts";
import type { DroppedFile } from "../protocol/dataset.ts";
import { parseRecipe } from "../recipe.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import { openGolden, openGoldenModel } from "../testing/golden.ts";

let kept: Store;
vi.mock("./state.ts", () => ({ store: async () => kept }));
vi.mock("./supplies.ts", () => ({ supplyOf: () => undefined }));
const { browsedFrom, changesOf } = await import("./browsing.ts");
const { firstQuestion, picturesOfRow, questionsOf } = await import("./questions.ts");

let spec: PreparationSpec;
let files: DroppedFile[];
let id: string;
beforeAll(async () => {
  const golden = await openGolden("own-tiny");
  spec = (await openGoldenModel(golden, parseRecipe({}))).preparation;
  const folder = `${golden.dataFolder}/images`;
  const pictures = readdirSync(folder).map((name) => Uint8Array.from(readFileSync(`${folder}/${name}`)));
  files = Array.from({ length: 12 }, (_, n) => ({
    path: `in/${n}.png`,
    blob: new Blob([pictures[n % pictures.length]!]),
  }));
  const rows = files.map(({ path }, n) =>
    JSON.stringify({ image: path, question: `What is ${n}?`, answer: `Thing ${n}.` }),
  );
  files.push({ path: "rows.jsonl", blob: new Blob([rows.join("\n")]) });
});
beforeEach(async () => {
  kept = memoryStore();
  id = (await prepareDataset(kept, { files, label: "drop" }, preparationOf(spec), () => {})).info.id;
});

const text = (words: string): Message["content"][number] => ({ type: "text", text: words });

test("rows from all over, each with its answer; what was left out is not asked, what was corrected is asked so", async () => {
  expect(await questionsOf(id, spec, {}, 3)).toEqual(
    [2, 6, 10].map((n) => ({
      ...{ position: n, question: `What is ${n}?`, right: `Thing ${n}.`, pictures: 1, heldOut: false },
    })),
  );
  const { key } = await changesOf(id);
  const corrected: Message[] = [
    { role: "user", content: [{ type: "image" }, text("And this?")] },
    { role: "assistant", content: [text("That.")] },
  ];
  const edit = changed(changed(noChanges, { leaveOut: 2 }), { edit: 10, messages: corrected });
  await writeChanges(kept, key!, edit);
  const now = await questionsOf(id, spec, {}, 12);
  expect(now.map(({ position }) => position)).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(now.find(({ position }) => position === 10)).toMatchObject({ question: "And this?", right: "That." });
});

test("held-out rows alone where a run holds some out", async () => {
  const recipe = { eval_strategy: "steps", eval_split: 0.3, seed: 5 };
  const { rows } = await browsedFrom(id, spec, recipe);
  const held = [...rows!.notTrained.keys()].sort((a, b) => a - b);
  const asked = await questionsOf(id, spec, recipe, 50);
  expect(asked.map(({ position, heldOut }) => [position, heldOut])).toEqual(held.map((position) => [position, true]));
  expect(held.length).toBeGreaterThan(1);
});

test("a question's pictures are the bytes of their files", async () => {
  const source = { kind: "files" as const, label: "drop", files };
  const [picture, ...more] = await picturesOfRow(source, id, { position: 4, pictures: 1 }, () => {});
  expect(more).toEqual([]);
  // By its bytes, whatever it is called.
  expect([picture!.name, picture!.blob.type]).toEqual(["4.png", "image/jpeg"]);
  expect(await picture!.blob.arrayBuffer()).toEqual(await files[4]!.blob.arrayBuffer());
  const without = { ...source, files: files.filter(({ path }) => path !== "in/4.png") };
  await expect(picturesOfRow(without, id, { position: 4, pictures: 1 }, () => {})).rejects.toThrow(
    "in/4.png is no longer among the files",
  );
});

test("the first question of a conversation, with the pictures up to it", () => {
  const system: Message = { role: "system", content: [text("Be short.")] };
  const user = (...content: Message["content"]): Message => ({ role: "user", content });
  const said: Message = { role: "assistant", content: [text("Yes. ")] };
  const image = { type: "image" } as const;
  expect(firstQuestion([system, user(image, text("Is it?"), image), said, user(image, text("Sure?")), said])).toEqual({
    ...{ question: "Is it?", pictures: 2, right: "Yes." },
  });
  expect(firstQuestion([user(text("Is it?"))])).toEqual({ question: "Is it?", pictures: 0, right: undefined });
  expect(firstQuestion([user(text(" ")), said])).toBeUndefined();
  expect(firstQuestion([said])).toBeUndefined();
});
