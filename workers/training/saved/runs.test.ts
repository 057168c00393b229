import { beforeEach, expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import type { StepRecord } from "../events.ts";
import { changeAbout } from "./about.ts";
import { appendLog, readLog, truncateLog } from "./log.ts";
import { type RunInfo, SCHEMA } from "./run-info.ts";
import { deleteRun, listRuns, readRunInfo, saveRunInfo, setRunStatus, sweepDeleted } from "./runs.ts";
import { saveGeneration } from "./save.ts";

const record = (step: number): StepRecord => ({
  step,
  loss: 1 / step,
  gradNorm: 0.1 * step,
  learningRate: 2e-5,
  targetTokens: 40,
  tokens: 400,
  seconds: 1.5,
});
const records = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => record(from + i));
const info = (id: string, createdAt = "2026-11-23T10:00:00.000Z"): Omit<RunInfo, "schema"> => ({
  id,
  createdAt,
  modelId: "m",
  modelConfig: { model_type: "llava" },
  modelLabel: "tiny-llava",
  datasetId: "d",
  datasetLabel: "cats.zip",
  maxSteps: 500,
  status: "running",
  recipe: { learning_rate: 2e-5 },
});

let store: Store;
beforeEach(() => {
  store = memoryStore();
});

test("the log comes back in the order of steps, with every digit", async () => {
  await appendLog(store, "r", records(1, 5));
  await appendLog(store, "r", []);
  await appendLog(store, "r", records(6, 10));
  await appendLog(store, "r", records(11, 105));
  await appendLog(store, "other", records(1, 3));
  expect(await readLog(store, "r")).toEqual({ records: records(1, 105), missing: 0 });
});

test.each([0, 1, 4, 5, 6, 7, 12, 99])(
  "on resume from step %i the records after it go, and can be made again",
  async (step) => {
    await appendLog(store, "r", records(1, 5));
    await appendLog(store, "r", records(6, 10));
    await appendLog(store, "r", records(11, 12));
    await truncateLog(store, "r", step);
    expect((await readLog(store, "r")).records).toEqual(records(1, Math.min(step, 12)));
    await appendLog(store, "r", records(step + 1, step + 9));
    expect((await readLog(store, "r")).records.at(-1)).toEqual(record(step + 9));
  },
);

test("a damaged batch is a gap that is counted, never a wrong number", async () => {
  await appendLog(store, "r", records(1, 5));
  await appendLog(store, "r", records(6, 10));
  const key = (await store.keys("run/r/log/"))[0]!;
  const bytes = (await store.get(key))!;
  await store.set([[key, bytes.with(80, bytes[80]! ^ 1)]], "relaxed");
  expect(await readLog(store, "r")).toEqual({ records: records(6, 10), missing: 1 });
});

test("runs are listed newest first, with what is stored of them", async () => {
  await saveRunInfo(store, info("old", "2026-11-22T10:00:00.000Z"));
  await saveRunInfo(store, info("new"));
  for (const step of [25, 50, 75]) {
    await saveGeneration(store, "new", { step, state: {}, tensors: [{ name: "a", data: new Uint8Array(300) }] });
  }
  await appendLog(store, "new", records(1, 401));
  const runs = await listRuns(store);
  expect(runs.map((run) => run.id)).toEqual(["new", "old"]);
  expect(runs[0]).toMatchObject({
    modelLabel: "tiny-llava",
    datasetLabel: "cats.zip",
    step: 75,
    maxSteps: 500,
    status: "interrupted",
    bytes: 600,
    lastLoss: 1 / 401,
    recipe: { learning_rate: 2e-5 },
  });
  expect(runs[0]!.losses.length).toBe(200);
  expect([runs[0]!.losses[0], runs[0]!.losses.at(-1)]).toEqual([1, 1 / 401]);
  expect(runs[1]).toMatchObject({ step: 0, bytes: 0, lastLoss: null, losses: [] });
});

test("a status is kept", async () => {
  await saveRunInfo(store, info("r"));
  await setRunStatus(store, "r", "done");
  expect((await readRunInfo(store, "r"))!.status).toBe("done");
  expect((await listRuns(store))[0]!.status).toBe("done");
  await expect(setRunStatus(store, "x", "done")).rejects.toMatchObject({ code: "bad-checkpoint" });
});

