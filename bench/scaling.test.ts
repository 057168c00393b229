import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dryRun } from "../workers/handover/scale.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { betweenMarks } from "./marks.ts";
import { scales, scalingText } from "./scaling.ts";

const all = scales();

test("docs/scaling.md has what the cost model says", () => {
  const page = readFileSync(new URL("../docs/scaling.md", import.meta.url), "utf8");
  expect(page).toBe(betweenMarks(page, "scaling", scalingText(all)));
});

test("more processes are faster only as long as they have rows", () => {
  for (const { places } of all) {
    const at = (processes: number, rows: number) =>
      places.find((p) => p.processes === processes && p.rowsPerStep === rows && !p.where.startsWith("tab"))!;
    expect(at(8, 8).stepSeconds).toBeLessThan(at(1, 8).stepSeconds);
    expect(at(64, 512).tokensPerSecond).toBeGreaterThan(at(8, 64).tokensPerSecond);
    expect(at(64, 512).rowsOnEach).toBe(8);
  }
});

test("the sentences of the page hold: an hour, an evening, days, and processes without rows", () => {
  const tiny = all.find(({ model }) => model === "tiny-llava")!.places;
  const hours = (where: string, rows: number) => {
    const place = tiny.find((p) => p.where === where)!;
    return ((rows / place.rowsPerStep) * place.stepSeconds) / 3600;
  };
  expect(hours("tab, GeForce RTX 4060", 4000)).toBeLessThan(1.1);
  expect(hours("tab, Apple M2", 4000)).toBeLessThan(5);
  expect(hours("tab, GeForce RTX 4060", 100_000)).toBeGreaterThan(12);
  expect(hours("tab, GeForce RTX 4060", 100_000)).toBeLessThan(24);
  const seven = all.find(({ model }) => model === "LLaVA-1.5 7B")!;
  expect(seven.places.find(({ where }) => where === "tab, Apple M2")!.stepSeconds * 500).toBeGreaterThan(23 * 3600);
  expect(seven.places.find(({ where }) => where === "one GPU")!.bytesOnEach).toBeLessThan(12e9);
  const { empty_places, rows_per_rank } = dryRun(parseRecipe({}), { steps: 500, trainable: 1 }, 64);
  expect([empty_places, rows_per_rank]).toEqual([56, [0, 1]]);
});

test("a step's rows lie on every number of processes, each row once", () => {
  for (const rows of [1, 3, 8, 12, 100])
    for (const ranks of [1, 2, 3, 8, 64]) {
      const recipe = parseRecipe({ per_device_train_batch_size: rows });
      const { rows_per_rank, micro_batches, micro_batch, empty_places } = dryRun(
        recipe,
        { steps: 1, trainable: 10 },
        ranks,
      );
      expect(micro_batch * micro_batches * ranks - empty_places).toBe(rows);
      expect(rows_per_rank[1]! - rows_per_rank[0]!).toBeLessThanOrEqual(1);
      expect(micro_batch * micro_batches).toBeGreaterThanOrEqual(rows_per_rank[1]!);
    }
});
