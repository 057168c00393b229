/** Jobs in the store: what was answered is there after whatever end, once, in order; a damaged block costs what lies behind it. */
import { beforeEach, expect, test } from "vitest";
import { noChanges } from "../data/index/changes.ts";
import { memoryStore } from "../storage/memory.ts";
import { sealJson, unsealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import {
  BLOCK_ROWS,
  blockKey,
  changeJob,
  deleteJob,
  type JobEntry,
  listJobs,
  readEntries,
  readJob,
  readJobRows,
  readProgress,
  writeJob,
} from "./job.ts";
import { openLog } from "./log.ts";

let store: Store;
let time = 0;
const now = (): number => time;
const job: Parameters<typeof writeJob>[1] = {
  ...{ id: "j", createdAt: "2026-01-01", modelId: "m", modelLabel: "tiny", preparation: "p", adapter: null },
  ...{ datasetId: "d", datasetLabel: "icons", which: "all", rowsKey: "k", rows: 200, skipped: 0, maxNewTokens: 8 },
  ...{ metric: null, state: "open" },
};
beforeEach(async () => {
  store = memoryStore();
  time = 0;
  await writeJob(store, job, { positions: [4, 5, 9], changes: noChanges });
});

const answer = (position: number, stopped: "eos" | "length" = "eos"): JobEntry => ({
  position,
  answered: { row: position, source: `row ${position}`, pictures: [], question: "Q", answer: "A", right: [], stopped },
});
const fault = (position: number): JobEntry => ({ position, row: position, source: "s", message: "Broken." });
const positionsOf = (entries: readonly JobEntry[]) => entries.map(({ position }) => position);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test("a job is there with its rows, changes state and metric, and goes", async () => {
  expect(await readJobRows(store, "j")).toEqual({ positions: [4, 5, 9], changes: noChanges });
  await changeJob(store, "j", { metric: "anls", state: "stopped" });
  expect(await listJobs(store)).toMatchObject([{ id: "j", metric: "anls", state: "stopped", answered: 0 }]);
  await (await openLog(store, "j")).add(answer(0));
  await deleteJob(store, "j");
  expect(await store.keys("")).toEqual([]);
  await expect(readJob(store, "j")).rejects.toMatchObject({ code: "bad-argument", remedy: "Start a new one." });
});

test("a worker that is killed costs the answers of a second at most; who goes on has each row once", async () => {
  const log = await openLog(store, "j", now);
  for (const position of upTo(BLOCK_ROWS + 10)) {
    time += 100;
    await log.add(
      position % 10 === 3 ? fault(position) : answer(position, position % 10 === 4 ? "length" : "eos"),
      0.1,
    );
  }
  // No flush: the worker is gone.
  const again = await openLog(store, "j", now);
  const kept = again.done;
  expect(kept).toBeGreaterThanOrEqual(BLOCK_ROWS);
  expect(kept).toBeGreaterThan(BLOCK_ROWS + 10 - 11);
  for (const position of upTo(200).slice(kept)) await again.add(answer(position));
  await again.flush();
  const { entries, sizes } = await readEntries(store, "j");
  expect(positionsOf(entries)).toEqual(upTo(200));
  const { bytes, answered, unanswered, seconds } = await readProgress(store, "j");
  expect(bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  expect([answered + unanswered, unanswered]).toEqual([200, upTo(kept).filter((n) => n % 10 === 3).length]);
  expect(seconds).toBeGreaterThan(6);
});

test("rows that the reader left out are told and are no rows to answer", async () => {
  const log = await openLog(store, "j");
  await log.add({ position: null, row: 7, source: "rows.jsonl line 8", message: "No picture." });
  await log.add(answer(0, "length"));
  expect([log.done, log.progress]).toMatchObject([1, { answered: 1, unanswered: 1, cut: 1 }]);
});

test("a damaged block, and what lies behind it, is answered again", async () => {
  const log = await openLog(store, "j");
  for (const position of upTo(3 * BLOCK_ROWS)) await log.add(answer(position));
  const key = blockKey("j", 1);
  const block = (await store.get(key))!;
  block[100]! ^= 1;
  await store.set([[key, block]], "relaxed");
  const again = await openLog(store, "j");
  expect([again.done, again.lost]).toEqual([BLOCK_ROWS, 2 * BLOCK_ROWS]);
  await again.add(answer(BLOCK_ROWS));
  await again.flush();
  expect(positionsOf((await readEntries(store, "j")).entries)).toEqual(upTo(BLOCK_ROWS + 1));
});

test("a full disk is told, and what was written stays", async () => {
  store = memoryStore({ quotaBytes: 4000 });
  await writeJob(store, job, { positions: [0], changes: noChanges });
  const log = await openLog(store, "j", now);
  const add = async (): Promise<void> => {
    for (const position of upTo(BLOCK_ROWS)) {
      time += 1000;
      await log.add(answer(position));
    }
  };
  await expect(add()).rejects.toMatchObject({ code: "storage-full" });
  expect((await readEntries(store, "j")).entries.length).toBeGreaterThan(5);
});

test("a record of another version is told apart and does not hide the others", async () => {
  await store.set([["job/x/record", Uint8Array.of(1, 2, 3)]], "relaxed");
  const unreadable: string[] = [];
  expect((await listJobs(store, (id) => unreadable.push(id))).map(({ id }) => id)).toEqual(["j"]);
  expect(unreadable).toEqual(["x"]);
});

test("a job of a later version keeps the fields that this one does not know", async () => {
  const record = { ...(await readJob(store, "j")), later: 7 };
  await store.set([["job/j/record", await sealJson(record)]], "strict");
  await changeJob(store, "j", { state: "stopped" });
  expect(await unsealJson((await store.get("job/j/record"))!)).toEqual({ ...record, state: "stopped" });
});
