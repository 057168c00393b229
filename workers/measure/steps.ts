/** Whole optimizer steps of a model of random weights, by the code of training. */

import { packExamples, splitByCapacity } from "../data/batches/pack.ts";
import { type Example, labelsOf } from "../data/example.ts";
import { Arena, type Counters } from "../gpu/buffers.ts";
import { hasTimestamps, Timestamps } from "../gpu/timestamps.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import type { Adapter } from "../models/adapter.ts";
import { featuresPerTile } from "../models/config.ts";
import { type MemoryPlan, stepFlops } from "../models/memory-plan.ts";
import { recordTraining } from "../models/pass.ts";
import type { Vlm } from "../models/vlm.ts";
import { createTrainingStep, type TrainingStep } from "../training/step.ts";
import { type Context, roomFor } from "./parts.ts";
import { type Model, type Step, spreadOf } from "./report.ts";
import type { ModelCase } from "./sizes.ts";
import { flopShare } from "./timing.ts";

const STEPS = 3;
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

/** Work of a step over these rows, as the plan has it. */
export function flopsOf(
  m: ModelCase,
  examples: Example[],
  plan: MemoryPlan,
  vocab: number,
): { executed: number; ideal: number } {
  const length = examples[0]!.inputIds.length;
  const tiles = examples.reduce((sum, { images }) => sum + images[0]!.tiles, 0);
  return stepFlops(m.config, {
    vocab,
    rank: m.rank,
    rows: examples.length * length,
    labelRows: examples.length * m.text,
    tiles,
    tilesPerPicture: examples[0]!.images[0]!.tiles,
    tokensPerRow: length,
    policy: plan.capacity.policy,
  });
}

export interface StepToMeasure {
  m: ModelCase;
  model: Model;
  plan: MemoryPlan;
  examples: Example[];
  vlm: Vlm;
  adapter: Adapter;
  vocab: number;
}

/** Fills `model.step`: one step to warm up, then up to `STEPS` as time allows. */
export async function measureSteps(c: Context, run: StepToMeasure): Promise<void> {
  const { m, model, plan, examples, vlm, adapter, vocab } = run;
  const began = performance.now();
  const { capacity, tileCapacity } = plan;
  const options = { capacity, tileCapacity, optimizer, trainOn: "responses" as const };
  let made: TrainingStep | undefined;
  const make = async (): Promise<TrainingStep> => {
    made = await createTrainingStep(vlm, adapter, options);
    return made;
  };
  const step = await roomFor(() => trialAllocation(c.gpu, make)).catch(async (error) => {
    // What there was room for must not be missing for the next model.
    await made?.dispose();
    throw error;
  });
  const recordMs = performance.now() - began;
  model.allocatedBytes = vlm.counters.bytesAllocated;
  const pipelines = vlm.counters.pipelinesCreated;
  try {
    const flops = flopsOf(m, examples, plan, vocab);
    const times: number[] = [];
    let result = { loss: 0, gradNorm: 0, tokens: 0 };
    let before: Counters = { ...vlm.counters };
    let steps = 0;
    for (let n = 0; n <= STEPS; n++) {
      // Time for one more as long as the last.
      if (n > 0 && c.left() < times.at(-1)! / 1000) break;
      if (n === 1) times.length = steps = 0;
      if (steps === 0) {
        Object.assign(vlm.counters, { longestDispatchMs: 0, longestSubmitMs: 0 });
        before = { ...vlm.counters };
      }
      const started = performance.now();
      result = await step.run(examples, n + 1, 1e-4);
      times.push(performance.now() - started);
      steps += 1;
      c.say(`${m.name}: step ${n + 1} took ${(times.at(-1)! / 1000).toPrecision(3)} s`);
      model.step = summary(c, { times, steps, before, flops, recordMs, pipelines, warm: n > 0, ...result }, run);
    }
    if (model.step) model.step.kernels = await kernelsOf(c, run, step);
  } finally {
    await step.dispose();
  }
}

interface Raw {
  times: number[];
  steps: number;
  before: Counters;
  flops: { executed: number; ideal: number };
  recordMs: number;
  pipelines: number;
  warm: boolean;
  loss: number;
  gradNorm: number;
  tokens: number;
}

function summary(c: Context, raw: Raw, { m, examples, vlm }: StepToMeasure): Step {
  const time = spreadOf(raw.times);
  const seconds = time.median / 1000;
  const each = (key: keyof Counters): number => (vlm.counters[key] - raw.before[key]) / raw.steps;
  return {
    rows: examples.length,
    tokens: raw.tokens,
    warm: raw.warm,
    time,
    tokensPerSecond: raw.tokens / seconds,
    flops: raw.flops,
    flopsPerSecond: raw.flops.executed / seconds,
    share: flopShare(c.found, raw.flops.executed, time.median),
    hoursOf500Steps: (500 * seconds * Math.max(1, 8 / m.batchSize)) / 3600,
    ...{ loss: raw.loss, gradNorm: raw.gradNorm },
    dispatches: Math.round(each("dispatches")),
    submits: Math.round(each("submits")),
    longestDispatchMs: vlm.counters.longestDispatchMs,
    longestSubmitMs: vlm.counters.longestSubmitMs,
    encodeMs: each("encodeMs"),
    ...{ recordMs: raw.recordMs, pipelines: raw.pipelines },
    kernels: { by: "clock", times: [] },
  };
}

/** The last pass again, kernel by kernel: its tokens are still in the buffers. */
async function kernelsOf(
  c: Context,
  { m, plan, examples, vlm, adapter }: StepToMeasure,
  step: TrainingStep,
): Promise<Step["kernels"]> {
  const packs = splitByCapacity(examples, plan.capacity.rows, plan.capacity.features / featuresPerTile(m.config));
  const last = packs.at(-1)!;
  const { rows, targets } = packExamples(
    last,
    last.map((example) => labelsOf(example, "responses")),
  );
  const arena = new Arena(c.gpu, vlm.counters);
  const program = await recordTraining(vlm, step.runner.buffers, adapter).build(arena, vlm.pipelines);
  const dims = { rows, labelRows: targets.length, gradScale: 1 / targets.length, accumulate: 0, step: 1, firstRow: 0 };
  const stamps = hasTimestamps(c.gpu) ? new Timestamps(c.gpu) : undefined;
  try {
    const times = [...(await program.profile(dims, { stamps }))].map(([name, t]) => ({ name, ...t }));
    return { by: stamps ? "timestamps" : "clock", times: times.sort((a, b) => b.ms - a.ms) };
  } finally {
    stamps?.dispose();
  }
}
