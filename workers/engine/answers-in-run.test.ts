/** Held-out rows answered in a run: what is said, by what it is judged, what memory it takes, and what a cut in the middle of it costs. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test, vi } from "vitest";
import { createChat } from "../chat/generate.ts";
import type { InputFile } from "../data/rows/read-rows.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { metrics } from "../metrics/metrics.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf, tokenizerOf } from "../models/preparation.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import {
  figuresOf,
  type Golden,
  goldenDataset,
  goldenFiles,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import type { EvaluationRecord, RunEvent } from "../training/events.ts";
import { heldQuestion } from "../training/held-question.ts";
import { newControl } from "../training/loop.ts";
import type { RunOptions } from "../training/open-run.ts";
import { onModel } from "../training/plan.ts";
import { readAnswers, toAnswerLines } from "../training/saved/answers.ts";
import { readEvaluations, readHeldOut } from "../training/saved/evaluations.ts";
import { deleteRun, listRuns } from "../training/saved/runs.ts";

let golden: Golden;
let model: LoadedModel;
const recipe = (changes: Record<string, unknown> = {}) =>
  recipeWith(golden, "drift", {
    ...{ max_steps: 4, data_order: "shuffled", save_steps: 4, learning_rate: 1e-2 },
    ...{ eval_strategy: "steps", eval_steps: 2, eval_answers: 3 },
    ...changes,
  });

beforeAll(async () => {
  golden = await openGolden("own-tiny");
  model = await loadGoldenModel(golden, recipe());
});

async function begin(changes: Record<string, unknown> = {}, options: Partial<RunOptions> = {}) {
  const { store = memoryStore() } = options;
  const dataset = options.dataset ?? (await goldenDataset(model, store, await goldenFiles(golden)));
  const events: RunEvent[] = [];
  const run = await runToEnd(model, recipe(changes), {
    ...{ store, dataset, ...options },
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { ...run, store, dataset, events };
}
type Begun = Awaited<ReturnType<typeof begin>>;

const evaluationsOf = ({ events }: Begun): EvaluationRecord[] =>
  events.flatMap((event) => (event.type === "evaluation" ? [event.record] : []));
const notesOf = ({ events }: Begun): string =>
  [...new Set(events.flatMap((event) => (event.type === "state" ? (event.notes ?? []) : [])))].join(" ");
const stepsIn = async (store: Store) => (await readAnswers(store, "golden"))!.steps;

/** Rows of the case with other answers. */
async function answering(answerOf: (line: number) => string): Promise<InputFile[]> {
  const files = await goldenFiles(golden);
  const text = readFileSync(`${golden.dataFolder}/metadata.jsonl`, "utf8").trim().split("\n");
  const lines = text.map((line, n) => {
    const row = JSON.parse(line) as { messages: { role: string; content: { type: string; text?: string }[] }[] };
    row.messages.at(-1)!.content = [{ type: "text", text: answerOf(n) }];
    return JSON.stringify(row);
  });
  const table = { path: "metadata.jsonl", blob: new Blob([lines.join("\n")]) };
  return [...files.filter(({ path }) => path !== table.path), table];
}

async function datasetWith(store: Store, answerOf: (line: number) => string): Promise<Dataset> {
  return goldenDataset(model, store, await answering(answerOf));
}

let whole: Begun;

