/** Damage at rest: every kind of entry and file is found, named in words, and mended with no more gone than was said. */
import { beforeEach, expect, test } from "vitest";
import { listJobs, writeJob } from "../../apply/job.ts";
import { openLog } from "../../apply/log.ts";
import { listVotes } from "../../chat/votes.ts";
import { readContents, writeContents } from "../../data/held-out/content.ts";
import { openRanges } from "../../data/hub/kept-ranges.ts";
import { changesKeyOf, writeChanges } from "../../data/index/changes.ts";
import { createIndexWriter } from "../../data/index/row-index.ts";
import { writeManifest } from "../../data/shards/manifest.ts";
import { createShardWriter } from "../../data/shards/shards.ts";
import { memoryStore } from "../../storage/memory.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { sealBytes, sealJson, unsealJson } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
import { changeAbout } from "../../training/saved/about.ts";
import { readAnswers, writeAskedRows } from "../../training/saved/answers.ts";
import { writeEvaluations, writeHeldOut } from "../../training/saved/evaluations.ts";
import { FORMAT, manifestKey } from "../../training/saved/format.ts";
import { saveLineage } from "../../training/saved/lineage.ts";
import { loadLatest } from "../../training/saved/load.ts";
import { appendLog, readLog } from "../../training/saved/log.ts";
import { listRuns, saveRunInfo, setRunStatus } from "../../training/saved/runs.ts";
import { saveGeneration } from "../../training/saved/save.ts";
import { openTensorCache } from "../../weights/loading/tensor-cache.ts";
import { checkStorage, type Stored } from "./check.ts";
import { rules } from "./rules.ts";

let stored: Stored & Required<Stored>;
let store: Store;

const example = (row: number) => ({
  row,
  inputIds: Int32Array.of(1, 2, 3),
  kinds: Uint8Array.of(0, 1, 2),
  images: [],
  pixels: new Uint8Array(),
});
const record = { loss: 1, gradNorm: 1, learningRate: 1, targetTokens: 1, tokens: 1, seconds: 1 };

const asked = { position: 1, source: "a", question: "?", right: ["yes"] };
const begun = { step: 4, measured: { loss: 1 }, asked: [1], answers: [], seconds: 1 };

/** One of everything. */
async function fill(): Promise<void> {
  const run = "r";
  await saveRunInfo(store, {
    ...{ id: run, createdAt: "2026-11-29T00:00:00Z", modelId: "m", modelLabel: "tiny", modelConfig: {} },
    ...{ datasetId: "d", datasetLabel: "cats", maxSteps: 4, status: "stopped", recipe: {} },
  });
  for (const step of [2, 4]) {
    const tensors = [{ name: "a", data: new Uint8Array(250).fill(step) }];
    await saveGeneration(store, run, { step, state: { step }, tensors }, { chunkBytes: 100 });
  }
  await appendLog(store, run, [{ step: 1, ...record }]);
  await appendLog(store, run, [{ step: 2, ...record }]);
  await writeEvaluations(store, run, []);
  await writeHeldOut(store, run, { from: "share", positions: [1] });
  const picture = { size: 2, rgba: new Uint8ClampedArray(16).fill(9) };
  await writeAskedRows(store, run, { rows: [asked], metric: null }, [picture]);
  await store.set([[`run/${run}/answers/step/0000000002`, await sealJson({ step: 2, answers: [] })]], "strict");
  await changeAbout(store, run, { name: "mine" });
  await saveLineage(store, run, { more: [] });
  await store.set([[`run/${run}/weights`, await sealJson("mark")]], "strict");
  await writeChanges(store, `run/${run}/changes`, { leftOut: [3], edited: [] });
  const shards = createShardWriter(store, "d");
  await shards.append(example(0), "a.jpg");
  const index = createIndexWriter(store, "d");
  await index.append({ index: 0, source: "a", messages: [], images: [] } as never);
  const blocks = await index.finish();
  await writeManifest(store, { id: "d", label: "cats", ...(await shards.finish()), index: blocks, facts: null });
  await writeContents(store, "d", [["abc"]]);
  const entries: [string, Uint8Array][] = [
    ["dataset/d/row/7", await sealBytes(Uint8Array.of(1, 2))],
    ["dataset/d/features/id/0123456789abcdef", await sealBytes(Uint8Array.of(1, 2))],
    ["dataset/d/left-out", await sealJson([])],
    ["vote/v1", await sealJson({ id: "v1" })],
    [`vote-picture/${await sha256(Uint8Array.of(1))}`, await sealBytes(Uint8Array.of(1))],
    ["self-test/x", await sealJson({ passed: true })],
    ["tuned/x", await sealJson({})],
    ["run/r/evaluation-begun", await sealJson(begun)],
  ];
  await store.set(entries, "strict");
  await writeChanges(store, changesKeyOf({ filesId: "files", facts: null })!, { leftOut: [1], edited: [] });
  await writeJob(
    store,
    {
      ...{
        id: "j",
        createdAt: "2026-11-29T00:00:00Z",
        modelId: "m",
        modelLabel: "tiny",
        preparation: "p",
        adapter: null,
      },
      ...{ datasetId: "d", datasetLabel: "cats", which: "all", rowsKey: "k", rows: 2, skipped: 0, maxNewTokens: 4 },
      ...{ metric: null, state: "open" },
    },
    { positions: [0, 1], changes: { leftOut: [9], edited: [] } },
  );
  const log = await openLog(store, "j");
  await log.add({ position: null, row: 1, source: "a", message: "no" });
  await log.flush();
  await store.set([["job/j/answers/00000001", await sealJson([])]], "strict");
  const tensors = await openTensorCache(stored.models, "q4", "tiny");
  await tensors.write("layers.0", [new Uint8Array(300).fill(3)]);
  const ranges = await openRanges(stored.ranges, ["hub", "a/b", "c0ffee"], "a/b");
  await (await ranges.rangesOf("x.parquet")).keep({ start: 0, end: 500 }, new Uint8Array(500).fill(4));
}

