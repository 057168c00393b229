/** Jobs of the page's engine: the answers of the chat, paused, cut off and gone on with to the same answers, beside whatever else is asked. */

import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readEntries } from "../apply/job.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import type { RowSupply } from "../data/shards/supply.ts";
import { preparationOf } from "../models/preparation.ts";
import type { JobEvent, JobRequest } from "../protocol/apply.ts";
import type { SupplyOf } from "../protocol/supply.ts";
import { type TestEngine, testEngine, watchRun } from "../testing/engine.ts";
import { file } from "../testing/rows.ts";
import { fixtures } from "../testing/shell.ts";

let engine: TestEngine;
let dataset: Dataset;
/** A stopped run of some steps. */
let run: { id: string; step: number };
const page = { show: "all", from: 0, count: 50 } as const;

beforeAll(async () => {
  engine = await testEngine();
  await engine.api.loadModel(engine.source, engine.loading, () => {});
  dataset = (await openDataset(engine.store, engine.datasetId))!;
  const watched = watchRun();
  const { recipe, datasetId } = engine;
  const training = engine.api.train({ recipe: { ...recipe, learning_rate: 0.05 }, datasetId }, watched.onEvent);
  await watched.until((event) => event.type === "step" && event.record.step === 2);
  await engine.api.stopAndSave();
  run = await training;
});
beforeEach(async () => {
  for (const { id } of await engine.api.listJobs()) await engine.api.deleteJob(id);
});
afterAll(() => engine.api.stopChat());

const job = (changes: Partial<JobRequest> = {}) =>
  engine.api.newJob({ rows: { kind: "all", datasetId: engine.datasetId }, maxNewTokens: 4, ...changes });

/** Goes on until the end, or until `onDone` stops it. */
async function goOn(id: string, onDone: (done: number) => void = () => {}, supply?: SupplyOf) {
  const events: JobEvent[] = [];
  const summary = await engine.api.goOnWithJob(
    id,
    (event) => {
      events.push(event);
      if (event.type === "progress") onDone(event.done);
    },
    supply,
  );
  return { events, summary };
}
const answersOf = async (id: string) =>
  (await readEntries(engine.store, id)).entries.map((e) => ("answered" in e ? e.answered.answer : e.message));

test("all rows of a data set, with figures and as lines of a file", async () => {
  const { id, rows, status } = await job();
  expect([rows, status]).toEqual([dataset.rows, "open"]);
  const { events, summary } = await goOn(id);
  expect(summary).toMatchObject({ status: "done", answered: rows, unanswered: 0 });
  expect(events).toHaveLength(rows);
  const { rows: lines, measure } = await engine.api.readAnswers(id, page);
  expect(lines).toHaveLength(rows);
  expect(measure!.rows).toBe(rows);
  const first = lines[0]!.answered!;
  expect(first.pictures.length).toBe(1);
  expect(first.right.length).toBe(1);
  const jsonl = await (await engine.api.downloadAnswers(id, "jsonl")).text();
  expect(JSON.parse(jsonl.split("\n")[0]!)).toMatchObject({
    row: first.row,
    answer: first.answer,
    stopped: first.stopped,
  });
});

test("a pause, a dead worker and a reload cost nothing: the answers are the same", async () => {
  const whole = await job();
  await goOn(whole.id);
  const { id, rows } = await job();
  const first = await goOn(id, (done) => done === 3 && void engine.api.stopChat());
  expect(first.summary).toMatchObject({ status: "open", answered: 3 });
  await goOn(id, (done) => done === 5 && void engine.api.stopChat());
  const last = await goOn(id);
  expect(last.summary).toMatchObject({ status: "done", answered: rows });
  expect(await answersOf(id)).toEqual(await answersOf(whole.id));
  expect(await engine.api.compareJobs(whole.id, id)).toMatchObject({ better: 0, worse: 0, equal: rows });
});

test("a lost GPU is opened again, and the job goes on", async () => {
  const whole = await job();
  await goOn(whole.id);
  const { id } = await job();
  const { events, summary } = await goOn(id, (done) => done === 4 && engine.state.gpu?.destroy());
  expect(summary.status).toBe("done");
  expect(events.filter(({ type }) => type === "note")).toMatchObject([
    { words: expect.stringContaining("GPU was lost") },
  ]);
  expect(await answersOf(id)).toEqual(await answersOf(whole.id));
});