test("a run with a damaged record is listed all the same", async () => {
  await saveRunInfo(store, info("r"));
  await saveGeneration(store, "r", { step: 25, state: {}, tensors: [] });
  await store.set([["run/r/info", Uint8Array.of(1)]], "relaxed");
  expect(await listRuns(store)).toMatchObject([
    { id: "r", modelLabel: "(damaged record)", step: 25, status: "interrupted" },
  ]);
});

test("a run of a newer version is listed, said to be so, and not read", async () => {
  await saveRunInfo(store, info("r"));
  await store.set([["run/r/info", await sealJson({ ...info("r"), schema: SCHEMA + 1 })]], "relaxed");
  expect((await listRuns(store))[0]!.modelLabel).toBe("(This run was saved by a newer version of TabTune.)");
  await expect(readRunInfo(store, "r")).rejects.toMatchObject({ code: "bad-checkpoint" });
});

test("a record with a field that is not what it should be names the field", async () => {
  await store.set([["run/r/info", await sealJson({ ...info("r"), schema: SCHEMA, maxSteps: "many" })]], "relaxed");
  await expect(readRunInfo(store, "r")).rejects.toMatchObject({ message: expect.stringContaining("maxSteps") });
});

test("delete removes all of one run, and a removal that dies part way can be repeated", async () => {
  for (let writes = 0; writes <= 4; writes++) {
    store = memoryStore();
    for (const id of ["r", "r2"]) {
      await saveRunInfo(store, info(id));
      await saveGeneration(store, id, { step: 25, state: {}, tensors: [{ name: "a", data: new Uint8Array(10) }] });
      await appendLog(store, id, records(1, 25));
    }
    const kept = await store.keys("run/r2/");
    let left = writes;
    const dying: Store = {
      ...store,
      delete: async (keys) => {
        if (left-- <= 0) throw new Error("killed");
        await store.delete(keys);
      },
    };
    await deleteRun(dying, "r").catch((error: Error) => expect(error.message).toBe("killed"));
    if (writes < 4) expect((await listRuns(store)).map((run) => run.id)).toContain("r");
    await deleteRun(store, "r");
    expect(await store.keys("")).toEqual(kept);
  }
});

test("a run has the name and note that it was given; damaged words cost only themselves", async () => {
  await saveRunInfo(store, info("r"));
  expect((await listRuns(store))[0]).toMatchObject({ name: "", note: "" });
  await changeAbout(store, "r", { name: " Pirate ", note: "rank 16 was enough" });
  await changeAbout(store, "r", { note: "rank 8 was enough" });
  expect((await listRuns(store))[0]).toMatchObject({ name: "Pirate", note: "rank 8 was enough" });
  await store.set([["run/r/about", new TextEncoder().encode("torn")]], "strict");
  expect((await listRuns(store))[0]).toMatchObject({ id: "r", name: "" });
  await expect(changeAbout(store, "r", { name: "x".repeat(121) })).rejects.toMatchObject({
    code: "bad-argument",
    message: "The name has 121 characters; at most 120 are kept.",
  });
  await expect(changeAbout(store, "gone", { name: "x" })).rejects.toMatchObject({ code: "bad-checkpoint" });
  expect(await store.keys("run/gone/")).toEqual([]);
});

test("a deletion is taken back, or swept when its time is over", async () => {
  for (const id of ["kept", "old", "new"]) await saveRunInfo(store, info(id));
  await appendLog(store, "old", records(1, 3));
  await changeAbout(store, "kept", { name: "mine", deletedAt: 100 });
  await changeAbout(store, "old", { deletedAt: 200 });
  await changeAbout(store, "new", { deletedAt: 900 });
  expect(await listRuns(store)).toEqual([]);
  await changeAbout(store, "kept", { deletedAt: undefined });
  expect((await listRuns(store)).map(({ id, name }) => [id, name])).toEqual([["kept", "mine"]]);
  await sweepDeleted(store, 500);
  expect(await store.keys("run/old/")).toEqual([]);
  await changeAbout(store, "new", { deletedAt: undefined });
  expect((await listRuns(store)).map(({ id }) => id).sort()).toEqual(["kept", "new"]);
});
