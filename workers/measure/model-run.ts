/** Whole optimizer steps and answers of a model of random weights, by the code of training and chat. */
import { initialLora } from "../adapter/lora-init.ts";
import { packExamples, splitByCapacity } from "../batches/pack.ts";
import { createChat } from "../chat/generate.ts";
import { TabTuneError } from "../errors.ts";
import { Arena, type Counters } from "../gpu/buffers.ts";
import { hasTimestamps, Timestamps } from "../gpu/timestamps.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import { policyName } from "../model/activations.ts";
import { writeAdapter } from "../model/adapter-slabs.ts";
import { featuresPerTile } from "../model/config.ts";
import { type Llava, recordTraining } from "../model/llava.ts";
import { type Adapter, allocateAdapter } from "../model/lora.ts";
import { type MemoryPlan, planMemory, stepFlops } from "../model/memory-plan.ts";
import { type Example, labelsOf } from "../shards/example.ts";
import { createTrainingStep, type TrainingStep } from "../train/training-step.ts";
import { exampleOf, pixelsToValues } from "./example.ts";
import { type Context, LeftOut, UsedUp } from "./parts.ts";
import { randomModel } from "./random-model.ts";
import { type Model, type Step, spreadOf } from "./report.ts";
import { type ModelCase, tooLargeForSoftware } from "./sizes.ts";
import { byteShare, flopShare } from "./timing.ts";

/** A step is guessed to reach this share of peak: one that would take longer than its part may is not begun, for nothing can stop it. */
const GUESSED_SHARE = 0.2;
const STEPS = 3;
const ANSWERS = 3;
const PROMPT = Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 300 + i));
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

const loraOf = ({ rank }: ModelCase) => ({ rank, alpha: 16, useRslora: false });

/** Why a model is not tried on this adapter. */
export const reasonToSkip = (c: Context, m: ModelCase): string | undefined =>
  c.gpu.facts.software && tooLargeForSoftware(m)
    ? "a software adapter would take a quarter of an hour or more for a step of a model of this size."
    : undefined;

function planOf(m: ModelCase, examples: Example[]): MemoryPlan {
  const { config, tensors, quant, batchSize } = m;
  const [first] = examples;
  return planMemory({
    ...{ config, tensors, quant, batchSize, lora: loraOf(m), accumulation: 1 },
    longest: first!.inputIds.length,
    tilesPerRow: first!.images[0]!.tiles,
  });
}

function flopsOf(
  m: ModelCase,
  examples: Example[],
  plan: MemoryPlan,
  vocab: number,
): { executed: number; ideal: number } {
  const length = examples[0]!.inputIds.length;
  const tiles = examples.reduce((sum, { images }) => sum + images[0]!.tiles, 0);
  return stepFlops(
    m.config,
    vocab,
    m.rank,
    examples.length * length,
    examples.length * m.text,
    tiles,
    length,
    plan.capacity.policy,
  );
}

/** Measures it into `found.models`. Leaves it out, with the reason, where the adapter has no room or would take too long. */
export async function measureModel(c: Context, m: ModelCase): Promise<void> {
  const examples = Array.from({ length: m.batchSize }, (_, n) => exampleOf(m, n));
  const plan = planOf(m, examples);
  const limit = c.gpu.facts.maxStorageBufferBindingSize;
  if (plan.largest.bytes > limit)
    throw new LeftOut(
      `${plan.largest.label} needs a buffer of ${plan.largest.bytes} bytes; this adapter binds ${limit}.`,
    );
  const vocab = m.tensors.get("language_model.model.embed_tokens.weight")!.shape[0]!;
  const { executed } = flopsOf(m, examples, plan, vocab);
  const seconds = c.found.peak.f32 ? executed / c.found.peak.f32.perSecond / GUESSED_SHARE : 0;
  if (seconds > c.left())
    throw new UsedUp(`a step may take ${seconds.toFixed(0)} s here, and the part has ${c.left().toFixed(0)} s.`);

  const began = performance.now();
  const llava = await roomFor(() => randomModel(c.gpu, m.config, m.tensors, m.quant));
  const arena = new Arena(c.gpu, llava.counters);
  const model: Model = {
    name: m.name,
    parameters: llava.layout.parameters,
    rank: m.rank,
    plannedBytes: plan.totalBytes,
    allocatedBytes: 0,
    fillMs: performance.now() - began,
    policy: policyName(plan.capacity.policy, m.config.text.numLayers),
    step: null,
    decoding: null,
  };
  c.found.models.push(model);
  try {
    const adapter = await roomFor(() =>
      trialAllocation(c.gpu, () => allocateAdapter(arena, m.config, loraOf(m), true)),
    );
    writeAdapter(llava, adapter, (module) => {
      return initialLora(module.module, m.rank, module.inFeatures, module.outFeatures, 1);
    });
    await measureSteps(c, { m, model, plan, examples, llava, adapter, vocab });
    c.check();
    await measureAnswers(c, m, model, llava, adapter);
  } finally {
    arena.dispose();
    llava.arena.dispose();
  }
}

async function roomFor<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "out-of-memory") throw new LeftOut(error.message);
    throw error;
  }
}

interface StepToMeasure {
  m: ModelCase;
  model: Model;
  plan: MemoryPlan;
  examples: Example[];
  llava: Llava;
  adapter: Adapter;
  vocab: number;
}