test("an adapter answers by itself, and base beside adapter is one question", async () => {
  const base = await job();
  await goOn(base.id);
  const adapted = await job({ adapter: run.id });
  expect(adapted.adapter).toMatchObject({ runId: run.id, step: run.step });
  await goOn(adapted.id);
  expect(engine.state.live?.runId).toBe(run.id);
  expect(await answersOf(adapted.id)).not.toEqual(await answersOf(base.id));
  expect(await engine.api.compareJobs(base.id, adapted.id)).toMatchObject({ rows: base.rows });
  expect(adapted.rowsKey).toBe(base.rowsKey);
});

test("an adapter that was trained on since is not the one that the job began with", async () => {
  const { id } = await job({ adapter: run.id });
  await goOn(id, (done) => done === 1 && void engine.api.stopChat());
  const watched = watchRun();
  const more = engine.api.resumeRun(run.id, watched.onEvent);
  await watched.until((event) => event.type === "step" && event.record.step > run.step);
  await expect(goOn(id)).rejects.toMatchObject({ code: "bad-argument", message: "A run is going on." });
  await engine.api.stopAndSave();
  run = await more;
  await expect(goOn(id)).rejects.toMatchObject({ message: expect.stringContaining("trained on since") });
  expect((await engine.api.listJobs())[0]).toMatchObject({ answered: 1 });
});

test("a question in between is answered and pauses the job; a stop ends it, and it may go on", async () => {
  const { id, rows } = await job();
  const question = { turns: [{ role: "user" as const, text: "Hm?", pictures: [] }] };
  let said: ReturnType<TestEngine["api"]["chat"]> | undefined;
  const { summary } = await goOn(id, () => {
    said ??= engine.api.chat({ ...question, maxNewTokens: 5, temperature: 0, topP: 1, seed: 0 }, () => {});
  });
  expect(summary.status).toBe("open");
  expect((await said!).ids.length).toBeGreaterThan(0);
  const going = goOn(id);
  expect(await engine.api.stopJob(id)).toMatchObject({ status: "stopped" });
  await going;
  expect((await goOn(id)).summary).toMatchObject({ status: "done", answered: rows });
});

test("while a run trains it is refused, and a training pauses a job", async () => {
  const { id } = await job();
  const watched = watchRun();
  let training: Promise<unknown> | undefined;
  const { summary } = await goOn(id, () => {
    training ??= engine.api.train({ recipe: engine.recipe, datasetId: engine.datasetId }, watched.onEvent);
  });
  expect(summary.status).toBe("open");
  await watched.until((event) => event.type === "step");
  await expect(goOn(id)).rejects.toMatchObject({ code: "bad-argument", message: "The model is training." });
  await engine.api.stopAndSave();
  await training;
});

test("held-out rows are those that a run with this recipe holds out", async () => {
  const recipe = { eval_split: 0.25, seed: 7 };
  const held = await job({ rows: { kind: "held out", datasetId: engine.datasetId, recipe } });
  expect(held).toMatchObject({ which: "held out", skipped: 0 });
  const watched = watchRun();
  const own = { ...engine.recipe, ...recipe, eval_strategy: "steps", eval_steps: 1, max_steps: 1 };
  const { id } = await engine.api.train({ recipe: own, datasetId: engine.datasetId }, watched.onEvent);
  const ofRun = await job({ rows: { kind: "held out of run", runId: id } });
  expect(ofRun.rowsKey).toBe(held.rowsKey);
  await expect(job({ rows: { kind: "held out of run", runId: run.id } })).rejects.toMatchObject({ code: "no-rows" });
});

test("one question for all, and what cannot be a job is refused in a sentence", async () => {
  const { id } = await job({ prompt: " Is it red? " });
  await goOn(id, (done) => done === 1 && void engine.api.stopChat());
  const { rows } = await engine.api.readAnswers(id, page);
  expect(rows[0]!.answered!.question).toBe("Is it red?");
  await expect(job({ maxNewTokens: 0 })).rejects.toMatchObject({ code: "bad-argument" });
  const gone = { kind: "all", datasetId: "none" } as const;
  await expect(job({ rows: gone })).rejects.toMatchObject({ code: "bad-dataset" });
  const none = { kind: "held out", datasetId: engine.datasetId, recipe: { eval_split: 0 } } as const;
  await expect(job({ rows: none })).rejects.toMatchObject({
    code: "no-rows",
    message: expect.stringContaining("eval_split"),
  });
});

