/** The cases that reference/make_goldens.py makes: sizes that are no powers of two, rows that are no whole number of 4-bit blocks. */
import { describe, expect, test } from "vitest";
import { memoryStore } from "../storage/memory.ts";
import {
  type GoldenCase,
  goldenDataset,
  goldenExamples,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  openGoldenModel,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";

test.each<[GoldenCase, string]>([
  ["own-gqa", "a"],
  ["own-mha", "c"],
  ["own-next", "a"],
])("%s: ids and tiles of every row", async (name, run) => {
  const golden = await openGolden(name);
  const examples = await goldenExamples(golden, await openGoldenModel(golden, recipeWith(golden, run)));
  expect(examples.map((e) => [...e.inputIds])).toEqual(golden.expected.rows.map((row) => row.input_ids));
  expect(examples.map((e) => e.images[0]!.tiles)).toEqual(golden.expected.rows.map((row) => row.n_tiles));
});

describe.each<[GoldenCase, string, number]>([
  ["own-gqa", "drift", 2],
  ["own-next", "a", 1],
])("%s run %s", (name, run, stopAfter) => {
  test("loss and gradient norm of the first steps", async () => {
    const golden = await openGolden(name);
    const recipe = recipeWith(golden, run);
    const model = await loadGoldenModel(golden, recipe);
    const dataset = await goldenDataset(model, memoryStore(), await goldenFiles(golden));
    const { records } = await runToEnd(model, recipe, { dataset, loraInit: goldenInit(golden, run), stopAfter });
    expect(records).toHaveLength(stopAfter);
    records.forEach((record, i) => {
      const expected = golden.expected.runs[run]!.steps[i]!;
      expect(record.targetTokens).toBe(expected.n_targets);
      expect(Math.abs(record.loss - expected.loss), `loss of step ${i + 1}`).toBeLessThan(1e-5);
      expect(Math.abs(record.gradNorm / expected.grad_norm - 1), `norm of step ${i + 1}`).toBeLessThan(1e-4);
    });
  });
});
