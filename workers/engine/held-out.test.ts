/** Runs with held-out rows: what they measure beside PyTorch, that measuring changes no bit, and what a cut in the middle of it costs. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { withChanges } from "../data/shards/changed-dataset.ts";
import { type Dataset, openDataset } from "../data/shards/dataset.ts";
import { prepareDataset } from "../data/shards/prepare-dataset.ts";
import { TabTuneError } from "../errors.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";
import {
  type FinishedRun,
  figuresOf,
  type Golden,
  type GoldenCase,
  goldenDataset,
  goldenFiles,
  goldenInit,
  loadGoldenModel,
  openGolden,
  outcomeOf,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import type { EvaluationRecord, OddRow, RunEvent } from "../training/events.ts";
import type { RunOptions } from "../training/open-run.ts";
import { readEvaluations, readHeldOut } from "../training/saved/evaluations.ts";
import { extendRun } from "../training/saved/extend.ts";
import { generationsOf } from "../training/saved/format.ts";
import { readLineage } from "../training/saved/lineage.ts";
import { loadStep } from "../training/saved/load.ts";
import { listRuns } from "../training/saved/runs.ts";
import { savedModules } from "./adapters.ts";

interface Oracle {
  run: string;
  settings: Record<string, number | string | string[]>;
  held: number[];
  every: number;
  evaluations: { step: number; loss: number; targets: number }[];
  losses: number[];
}

const oracle = JSON.parse(
  readFileSync(new URL("../testing/goldens/evaluation.json", import.meta.url), "utf8"),
) as Partial<Record<GoldenCase, Oracle>>;

interface Held extends FinishedRun {
  evaluations: EvaluationRecord[];
  events: RunEvent[];
}

async function runWith(
  model: LoadedModel,
  recipe: Parameters<typeof runToEnd>[1],
  options: Partial<RunOptions> & { dataset: Dataset },
): Promise<Held> {
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => {
    events.push(event);
    options.onEvent?.(event);
  };
  const finished = await runToEnd(model, recipe, { ...options, onEvent });
  const evaluations = events.flatMap((event) => (event.type === "evaluation" ? [event.record] : []));
  return { ...finished, evaluations, events };
}

const matricesOf = ({ module, loraA, loraB }: FinishedRun["adapter"][number]) => ({ module, loraA, loraB });
const withoutTime = (evaluations: readonly EvaluationRecord[]) => evaluations.map(({ seconds: _, ...rest }) => rest);
const notesOf = ({ events }: Held): string =>
  [...new Set(events.flatMap((event) => (event.type === "state" ? (event.notes ?? []) : [])))].join(" ");

describe.each<GoldenCase>(["own-tiny", "own-gqa"])("%s beside PyTorch", (name) => {
  const { run, settings, held, every, evaluations, losses } = oracle[name]!;

  test("held-out loss at step 0, at every eval_steps and at the end; the others are what is trained on", async () => {
    const golden = await openGolden(name);
    const { target_modules, quantize_modules } = settings;
    const changes = {
      ...{ max_steps: settings.steps!, target_modules, quantize_modules },
      ...{ eval_strategy: "steps", eval_steps: every, eval_split: 0.3, eval_answers: 0 },
    };
    const recipe = recipeWith(golden, run, { ...changes, per_device_eval_batch_size: 4 });
    const model = await loadGoldenModel(golden, recipe);
    const store = memoryStore();
    const dataset = await goldenDataset(model, store, await goldenFiles(golden));
    const found = await runWith(model, recipe, { store, dataset, loraInit: goldenInit(golden, run) });
    expect((await readHeldOut(store, "golden"))!.positions).toEqual(held);
    expect(found.evaluations.map(({ step, targetTokens, rows }) => [step, targetTokens, rows])).toEqual(
      evaluations.map(({ step, targets }) => [step, targets, held.length]),
    );
    found.evaluations.forEach(({ loss }, i) => {
      expect(Math.abs(loss - evaluations[i]!.loss), `evaluation ${i}`).toBeLessThan(1e-5);
    });
    found.records.forEach(({ loss }, i) => {
      expect(Math.abs(loss - losses[i]!), `step ${i + 1}`).toBeLessThan(1e-5);
    });
    expect(notesOf(found)).toContain("6 of 12 rows are held out (a share of 0.3, 8 at least and half of them at most)");
  });
});

describe("a run that measures", () => {
  let golden: Golden;
  let model: LoadedModel;
  const recipe = (changes: Record<string, unknown> = {}) =>
    recipeWith(golden, "drift", {
      ...{
        max_steps: 6,
        data_order: "shuffled",
        eval_strategy: "steps",
        eval_steps: 2,
        // Answers have tests of their own.
        eval_answers: 1,
        save_steps: 4,
        per_device_eval_batch_size: 2,
      },
      ...changes,
    });

  beforeAll(async () => {
    golden = await openGolden("own-tiny");
    model = await loadGoldenModel(golden, recipe());
  });

  const datasetIn = async (store: Store): Promise<Dataset> => goldenDataset(model, store, await goldenFiles(golden));

  async function begin(changes: Record<string, unknown> = {}, options: Partial<RunOptions> = {}): Promise<Held> {
    const store = options.store ?? memoryStore();
    return runWith(model, recipe(changes), { store, dataset: await datasetIn(store), ...options });
  }

  let whole: Held;

  test.each([
    ["", {}],
    [" with dropout on every linear", { target_modules: "all-linear", lora_dropout: 0.2 }],
  ])("trains as one that does not, bit for bit%s", async (_, changes) => {
    const store = memoryStore();
    const measured = await begin(changes, { store });
    if (!("lora_dropout" in changes)) whole = measured;
    const { positions } = (await readHeldOut(store, "golden"))!;
    // The same rows without an evaluation: those that were held out are left out by hand.
    const others = memoryStore();
    const left = { leftOut: positions, edited: [] };
    const dataset = await withChanges(await datasetIn(others), left, preparationOf(model.preparation));
    const plain = await runWith(model, recipe({ ...changes, eval_strategy: "no" }), { dataset });
    expect(figuresOf(measured)).toEqual(figuresOf(plain));
    expect(outcomeOf(measured)).toEqual(outcomeOf(plain));
    expect(plain.evaluations).toEqual([]);
    expect(measured.evaluations.map(({ step }) => step)).toEqual([0, 2, 4, 6]);
    // What is measured has nothing dropped: rows in other batches give the same loss.
    const again = await begin({ ...changes, per_device_eval_batch_size: 3 });
    again.evaluations.forEach(({ loss }, n) => {
      expect(Math.abs(loss - measured.evaluations[n]!.loss)).toBeLessThan(1e-6);
    });
  });

  test("makes nothing on the GPU in a steady step, and takes no memory for it", async () => {
    const unanswered = { eval_answers: 0 };
    const { counters } = model.vlm;
    const made: unknown[] = [];
    const before = { ...counters };
    const run = await begin(unanswered, {
      onEvent: (event) => event.type === "evaluation" && made.push({ ...counters }),
    });
    const objects = (of: unknown) => {
      const { buffersCreated, bindGroupsCreated, pipelinesCreated } = of as typeof counters;
      return { buffersCreated, bindGroupsCreated, pipelinesCreated };
    };
    expect(made.length).toBe(4);
    expect(objects(made[2])).toEqual(objects(made[1]));
    expect(objects(made[3])).toEqual(objects(made[1]));
    const withIt = counters.buffersCreated - before.buffersCreated;
    const from = counters.buffersCreated;
    await begin({ eval_strategy: "no" });
    expect(counters.buffersCreated - from).toBe(withIt);
    run.live.arena.dispose();
  });

  test("cut between steps and resumed: the same figures at the same steps", async () => {
    const store = memoryStore();
    const first = await begin({}, { store, stopAfter: 3 });
    // The recipe says another share by now, and the run keeps its rows.
    const second = await begin({ eval_split: 0.9 }, { store, resume: true });
    expect(withoutTime([...first.evaluations, ...second.evaluations])).toEqual(withoutTime(whole.evaluations));
    expect(figuresOf(first).concat(figuresOf(second))).toEqual(figuresOf(whole));
    expect(withoutTime(await readEvaluations(store, "golden"))).toEqual(withoutTime(whole.evaluations));
  });

  test.each([0, 2, 4])("killed in the middle of the evaluation of step %i: no step is made again", async (step) => {
    const store = memoryStore();
    const killed = begin(
      { per_device_eval_batch_size: 2 },
      {
        store,
        onEvent: (event) => {
          if (event.type === "evaluating" && event.step === step && event.rows === 2) throw new Error("killed");
        },
      },
    );
    await expect(killed).rejects.toThrow("killed");
    const second = await begin({}, { store, resume: true });
    expect(second.records[0]!.step).toBe(step + 1);
    expect(second.evaluations[0]!.step).toBe(step);
    expect(withoutTime(await readEvaluations(store, "golden"))).toEqual(withoutTime(whole.evaluations));
    expect(outcomeOf(second)).toEqual(outcomeOf(whole));
  });

  test("the best checkpoint is kept beside the last ones, and is what the run ends with where that is asked for", async () => {
    const store = memoryStore();
    // Eval loss is best somewhere in the middle when "better" means greater, and patience ends the run.
    const changes = { greater_is_better: true, early_stopping_patience: 3, load_best_model_at_end: true };
    const run = await begin({ ...changes, max_steps: 40, save_total_limit: 1 }, { store });
    const scores = run.evaluations.slice(1).map(({ step, loss }) => ({ step, loss }));
    const best = scores.reduce((a, b) => (b.loss > a.loss ? b : a));
    expect(scores.at(-1)!.step).toBe(best.step + 6);
    expect(run.records.at(-1)!.step).toBe(best.step + 6);
    expect([...(await generationsOf(store, "golden"))].length).toBe(2);
    const [summary] = await listRuns(store);
    expect(summary).toMatchObject({ status: "done", step: best.step + 6, best: { step: best.step } });
    expect(notesOf(run)).toContain(
      `The run ended early, at step ${best.step + 6}: eval_loss was best at step ${best.step}`,
    );
    expect(notesOf(run)).toContain(`The adapter is that of step ${best.step}, which the held-out rows say is best.`);
    // A run of as many steps as the best one has the same adapter.
    const short = await begin({ ...changes, load_best_model_at_end: false, max_steps: 40 }, { stopAfter: best.step });
    expect(run.adapter).toEqual(short.adapter);
    expect((await loadStep(store, "golden", best.step))?.step).toBe(best.step);
  });

  test("storage that goes while the run ends with its best adapter: what is written anew as the last step is the last step", async () => {
    const changes = { greater_is_better: true, load_best_model_at_end: true, max_steps: 4, save_total_limit: 1 };
    const last = await begin({ ...changes, load_best_model_at_end: false });
    const gone = new TabTuneError("storage-gone", "The browser closed this site's storage.", "Reload the page.");
    const died: number[] = [];
    for (let calls = 0; ; calls++) {
      const anew = memoryStore();
      let left = Number.POSITIVE_INFINITY;
      const refusing = new Proxy(memoryStore(), {
        get(store, name: keyof Store) {
          if (name === "close") return store.close.bind(store);
          return (...given: never[]) =>
            left-- > 0 ? (store[name] as (...given: never[]) => unknown).apply(store, given) : Promise.reject(gone);
        },
      });
      const run = begin(changes, {
        store: refusing,
        reopenStore: async () => anew,
        onEvent: (event) => {
          if (event.type === "evaluation" && event.record.step === 4) left = calls;
        },
      });
      const error = await run.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error === undefined) break;
      expect(error).toMatchObject({ code: "storage-gone", safe: expect.stringMatching(/after step 4/) });
      const { step, modules } = await savedModules(anew, "golden", "last");
      expect([step, ...modules.map(matricesOf)], `${calls} calls`).toEqual([4, ...last.adapter.map(matricesOf)]);
      died.push(calls);
    }
    // Reading the best one, and what is written behind it.
    expect(died.length).toBeGreaterThan(8);
  }, 120_000);

  test("a checkpoint that was the best until the last evaluation goes when the run ends", async () => {
    const store = memoryStore();
    const { evaluations } = await begin({ save_total_limit: 1 }, { store });
    const losses = evaluations.slice(1).map(({ loss }) => loss);
    expect(losses.length).toBeGreaterThan(1);
    expect(losses.at(-1)).toBe(Math.min(...losses));
    expect([...(await generationsOf(store, "golden"))].length).toBe(1);
    expect((await listRuns(store))[0]!.best?.step).toBe(evaluations.at(-1)!.step);
  });

  test("an early end stays one when somebody presses Resume", async () => {
    const store = memoryStore();
    const changes = { greater_is_better: true, early_stopping_patience: 1, max_steps: 40 };
    const { records } = await begin(changes, { store });
    const again = await begin(changes, { store, resume: true });
    expect(again.records).toEqual([]);
    const { step } = records.at(-1)!;
    expect((await listRuns(store))[0]).toMatchObject({ status: "done", step });
    // Given more steps it goes on, and its patience is as long as it was.
    expect(await extendRun(store, "golden", step + 10)).toContain(
      `schedule is drawn over ${step + 10} steps in place of 40`,
    );
    const more = await begin({ ...changes, max_steps: step + 10 }, { store, resume: true });
    expect(more.records[0]!.step).toBe(step + 1);
    expect((await readLineage(store, "golden")).more).toEqual([{ at: step, maxSteps: step + 10 }]);
  });

  test("rows that cannot be held out: told where the run can do without, refused where it cannot", async () => {
    const files = await goldenFiles(golden);
    const text = await (files.find(({ path }) => path === "metadata.jsonl")!.blob as Blob).text();
    const first = text.split("\n")[0]!;
    const drops = {
      "there is one row": [first],
      "the rows show the same pictures, which must not be on both sides": [first, first, first],
    };
    for (const [why, lines] of Object.entries(drops)) {
      const table = { path: "metadata.jsonl", blob: new Blob([lines.join("\n")]) };
      const store = memoryStore();
      const dataset = await goldenDataset(model, store, [...files.filter(({ path }) => path !== table.path), table]);
      const run = await runWith(model, recipe(), { store, dataset });
      expect(notesOf(run)).toContain(`No row is held out: ${why}. The run is not evaluated.`);
      expect(run.records.length).toBe(6);
      const strict = runWith(model, recipe({ load_best_model_at_end: true }), { store: memoryStore(), dataset });
      // Its rows lie in the other store; they are refused before any is read.
      await expect(strict).rejects.toThrow(/No row can be held out/);
    }
  });

  test("held-out rows that can all not be read: the run is refused by their number and the first one's fault", async () => {
    const files = await goldenFiles(golden);
    const notPicture = new Blob(["no picture"]);
    const broken = files.map((file) => (file.path.startsWith("images/") ? { ...file, blob: notPicture } : file));
    const store = memoryStore();
    const drop = { files: broken, label: "broken" };
    const options = { wholeRows: 0 };
    const { info, supply } = await prepareDataset(store, drop, preparationOf(model.preparation), () => {}, options);
    const dataset = (await openDataset(store, info.id, (rows) => supply!.prepare(rows)))!;
    const odd: OddRow[] = [];
    const onEvent = (event: RunEvent) => event.type === "row" && odd.push(event.row);
    await expect(runWith(model, recipe(), { store, dataset, onEvent })).rejects.toMatchObject({
      code: "no-rows",
      message: expect.stringMatching(
        /^None of the 6 held-out rows can be read\. The first: metadata\.jsonl line \d+, picture images\/\d+\.png: /,
      ),
      remedy: expect.stringContaining("eval_split"),
    });
    expect(odd.length).toBe(6);
  });

  test("rows prepared on demand: the picture of a held-out row is never trained on, wherever else it lies", async () => {
    const files = await goldenFiles(golden);
    const text = await (files.find(({ path }) => path === "metadata.jsonl")!.blob as Blob).text();
    const lines = text.trim().split("\n");
    // Each picture once more under another name, with another row.
    const copies = files
      .filter(({ path }) => path.startsWith("images/"))
      .map((file) => ({ ...file, path: file.path.replace("images/", "images/copy-") }));
    const doubled = [...lines, ...lines.map((line) => line.replaceAll("images/", "images/copy-"))].join("\n");
    const table = { path: "metadata.jsonl", blob: new Blob([doubled]) };
    const drop = { files: [...files.filter(({ path }) => path !== table.path), ...copies, table], label: "doubled" };
    const store = memoryStore();
    const { info, supply } = await prepareDataset(store, drop, preparationOf(model.preparation), () => {}, {
      wholeRows: 0,
    });
    const dataset = (await openDataset(store, info.id, (rows) => supply!.prepare(rows)))!;
    const odd: OddRow[] = [];
    const run = await runWith(model, recipe({ max_steps: 12, eval_steps: 12 }), {
      store,
      dataset,
      onEvent: (event) => event.type === "row" && odd.push(event.row),
    });
    const { positions, pictures } = (await readHeldOut(store, "golden"))!;
    expect(positions.length).toBe(8);
    expect(run.evaluations[0]!.rows).toBe(8);
    expect(new Set(pictures).size).toBeGreaterThan(1);
    const twins = positions.map((position) => (position + 12) % 24).filter((twin) => !positions.includes(twin));
    expect(twins.length).toBeGreaterThan(0);
    expect(odd.map(({ source }) => source).sort()).toEqual(
      twins.map((twin) => `metadata.jsonl line ${twin + 1}`).sort(),
    );
    expect(odd[0]!.message).toContain("It shows the picture of a held-out row");
  });
});