test("at step 0, at every evaluation and at the end the rows are answered as a chat with the same adapter answers them", async () => {
  whole = await begin();
  const { rows, pictures, metric, steps } = (await readAnswers(whole.store, "golden"))!;
  expect(steps.map(({ step }) => step)).toEqual([0, 2, 4]);
  expect(rows.length).toBe(3);
  const { positions } = (await readHeldOut(whole.store, "golden"))!;
  for (const { position, question, right } of rows) {
    expect(positions).toContain(position);
    expect([question.length > 0, right.length]).toEqual([true, 1]);
  }
  expect(pictures.filter((picture) => picture !== null).length).toBeGreaterThan(0);
  const { decode } = tokenizerOf(model.preparation);
  for (const [step, adapter] of [
    [0, false],
    [2, true],
  ] as const) {
    const chat = await createChat(model.vlm, whole.live.adapter, { contextRows: 600, tiles: 4 });
    for (const [n, { position }] of rows.entries()) {
      const held = heldQuestion(await whole.dataset.read(position), model.config)!;
      const maxNewTokens = 2 * held.answerTokens + 32;
      const sampling = { temperature: 0, topP: 1, seed: 0 };
      const { ids } = await chat.generate(held.prompt, adapter, { maxNewTokens, eosIds: model.eosIds, ...sampling });
      expect(steps[step]!.answers[n]!.text, `step ${2 * step}, row ${n}`).toBe(decode(ids).trim());
    }
    await chat.dispose();
  }
  expect(steps[2]!.answers.map(({ text }) => text)).not.toEqual(steps[0]!.answers.map(({ text }) => text));
  // Its figures are the metric's, of those rows.
  evaluationsOf(whole).forEach(({ metrics: figures, answered }, k) => {
    const { answers } = steps[k]!;
    const scores = rows.map(({ right }, n) => metrics[metric!.name].score(answers[n]!.text, right));
    expect(answers.map(({ score }) => score)).toEqual(scores);
    expect(figures).toEqual({ [metric!.name]: scores.reduce((sum, score) => sum + score, 0) / 3 });
    expect(answered).toBe(3);
  });
  expect(notesOf(whole)).toContain(`Answers of held-out rows are judged by ${metric!.name}: `);
  const lines = steps.flatMap((step) => toAnswerLines({ rows }, step)).map((line) => JSON.parse(line));
  expect(lines.length).toBe(9);
  expect(lines[3]).toMatchObject({ step: 2, row: rows[0]!.position, right_answers: rows[0]!.right });
});

test("takes the memory that the plan says, and makes nothing on the GPU in a steady step", async () => {
  const { device } = model.vlm.gpu;
  const create = device.createBuffer.bind(device);
  const bytes = new Map<string, number>();
  const made = vi.spyOn(device, "createBuffer").mockImplementation((descriptor) => {
    const group = /^([^/]+)\//.exec(descriptor.label ?? "")?.[1];
    if (group) bytes.set(group, (bytes.get(group) ?? 0) + descriptor.size);
    return create(descriptor);
  });
  const { counters } = model.vlm;
  const found: unknown[] = [];
  const run = await begin(
    {},
    {
      onEvent: (event) => {
        const { buffersCreated, bytesAllocated, bindGroupsCreated, pipelinesCreated } = counters;
        if (event.type === "evaluation" || event.type === "step")
          found.push([buffersCreated, bytesAllocated, bindGroupsCreated, pipelinesCreated]);
      },
    },
  );
  made.mockRestore();
  expect(found.length).toBe(3 + 4);
  for (const later of found.slice(2)) expect(later).toEqual(found[1]);
  const { longest, rows } = run.dataset;
  const planOf = (changes: Record<string, unknown>) =>
    onModel(model, recipe(changes)).planOf({ rows, longest, pictures: run.dataset.manifest.index?.most.pictures });
  const plan = planOf({}).memory;
  for (const { name, bytes: planned } of plan.groups) {
    if (name !== "weights") expect(bytes.get(name), name).toBe(planned);
  }
  const cache = 4 * plan.answerRows! * 2 * model.config.decoder.numKvHeads * model.config.decoder.headSize;
  const without = planOf({ eval_answers: 0 }).memory.totalBytes;
  expect(plan.totalBytes).toBeGreaterThan(without);
  // Most of it lies where a step has its activations.
  expect(plan.totalBytes - without).toBeLessThan(model.config.decoder.numLayers * cache);
  run.live.arena.dispose();
});

test.each([
  ["between steps", { stopAfter: 3 }],
  ["in the middle of the answers of step 2", { dies: 2 }],
  ["in the middle of the answers of step 0", { dies: 0 }],
])("cut %s and resumed: the same answers at the same steps", async (_, cut: { stopAfter?: number; dies?: number }) => {
  const store = memoryStore();
  const onEvent = (event: RunEvent): void => {
    const isAnswering = event.type === "evaluating" && event.what === "answers" && event.rows === 1;
    if (isAnswering && event.step === cut.dies) throw new Error("killed");
  };
  const first = begin({}, { store, onEvent, ...(cut.stopAfter ? { stopAfter: cut.stopAfter } : {}) });
  if (cut.stopAfter) await first;
  else await expect(first).rejects.toThrow("killed");
  const asked: string[] = [];
  const hear = (event: RunEvent): void => {
    if (event.type === "evaluating" && event.step === cut.dies) asked.push(`${event.what} ${event.rows}`);
  };
  const second = await begin({ eval_answers: 2 }, { store, resume: true, onEvent: hear });
  // What was measured and answered before the cut is not again.
  if (cut.dies !== undefined) expect(asked).toEqual(["answers 1", "answers 2"]);
  expect(await store.get("run/golden/evaluation-begun")).toBe(undefined);
  expect(await stepsIn(store)).toEqual(await stepsIn(whole.store));
  expect(outcomeOf(second)).toEqual(outcomeOf(whole));
});

