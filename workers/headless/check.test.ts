/** `check`: what a run keeps on disk, sound, damaged and mended. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFsStore } from "../storage/fs.ts";
import { shell } from "../testing/shell.ts";
import { loadLatest } from "../training/saved/load.ts";
import { appendLog } from "../training/saved/log.ts";
import { saveRunInfo } from "../training/saved/runs.ts";
import { saveGeneration } from "../training/saved/save.ts";
import { RUN } from "./train.ts";

let out: string;
beforeAll(async () => {
  out = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-check-"));
  const store = await openFsStore(path.join(out, "checkpoints"));
  await saveRunInfo(store, {
    ...{ id: RUN, createdAt: "2026-11-29T00:00:00Z", modelId: "m", modelLabel: "tiny", modelConfig: {} },
    ...{ datasetId: "d", datasetLabel: "cats", maxSteps: 4, status: "stopped", recipe: {} },
  });
  for (const step of [2, 4]) {
    const tensors = [{ name: "a", data: new Uint8Array(250).fill(step) }];
    await saveGeneration(store, RUN, { step, state: { step }, tensors });
  }
  await appendLog(store, RUN, [
    { step: 1, loss: 1, gradNorm: 1, learningRate: 1, targetTokens: 1, tokens: 1, seconds: 1 },
  ]);
});
afterAll(() => fs.rmSync(out, { recursive: true, force: true }));

async function check(
  ...more: string[]
): Promise<{ code: number; found: { checked: number; damage: object[] }; error: string }> {
  const { code, out: said, err } = await shell("check", ...more);
  return { code, found: said.length > 0 ? JSON.parse(said.join("")) : undefined, error: err.at(-1) ?? "" };
}

test("a sound store, a damaged one, and what --repair takes away", async () => {
  expect(await check("--out", out)).toMatchObject({ code: 0, found: { damage: [] } });
  const values = path.join(out, "checkpoints", "values");
  const chunk = fs
    .readdirSync(values)
    .filter((name) => name.includes("chunk"))
    .sort()
    .at(-1)!;
  const bytes = fs.readFileSync(path.join(values, chunk));
  fs.writeFileSync(path.join(values, chunk), bytes.with(100, 7));
  const { code, found, error } = await check("--out", out);
  const place = "the checkpoint of step 4 (piece 1 of 1 is not what was written)";
  expect([code, found.damage]).toEqual([
    1,
    [{ place, follows: "The checkpoint goes; that of step 2 stays.", mended: false }],
  ]);
  expect(JSON.parse(error)).toMatchObject({ code: "bad-checkpoint", remedy: expect.stringContaining("--repair") });
  expect(await check("--out", out, "--repair")).toMatchObject({
    code: 0,
    found: { damage: [{ place, mended: true }] },
  });
  expect(await check("--out", out)).toMatchObject({ code: 0, found: { damage: [] } });
  const store = await openFsStore(path.join(out, "checkpoints"));
  expect(await loadLatest(store, RUN)).toMatchObject({ step: 2 });
});

test("a folder without a store is refused, and none is made", async () => {
  const empty = path.join(out, "empty");
  const { code, error } = await check("--out", empty);
  expect([code, JSON.parse(error)]).toMatchObject([1, { code: "missing-file" }]);
  expect(fs.existsSync(empty)).toBe(false);
});