/** One step to warm up, then up to `STEPS` as time allows. */
async function measureSteps(c: Context, run: StepToMeasure): Promise<void> {
  const { m, model, plan, examples, llava, adapter, vocab } = run;
  const began = performance.now();
  const { capacity, tileCapacity } = plan;
  const options = { capacity, tileCapacity, optimizer, trainOn: "responses" as const, normalise: pixelsToValues };
  let made: TrainingStep | undefined;
  const make = async (): Promise<TrainingStep> => {
    made = await createTrainingStep(llava, adapter, options);
    return made;
  };
  const step = await roomFor(() => trialAllocation(c.gpu, make)).catch(async (error) => {
    // What there was room for must not be missing for the next model.
    await made?.dispose();
    throw error;
  });
  const recordMs = performance.now() - began;
  model.allocatedBytes = llava.counters.bytesAllocated;
  const pipelines = llava.counters.pipelinesCreated;
  try {
    const flops = flopsOf(m, examples, plan, vocab);
    const times: number[] = [];
    let result = { loss: 0, gradNorm: 0, tokens: 0 };
    let before: Counters = { ...llava.counters };
    let steps = 0;
    for (let n = 0; n <= STEPS; n++) {
      // Time for one more as long as the last.
      if (n > 0 && c.left() < times.at(-1)! / 1000) break;
      if (n === 1) times.length = steps = 0;
      if (steps === 0) {
        Object.assign(llava.counters, { longestDispatchMs: 0, longestSubmitMs: 0 });
        before = { ...llava.counters };
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

function summary(c: Context, raw: Raw, { m, examples, llava }: StepToMeasure): Step {
  const time = spreadOf(raw.times);
  const seconds = time.median / 1000;
  const each = (key: keyof Counters): number => (llava.counters[key] - raw.before[key]) / raw.steps;
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
    longestDispatchMs: llava.counters.longestDispatchMs,
    longestSubmitMs: llava.counters.longestSubmitMs,
    encodeMs: each("encodeMs"),
    ...{ recordMs: raw.recordMs, pipelines: raw.pipelines },
    kernels: { by: "clock", times: [] },
  };
}

/** The last pass again, kernel by kernel: its tokens are still in the buffers. */
async function kernelsOf(
  c: Context,
  { m, plan, examples, llava, adapter }: StepToMeasure,
  step: TrainingStep,
): Promise<Step["kernels"]> {
  const packs = splitByCapacity(examples, plan.capacity.rows, plan.capacity.features / featuresPerTile(m.config));
  const last = packs.at(-1)!;
  const { rows, targets } = packExamples(
    last,
    last.map((example) => labelsOf(example, "responses")),
  );
  const arena = new Arena(c.gpu, llava.counters);
  const program = await recordTraining(llava, step.runner.buffers, adapter).build(arena, llava.pipelines);
  const dims = { rows, labelRows: targets.length, gradScale: 1 / targets.length, accumulate: 0 };
  const stamps = hasTimestamps(c.gpu) ? new Timestamps(c.gpu) : undefined;
  try {
    const times = [...(await program.profile(dims, { stamps }))].map(([name, t]) => ({ name, ...t }));
    return { by: stamps ? "timestamps" : "clock", times: times.sort((a, b) => b.ms - a.ms) };
  } finally {
    stamps?.dispose();
  }
}

/** Answers by temperature, as the page's chat gives them: one to warm up, then `ANSWERS`. */
async function measureAnswers(c: Context, m: ModelCase, model: Model, llava: Llava, adapter: Adapter): Promise<void> {
  const settings = { contextRows: PROMPT.length + m.answer, tiles: 1, normalise: pixelsToValues };
  const chat = await roomFor(() => createChat(llava, adapter, settings));
  try {
    const prompt = { inputIds: PROMPT, images: [], pixels: new Uint8Array(0) };
    const times: number[] = [];
    let before = { ...llava.counters };
    for (let n = 0; n <= ANSWERS; n++) {
      c.check();
      if (n === 1) before = { ...llava.counters };
      let started = performance.now();
      const onPrefill = (): void => {
        started = performance.now();
      };
      const options = { maxNewTokens: m.answer, eosIds: [], temperature: 0.7, topP: 0.95, seed: 1, onPrefill };
      await chat.generate(prompt, true, options);
      // The first token is the prompt's.
      if (n > 0) times.push((performance.now() - started) / (m.answer - 1));
    }
    const time = spreadOf(times);
    const each = (key: "dispatches" | "submits"): number => (llava.counters[key] - before[key]) / ANSWERS / m.answer;
    model.decoding = {
      tokens: m.answer,
      time,
      tokensPerSecond: 1000 / time.median,
      share: byteShare(c.found, bytesOfToken(llava), time.median),
      dispatchesPerToken: each("dispatches"),
      submitsPerToken: each("submits"),
    };
    c.say(`${m.name}: ${model.decoding.tokensPerSecond.toPrecision(3)} tokens/s decoded`);
  } finally {
    await chat.dispose();
  }
}

/** Weights of the language model and its head: a new token reads each once. */
function bytesOfToken({ weights }: Llava): number {
  const of = (w: { codes: { length: number }; absmax: { length: number } } | { data: { length: number } }): number =>
    4 * ("codes" in w ? w.codes.length + w.absmax.length : w.data.length);
  const layers = weights.layers.flatMap(({ qkv, o, gateUp, down }) => [qkv, o, gateUp, down]);
  return [...layers, ...weights.head.parts].reduce((sum, w) => sum + of(w), 0);
}