test("a pause waits in the middle of an answer, a stop ends there, and both leave a run that goes on as if nothing had been", async () => {
  const store = memoryStore();
  const control = newControl();
  const states: string[] = [];
  const first = await begin(
    {},
    {
      ...{ store, control },
      onEvent: (event) => {
        if (event.type === "state") states.push(event.state);
        if (event.type === "evaluating" && event.what === "answers" && event.step === 2) {
          if (event.rows === 1) control.set({ pause: true });
          if (event.rows === 2) control.set({ stop: true });
        }
        if (event.type === "state" && event.state === "paused") setTimeout(() => control.set({ pause: false }), 20);
      },
    },
  );
  expect(states.slice(states.indexOf("paused"))).toEqual(["paused", "training", "evaluating", "stopped"]);
  expect((await stepsIn(store)).map(({ step }) => step)).toEqual([0]);
  const second = await begin({}, { store, resume: true });
  expect(await stepsIn(store)).toEqual(await stepsIn(whole.store));
  expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(whole));
});

test("the metric may decide which checkpoint is best, by the names that transformers takes", async () => {
  for (const name of ["eval_exact_match", "exact_match"]) {
    const run = await begin({ metric_for_best_model: name });
    const scores = evaluationsOf(run).slice(1);
    const best = scores.reduce((a, b) => (b.metrics.exact_match! > a.metrics.exact_match! ? b : a));
    expect((await listRuns(run.store))[0]!.best).toEqual({ step: best.step, value: best.metrics.exact_match });
    expect(notesOf(run)).toContain("The recipe's metric_for_best_model goes by it.");
  }
});

test("ten people's answers to a row go with it, and VQA accuracy may decide which checkpoint is best", async () => {
  const files = await goldenFiles(golden);
  const pictures = files.filter(({ path }) => path.startsWith("images/"));
  // Word for word what the model says at first: an accuracy of nothing but zeros would show little.
  const [first] = (await readAnswers(whole.store, "golden"))!.steps;
  const said = first!.answers[0]!.text;
  const ten = (n: number): string[] =>
    Array.from({ length: 10 }, (_, k) => (k < 2 ? said : k < 4 + (n % 3) ? "red" : "no"));
  const lines = pictures.map(({ path }, n) =>
    JSON.stringify({ image: path, question: `Is it ${n}?`, answers: ten(n) }),
  );
  const table = { path: "rows.jsonl", blob: new Blob([lines.join("\n")]) };
  for (const keys of [{ metric_for_best_model: "vqa_accuracy" }, { eval_metric: "vqa_accuracy" }, {}]) {
    const store = memoryStore();
    const dataset = await goldenDataset(model, store, [...pictures, table]);
    const run = await begin({ max_steps: 2, ...keys }, { store, dataset });
    const { rows, steps, metric } = (await readAnswers(store, "golden"))!;
    expect(metric!.name).toBe("vqa_accuracy");
    for (const { position, right } of rows) expect(right).toEqual(ten(position));
    evaluationsOf(run).forEach(({ metrics: figures, answered }, k) => {
      const scores = rows.map(({ right }, n) => metrics.vqa_accuracy.score(steps[k]!.answers[n]!.text, right));
      expect(steps[k]!.answers.map(({ score }) => score)).toEqual(scores);
      expect([figures, answered]).toEqual([{ vqa_accuracy: scores.reduce((sum, score) => sum + score, 0) / 3 }, 3]);
    });
    if (!("metric_for_best_model" in keys)) continue;
    const last = evaluationsOf(run).at(-1)!;
    expect((await listRuns(store))[0]!.best).toEqual({ step: 2, value: last.metrics.vqa_accuracy });
  }
});