beforeEach(async () => {
  const { root } = fakeOpfs();
  store = memoryStore();
  stored = { store, models: await openOpfsCache("m", root), ranges: await openOpfsCache("r", root) };
  await fill();
});

async function flip(key: string): Promise<void> {
  const bytes = (await store.get(key))!;
  const middle = bytes.length >> 1;
  await store.set([[key, bytes.with(middle, bytes[middle]! ^ 1)]], "strict");
}

test("a sound store has no damage, and each entry and file was looked at", async () => {
  const heard: [number, number][] = [];
  const { checked, damage } = await checkStorage(stored, (done, of) => heard.push([done, of]));
  expect(damage).toEqual([]);
  const files = [...(await stored.models.list()), ...(await stored.ranges.list())].length;
  expect(checked).toBe((await store.keys("")).length + files);
  expect(heard.at(-1)).toEqual([checked, checked]);
});

test("there is an entry of each kind that is known, and damage to any one entry is found, and it alone", async () => {
  const keys = await store.keys("");
  expect(rules.filter(({ at }) => !keys.some((key) => at.test(key))).map(({ at }) => String(at))).toEqual([]);
  for (const key of keys) {
    const before = (await store.get(key))!;
    await flip(key);
    const { damage } = await checkStorage(stored);
    expect(damage.length, key).toBe(1);
    expect(damage[0]!.message, key).toMatch(/ \((damaged|missing|piece \d of 3)/);
    expect(damage[0]!.follows, key).toMatch(/\.$/);
    await store.set([[key, before]], "strict");
  }
});

test("what is mended is mended: the next check finds nothing, and all else is as it was", async () => {
  for (const key of await store.keys("")) {
    const before = new Map<string, Uint8Array>();
    for (const one of await store.keys("")) before.set(one, (await store.get(one))!);
    await flip(key);
    const [found] = (await checkStorage(stored)).damage;
    if (!found?.mend) {
      expect(found?.whole, key).toBe(true);
      await store.set([[key, before.get(key)!]], "strict");
      continue;
    }
    await found.mend();
    expect((await checkStorage(stored)).damage, key).toEqual([]);
    const folder = key.slice(0, key.lastIndexOf("/"));
    for (const one of (await store.keys("")).filter((k) => !k.startsWith(folder) && !k.endsWith("/latest")))
      expect(await store.get(one), `${one} after ${key}`).toEqual(before.get(one));
    await store.set([...before], "strict");
  }
});

test("a damaged checkpoint gives way to the one before; without one the run goes", async () => {
  await flip("run/r/gen/000000002/chunk/000000001");
  const { damage } = await checkStorage(stored);
  expect(damage).toMatchObject([
    {
      ...{ kind: "run", item: "r", whole: false },
      message: "the checkpoint of step 4 (piece 2 of 3 is not what was written)",
      follows: "The checkpoint goes; that of step 2 stays.",
    },
  ]);
  await damage[0]!.mend!();
  expect(await loadLatest(store, "r")).toMatchObject({ step: 2 });
  await store.delete(["run/r/gen/000000001/chunk/000000000"]);
  expect((await checkStorage(stored)).damage).toMatchObject([
    { kind: "run", whole: true, follows: "The run goes: it has no checkpoint that is whole." },
  ]);
});

test("a run that a newer version goes on with is left to it, whatever becomes of its older checkpoints", async () => {
  const key = manifestKey("r", 2);
  const manifest = await unsealJson((await store.get(key))!);
  await store.set([[key, await sealJson({ ...(manifest as object), format: FORMAT + 1 })]], "strict");
  await flip("run/r/gen/000000001/chunk/000000001");
  expect((await checkStorage(stored)).damage).toEqual([]);
});

test("a gap in the log costs its steps, a part of a job what is behind it, and an entry of no kind is told", async () => {
  await flip("run/r/log/000000001");
  await flip("job/j/answers/00000000");
  await store.set([["strange", Uint8Array.of(1)]], "strict");
  const { damage } = await checkStorage(stored);
  expect(damage.map(({ message }) => message)).toEqual([
    "its answers, part 1 (damaged)",
    "the figures of its steps from 1 on (damaged)",
    'an entry "strange" of no kind that this version knows',
  ]);
  for (const { mend } of damage) await mend!();
  expect((await readLog(store, "r")).records.map(({ step }) => step)).toEqual([2]);
  expect(await store.keys("job/j/answers/")).toEqual([]);
  expect(await store.keys("strange")).toEqual([]);
});

test("files of models and ranges of data sets are fetched again", async () => {
  for (const [cache, file] of [
    [stored.models, "q4/layers.0"],
    [stored.ranges, (await stored.ranges.list()).find(({ name }) => name.endsWith("-500"))!.name],
  ] as const) {
    const reader = (await cache.open(file))!;
    const bytes = await reader.read(0, reader.size);
    const writer = await cache.create(file);
    await writer.write(bytes.with(20, 99));
    await writer.commit();
  }
  const { damage } = await checkStorage(stored);
  expect(damage).toMatchObject([
    { kind: "model", item: "tiny", message: "layers.0 (damaged)" },
    { kind: "ranges", message: "bytes 0 to 500 of a file (damaged)" },
  ]);
  for (const { mend } of damage) await mend!();
  expect((await checkStorage(stored)).damage).toEqual([]);
});

test("what is being written is no damage: a checkpoint without a record, data that is being prepared", async () => {
  await store.set(
    [
      ["run/r/gen/000000003/chunk/000000000", Uint8Array.of(1)],
      ["dataset/new/shard/0", Uint8Array.of(1)],
    ],
    "strict",
  );
  expect((await checkStorage(stored)).damage).toEqual([]);
});

test("a whole entry in the place of another is found: of another kind, of another run or job, of another step", async () => {
  const json: string[] = [];
  const hashed =
    /\/gen\/|\/(rows|index|shard|kept)\/|^run\/r\/answers\/picture|contents|features|\/row\/|vote-picture|self-test|tuned/;
  for (const key of await store.keys("")) if (!hashed.test(key)) json.push(key);
  // A lineage may say anything or nothing, of its own words only what can be wrong is looked at; two lists of changes are alike.
  const alike = (one: string, other: string): boolean =>
    one.endsWith("/lineage") ||
    [one, other].every((key) => key.startsWith("job/j/answers/")) ||
    (one.endsWith("left-out") && other.endsWith("/evaluations")) ||
    [one, other].every((key) => key.includes("changes"));
  for (const key of json) {
    const before = (await store.get(key))!;
    for (const other of json.filter((one) => one !== key && !alike(key, one))) {
      const foreign = (await store.get(other))!;
      // An empty list is an empty list.
      if (new TextDecoder().decode(foreign.subarray(65)) === "[]") continue;
      await store.set([[key, foreign]], "strict");
      expect((await checkStorage(stored)).damage.length, `${other} at ${key}`).toBeGreaterThan(0);
      // One entry must not take the lists with it.
      await listRuns(store);
      await listJobs(store);
      await listVotes(store);
    }
    await store.set([[key, before]], "strict");
  }
  const records: [string, unknown][] = [
    ["run/r/info", { ...((await unsealJson((await store.get("run/r/info"))!)) as object), id: "s" }],
    ["job/j/record", { ...((await unsealJson((await store.get("job/j/record"))!)) as object), id: "k" }],
    ["vote/v1", { id: "v2" }],
    ["run/r/log/000000001", [{ step: 2, ...record }]],
    ["run/r/answers/step/0000000002", { step: 4, answers: [] }],
  ];
  for (const [key, value] of records) {
    const before = (await store.get(key))!;
    await store.set([[key, await sealJson(value)]], "strict");
    const { damage } = await checkStorage(stored);
    expect(damage.length, key).toBe(1);
    expect(damage[0]!.message, key).toMatch(/\(another entry lies there\)$/);
    await store.set([[key, before]], "strict");
  }
});

test("a run under whose name another's record lies is not written over with it", async () => {
  const info = (await unsealJson((await store.get("run/r/info"))!)) as object;
  await store.set([["run/r/info", await sealJson({ ...info, id: "s" })]], "strict");
  await expect(setRunStatus(store, "r", "running")).rejects.toMatchObject({ code: "bad-checkpoint" });
  expect(await store.keys("run/s/")).toEqual([]);
  expect((await listRuns(store)).map(({ id, modelLabel }) => [id, modelLabel])).toEqual([["r", "(damaged record)"]]);
});

test("a whole entry of a kind that only a later version knows is left to it", async () => {
  const key = "run/r/gallery/1";
  await store.set([[key, await sealJson({ later: true })]], "strict");
  expect((await checkStorage(stored)).damage).toEqual([]);
  await flip(key);
  expect((await checkStorage(stored)).damage).toMatchObject([{ kind: "unknown" }]);
});

test.each(["run/r/answers/picture/0", "dataset/d/contents"])(
  "%s that was cut off or emptied is no entry of before",
  async (key) => {
    const before = (await store.get(key))!;
    for (const bytes of [
      new Uint8Array(),
      before.subarray(0, 27),
      before.subarray(1),
      before.with(3, 0x7a),
      new Uint8Array(90),
    ]) {
      await store.set([[key, bytes]], "strict");
      expect((await checkStorage(stored)).damage.length, String(bytes.length)).toBe(1);
      if (key.endsWith("contents"))
        await expect(readContents(store, "d")).rejects.toMatchObject({ code: "bad-dataset" });
      else expect((await readAnswers(store, "r"))?.pictures).toEqual([null]);
    }
  },
);

test("a run whose record is missing is found by its checkpoints, and one whose newest checkpoint is", async () => {
  const key = manifestKey("r", 2);
  const before = (await store.get(key))!;
  await store.delete([key]);
  const { damage } = await checkStorage(stored);
  expect(damage).toMatchObject([
    {
      ...{ kind: "run", item: "r", message: "its newest checkpoint (missing)", whole: false },
      follows: "That of step 2 counts as the newest.",
    },
  ]);
  await damage[0]!.mend!();
  expect((await checkStorage(stored)).damage).toEqual([]);
  expect(await loadLatest(store, "r")).not.toHaveProperty("fellBackFrom");
  await store.set([[key, before]], "strict");
  await store.delete(["run/r/info"]);
  expect((await checkStorage(stored)).damage).toMatchObject([
    { kind: "run", item: "r", message: "its record (missing)", whole: true },
  ]);
});

test("a run all of whose checkpoints are missing goes", async () => {
  await store.delete([manifestKey("r", 1), manifestKey("r", 2)]);
  expect((await checkStorage(stored)).damage).toMatchObject([
    {
      message: "its newest checkpoint (missing)",
      follows: "The run goes: it has no checkpoint that is whole.",
      whole: true,
    },
  ]);
});
