/** A device that begins to compute wrongly in the middle of a run ends it, by name, and a right one computes the same bits as without. */
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Dataset } from "../data/shards/dataset.ts";
import type { Kernel } from "../gpu/program.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import type * as Used from "../self-test/cases/used.ts";
import type { Store } from "../storage/store.ts";
import { figuresOf, openGoldenRun, outcomeOf, runToEnd } from "../testing/golden.ts";
import type { RunEvent } from "./events.ts";
import { KernelWatch } from "./kernel-watch.ts";
import type { RunOptions } from "./open-run.ts";
import { listRuns } from "./saved/runs.ts";

/** One op first, so that short runs come to it. */
vi.mock("../self-test/cases/used.ts", async (original) => {
  const real = await original<typeof Used>();
  const casesOf: typeof real.casesOf = (cases, kernels) =>
    real.casesOf(cases, kernels).sort((a, b) => Number(b.op === "SwiGLU") - Number(a.op === "SwiGLU"));
  return { ...real, casesOf };
});

let model: LoadedModel;
let recipe: Recipe;
let store: Store;
let dataset: Dataset;

beforeAll(async () => {
  ({ model, recipe, store, dataset } = await openGoldenRun("llava-mha", "a", {
    ...{ load_in_4bit: true, max_steps: 4, save_steps: 2 },
    ...{ per_device_train_batch_size: 1, gradient_accumulation_steps: 1 },
  }));
});

afterEach(() => vi.restoreAllMocks());

/** As much of the time as there is: every step tries an op. */
const ALWAYS = 1e6;

/** Ends of a run, told. */
async function train(options: Partial<RunOptions> = {}) {
  const notes = new Set<string>();
  const onEvent = (event: RunEvent): void => {
    if (event.type === "state") for (const note of event.notes ?? []) notes.add(note);
  };
  const finished = await runToEnd(model, recipe, { store, dataset, watchShare: ALWAYS, ...options, onEvent });
  return { finished, notes: [...notes] };
}

let plain: Awaited<ReturnType<typeof train>>;

/** From now on a kernel that is built computes something else: what a hot card does, a program that stands already aside. */
function beginToErr(kernel: string, [right, wrong] = ["gate * sigmoid(gate)", "gate * sigmoid(1.001 * gate)"]): void {
  const { pipelines } = model.vlm;
  const build = pipelines.get.bind(pipelines);
  vi.spyOn(pipelines, "get").mockImplementation((k: Kernel) =>
    k.name === kernel ? build({ ...k, code: k.code.replace(right!, wrong!) }) : build(k),
  );
}

test("the run's figures, adapter and moments are those of a run that is not watched; so are those of one that goes on", async () => {
  plain = await train({ watchShare: 0, runId: "plain" });
  expect(plain.notes.join()).not.toMatch(/held against the CPU/);
  const watched = await train({ runId: "watched" });
  expect(watched.notes.join()).toMatch(
    /held against the CPU \d+ times, 4 of the \d+ ops that it uses; they were right/,
  );
  expect(outcomeOf(watched.finished)).toEqual(outcomeOf(plain.finished));
  const first = await train({ runId: "cut", stopAfter: 2 });
  const second = await train({ runId: "cut", resume: true });
  expect(outcomeOf(second.finished)).toEqual(outcomeOf(plain.finished));
  expect(figuresOf(first.finished).concat(figuresOf(second.finished))).toEqual(figuresOf(plain.finished));
});

test("every op of the run has its turn, no op of the chat alone, and time is kept to the share", async () => {
  const kernels = new Set<string>();
  const { pipelines } = model.vlm;
  const right = pipelines.get.bind(pipelines);
  vi.spyOn(pipelines, "get").mockImplementation((k) => {
    kernels.add(k.name);
    return right(k);
  });
  await train({ runId: "seen", watchShare: 0, stopAfter: 1 });
  vi.restoreAllMocks();
  const watch = new KernelWatch(model.vlm, kernels, ALWAYS);
  await watch.afterStep(1, 1000);
  const { of } = watch.counts;
  expect(of).toBeGreaterThan(10);
  for (let step = 2; step <= of; step++) await watch.afterStep(step, 1);
  expect(watch.counts).toMatchObject({ ops: of, tries: of });
  const tried = vi.spyOn(pipelines, "get").mock.calls;
  await watch.beforeSave(of + 1);
  expect(watch.counts.tries).toBe(2 * of);
  const names = tried.map(([k]) => k.name).join(" ");
  expect(names).toMatch(/swiglu/);
  expect(names).not.toMatch(/argmax|sample/);
  // This adapter is a software one: half a second has to be earned before the first op is tried.
  const frugal = new KernelWatch(model.vlm, kernels);
  for (let step = 1; step <= 10; step++) await frugal.afterStep(step, 4900);
  expect(frugal.counts.tries).toBe(0);
  await frugal.afterStep(11, 4900);
  expect(frugal.counts.tries).toBe(1);
  for (let step = 12; step <= 40; step++) {
    const { tries, ms } = frugal.counts;
    await frugal.afterStep(step, 4900);
    expect(frugal.counts.tries, `step ${step}`).toBe(ms + 500 <= 49 * step ? tries + 1 : tries);
  }
});

test("a kernel that begins to err before step 4 ends the run by name; what is saved is of step 2", async () => {
  const told: number[] = [];
  const run = train({
    runId: "erring",
    onGradients: async (step) => {
      told.push(step);
      if (step === 4) beginToErr("swiglu-forward");
    },
  });
  await expect(run).rejects.toMatchObject({
    code: "wrong-numbers",
    message: expect.stringMatching(
      /^This GPU began to compute SwiGLU wrongly: y is off by \d\.\de-\d \(relative\), found after step 4; after step 2 it was right\.$/,
    ),
    safe: "Nothing is saved of the steps since then; the last checkpoint is good, and kept.",
  });
  expect(told).toEqual([1, 2, 3, 4]);
  expect((await listRuns(store)).find(({ id }) => id === "erring")).toMatchObject({ step: 2 });
  // Cool again, the run goes on to the same end.
  vi.restoreAllMocks();
  const again = await train({ runId: "erring", resume: true });
  expect(outcomeOf(again.finished)).toEqual(outcomeOf(plain.finished));
});

test("an op that errs at its first try says what was written before it was tried", async () => {
  const watch = new KernelWatch(model.vlm, new Set(["swiglu-forward"]), ALWAYS);
  await watch.beforeSave(2);
  beginToErr("swiglu-forward");
  await expect(watch.afterStep(3, 1000)).rejects.toMatchObject({
    message: expect.stringContaining("it was right when the run began"),
    safe: expect.stringContaining("this op was not tried before it was written"),
  });
});

test("an op that most families do without is held to its numbers in a run that dispatches it", async () => {
  const watch = new KernelWatch(model.vlm, new Set(["copy-gather"]), ALWAYS);
  beginToErr("copy-gather", ["gather[row]", "(gather[row] ^ 1u)"]);
  await expect(watch.afterStep(1, 1000)).rejects.toMatchObject({
    message: expect.stringContaining("row gather and scatter wrongly"),
  });
});