test.each([
  [{ eval_metric: "vqa_accuracy" }, /eval_metric asks for vqa_accuracy, and none of the \d+ held-out rows/],
  [{ eval_metric: "box_iou" }, /eval_metric asks for box_iou, and none of the \d+ held-out rows/],
  [{ metric_for_best_model: "bleu" }, /metric_for_best_model is "bleu"; an evaluation of this run gives loss, \w+/],
  [{ metric_for_best_model: "exact_match", eval_answers: 0 }, /is "exact_match"; an evaluation of this run gives loss/],
  [
    { metric_for_best_model: "exact_match", eval_metric: "token_f1" },
    /is "exact_match"; an evaluation of this run gives loss, token_f1/,
  ],
])("%o is refused before the GPU has anything of the run", async (changes, words) => {
  const before = model.vlm.counters.buffersCreated;
  await expect(begin(changes)).rejects.toMatchObject({ code: "bad-recipe", message: expect.stringMatching(words) });
  expect(model.vlm.counters.buffersCreated).toBe(before);
});

test("rows that somebody picks are answered, in that order; one that is trained on is refused", async () => {
  const { positions } = (await readHeldOut(whole.store, "golden"))!;
  const picked = [positions[4]!, positions[1]!];
  const run = await begin({ max_steps: 1 }, { answerRows: picked });
  expect((await readAnswers(run.store, "golden"))!.rows.map(({ position }) => position)).toEqual(picked);
  const trained = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].find((position) => !positions.includes(position))!;
  await expect(begin({}, { answerRows: [trained] })).rejects.toMatchObject({
    code: "bad-argument",
    message: `Row ${trained} was picked to be answered, and it is not held out.`,
  });
});

test("one held-out row; answers that are empty; few classes", async () => {
  const two = memoryStore();
  const files = await answering((n) => `Answer ${n}`);
  const table = files.at(-1)!;
  const lines = (await (table.blob as Blob).text()).split("\n").slice(0, 2).join("\n");
  const short = await goldenDataset(model, two, [...files.slice(0, -1), { ...table, blob: new Blob([lines]) }]);
  const one = await begin({ max_steps: 1 }, { store: two, dataset: short });
  expect(evaluationsOf(one).map(({ answered, rows }) => [answered, rows])).toEqual([
    [1, 1],
    [1, 1],
  ]);

  const store = memoryStore();
  const mixed = await datasetWith(store, (n) => (n % 3 === 0 ? "?!" : n % 3 === 1 ? "no" : "yes"));
  const changes = { max_steps: 1, eval_answers: 6, eval_metric: "exact_match" };
  const empty = await begin(changes, { store, dataset: mixed });
  const { rows, steps } = (await readAnswers(store, "golden"))!;
  const mute = rows.filter(({ right }) => right[0] === "?!").length;
  expect([rows.length, mute > 0, mute < 6]).toEqual([6, true, true]);
  expect(evaluationsOf(empty)[0]!.answered).toBe(rows.length - mute);
  expect(steps[0]!.answers.filter(({ score }) => score === null).length).toBe(mute);
  expect(notesOf(empty)).toContain(`${mute} of the 6 answered rows cannot be judged`);

  const blank = memoryStore();
  const nothing = await begin({ max_steps: 1 }, { store: blank, dataset: await datasetWith(blank, () => "?!") });
  expect(notesOf(nothing)).toContain("No held-out row has a right answer in words");
  expect(evaluationsOf(nothing)[0]).toMatchObject({ metrics: {} });
  expect((await readAnswers(blank, "golden"))!.metric).toBe(null);
});

test("rows prepared on demand are answered like others", async () => {
  const store = memoryStore();
  const drop = { files: await goldenFiles(golden), label: "golden" };
  const options = { wholeRows: 0 };
  const { info, supply } = await prepareDataset(store, drop, preparationOf(model.preparation), () => {}, options);
  const dataset = (await openDataset(store, info.id, (rows) => supply!.prepare(rows)))!;
  const run = await begin({ max_steps: 1 }, { store, dataset });
  expect((await stepsIn(store)).map(({ answers }) => answers.map(({ stopped }) => stopped !== null))).toEqual([
    [true, true, true],
    [true, true, true],
  ]);
  expect(evaluationsOf(run)[0]!.answered).toBe(3);
});

test("answers go with the run, and a damaged record of them costs only the answers", async () => {
  const { store } = whole;
  await store.set([["run/golden/answers/step/0000000002", Uint8Array.of(1)]], "relaxed");
  expect((await stepsIn(store)).map(({ step }) => step)).toEqual([0, 4]);
  expect((await readEvaluations(store, "golden")).length).toBe(3);
  await deleteRun(store, "golden");
  expect(await store.keys("run/golden/")).toEqual([]);
  expect(await readAnswers(store, "golden")).toBe(undefined);
});
