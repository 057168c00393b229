/** A whole training run beside PyTorch's, made by reference/goldens/cases.py. */
import { expect, test } from "vitest";
import { memoryStore } from "../storage/memory.ts";
import {
  goldenDataset,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";

test("50 steps with 4-bit weights, clipping and a cosine schedule do not drift from PyTorch's", async () => {
  const golden = await openGolden("own-tiny");
  const recipe = recipeWith(golden, "drift");
  const model = await loadGoldenModel(golden, recipe);
  const dataset = await goldenDataset(model, memoryStore(), await goldenFiles(golden));
  const { records } = await runToEnd(model, recipe, { dataset, loraInit: goldenInit(golden, "drift"), stopAfter: 50 });
  const { steps } = golden.expected.runs.drift!;
  expect(records).toHaveLength(steps.length);
  expect(steps.at(-1)!.loss).toBeLessThan(0.7 * steps[0]!.loss);
  const drift = records.map((record, i) => Math.abs(record.loss / steps[i]!.loss - 1));
  expect(Math.max(...drift)).toBeLessThan(1e-4);
});
