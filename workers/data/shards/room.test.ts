/** Room in the browser's storage is looked at before minutes of work: it is told, and what has none is refused with nothing left behind. */
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { preparationOf } from "../../models/preparation.ts";
import { parseRecipe } from "../../recipe.ts";
import { memoryStore } from "../../storage/memory.ts";
import { openGolden, openGoldenModel } from "../../testing/golden.ts";
import { checkpointRoom } from "../../training/plan.ts";
import type { RowPreparation } from "../prepare-example.ts";
import { prepareDataset } from "./prepare-dataset.ts";
import type { DatasetProgress } from "./read-drop.ts";

let preparation: RowPreparation;
beforeAll(async () => {
  preparation = preparationOf((await openGoldenModel(await openGolden("own-tiny"), parseRecipe({}))).preparation);
});
afterEach(() => vi.unstubAllGlobals());

const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify({ question: "Which?", answer: `Number ${i}.` }));
const files = [{ path: "train.jsonl", blob: new Blob([lines.join("\n")]) }];

/** A browser that has so much room. */
const withRoom = (bytes: number): void => {
  vi.stubGlobal("navigator", { storage: { estimate: async () => ({ quota: 1e6 + bytes, usage: 1e6 }) } });
};

test("what all rows take is told with what is free, once some are prepared", async () => {
  withRoom(1e9);
  const told: DatasetProgress[] = [];
  const { info } = await prepareDataset(memoryStore(), { files, label: "drop" }, preparation, (p) => told.push(p));
  const rooms = told.flatMap(({ room }) => room ?? []);
  expect(rooms.length).toBeGreaterThan(100);
  expect(rooms[0]!.needs).toBeGreaterThan(0.5 * info.bytes);
  expect(rooms[0]!.needs).toBeLessThan(1.5 * info.bytes);
  expect(told.findIndex(({ room }) => room)).toBeGreaterThan(60);
});

test("without room it is refused after 64 rows, with both figures, and nothing stays", async () => {
  withRoom(300);
  const store = memoryStore();
  let most = 0;
  const preparing = prepareDataset(store, { files, label: "drop" }, preparation, ({ phase, rows }) => {
    if (phase === "preparing") most = Math.max(most, rows);
  });
  await expect(preparing).rejects.toMatchObject({
    code: "storage-full",
    message: expect.stringMatching(
      /^The first 64 rows of drop took [\d.]+ (bytes|MiB); the other 236 take about [\d.]+ (bytes|MiB), and this browser has room for 300 bytes\.$/,
    ),
  });
  expect(most).toBeLessThan(70);
  expect(await store.keys("")).toEqual([]);
});

test("a run keeps as many checkpoints together as its recipe says, one that is written, and the best", () => {
  const recipe = parseRecipe({ save_steps: 10, save_total_limit: 2 });
  expect(checkpointRoom(recipe, 100, 7)).toBe(3 * 7);
  expect(checkpointRoom(recipe, 15, 7)).toBe(2 * 7);
  const evaluated = parseRecipe({ save_steps: 10, save_total_limit: 2, eval_strategy: "steps" });
  expect(checkpointRoom(evaluated, 100, 7)).toBe(4 * 7);
});