test("rows that are being answered are not deleted, and answers are counted among what is stored", async () => {
  const { id } = await job();
  const refused = new Promise((resolve) => {
    void goOn(id, () => engine.api.deleteStored("data", engine.datasetId).catch(resolve));
  });
  expect(await refused).toMatchObject({ message: "These rows are being answered." });
  await engine.api.stopJob(id);
  const { items } = await engine.api.listStored();
  const item = items.find(({ kind }) => kind === "answers")!;
  expect(item.bytes).toBeGreaterThan(0);
  await engine.api.deleteStored("answers", item.key);
  expect(await engine.store.keys("job/")).toEqual([]);
});

describe("files that were given to be answered, prepared on demand", () => {
  let supply: RowSupply;
  let datasetId: string;
  const picture = fs.readFileSync(path.join(fixtures, "own-tiny/data/images/000.png"));
  const supplyRows: SupplyOf = async (_, positions) => ({ leftOut: await supply.prepare(positions) });
  beforeEach(async () => {
    const records = [
      { image: "a.png", question: "What?", answers: ["red", "Red.", "a ring"] },
      { image: "broken.png", question: "And this?", answer: "Nothing." },
      { question: "Who are you?" },
      { image: "none.png", question: "Where is it?" },
      { image: "a.png", question: "Which colour?", answer: "white" },
    ];
    const table = file("rows.jsonl", records.map((record) => JSON.stringify(record)).join("\n"));
    const files = [table, file("a.png", picture), file("broken.png", "no picture")];
    const drop = { files, label: "mine", reading: { toAnswer: true } };
    const preparation = preparationOf(engine.state.model!.preparation);
    const prepared = await prepareDataset(engine.store, drop, preparation, () => {}, { wholeRows: 0 });
    supply = prepared.supply!;
    datasetId = prepared.info.id;
  });
  const files = () => job({ rows: { kind: "files", datasetId } });

  test("rows without an answer are answered, all right answers count, and each fault has its sentence", async () => {
    const { id, rows, skipped } = await files();
    expect([rows, skipped]).toEqual([4, 1]);
    const { summary } = await goOn(id, undefined, supplyRows);
    expect(summary).toMatchObject({ status: "done", answered: 3, unanswered: 2 });
    const { rows: lines, measure } = await engine.api.readAnswers(id, page);
    expect(lines.map(({ row, message }) => [row, /none|broken/.exec(message)?.[0]])).toEqual([
      [3, "none"],
      [0, undefined],
      [1, "broken"],
      [2, undefined],
      [4, undefined],
    ]);
    expect(lines[1]!.answered!.right).toEqual(["red", "Red.", "a ring"]);
    expect(measure!.rows).toBe(2);
    const turns = [{ role: "user" as const, text: "What?", pictures: [new Blob([picture])] }];
    const chat = { turns, maxNewTokens: 4, temperature: 0, topP: 1, seed: 0 };
    expect(lines[1]!.answered!.answer).toBe((await engine.api.chat(chat, () => {})).text.trim());
    await engine.api.deleteJob(id);
    expect(await openDataset(engine.store, datasetId)).toBe(undefined);
    expect(await openDataset(engine.store, engine.datasetId)).toBeDefined();
  });

  test("a page that is asked for rows and says nothing keeps nobody waiting who stops", async () => {
    const { id } = await files();
    const silent = goOn(id, undefined, () => new Promise(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await engine.api.stopChat();
    expect((await silent).summary).toMatchObject({ status: "open", answered: 0 });
  });

  test("without their files the job is kept and says what to do", async () => {
    const { id } = await files();
    await expect(goOn(id)).rejects.toMatchObject({ code: "no-files", remedy: expect.stringContaining("Resume") });
    expect((await goOn(id, undefined, supplyRows)).summary.status).toBe("done");
  });
});
