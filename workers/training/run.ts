/**
 * A training run from start to end, for the page and the command line alike: data, adapter, plan, loop, checkpoints, log. What is
 * saved is enough to go on bit for bit: slabs (weights and moments), step, and the sampler's position.
 */

import { createPrefetch } from "../data/batches/prefetch.ts";
import { batchPlan, epochOrder, type Position } from "../data/batches/sampler.ts";
import type { Example } from "../data/example.ts";
import type { Dataset } from "../data/shards/shards.ts";
import { fitLength, lengthNotes } from "../data/text/fit-length.ts";
import { type ErrorReport, TabTuneError } from "../errors.ts";
import { Arena } from "../gpu/buffers.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import { adapterTensors, restoreAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import type { LlavaConfig } from "../models/config.ts";
import { positionsOf } from "../models/load.ts";
import { type Adapter, allocateAdapter, type LoraModule, type LoraSettings } from "../models/lora.ts";
import { initialLora } from "../models/lora-init.ts";
import { type MemoryPlan, planMemory } from "../models/memory-plan.ts";
import type { LoadedModel, OpenedModel } from "../models/open.ts";
import { parseRecipe, type Recipe, toHuggingFace, totalSteps } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import type { RunEvent, StepRecord } from "./events.ts";
import { type Control, type TrainerState, train } from "./loop.ts";
import { loadLatest } from "./saved/load.ts";
import { appendLog, readLog, truncateLog } from "./saved/log.ts";
import { readRunInfo, saveRunInfo, setRunStatus } from "./saved/runs.ts";
import { saveGeneration } from "./saved/save.ts";
import { createTrainingStep, type MakeTower, type TrainingStep } from "./step.ts";

/** An adapter on the GPU, with the memory it lives in. */
export interface LiveAdapter {
  runId: string;
  adapter: Adapter;
  arena: Arena;
}

export interface RunOptions {
  model: LoadedModel;
  store: Store;
  dataset: Dataset;
  recipe: Recipe;
  runId: string;
  control: Control;
  onEvent: (event: RunEvent) => void;
  /** How the frozen vision tower runs. */
  makeTower?: MakeTower;
  /** Continue from the last checkpoint of `runId` instead of starting anew. */
  resume: boolean;
  /** Stop after this many steps; the schedule keeps the recipe's. */
  stopAfter?: number;
  /** Given A (and B) instead of the seeded initial values. */
  loraInit?: (module: string) => { loraA: Float32Array; loraB: Float32Array | undefined } | undefined;
  /** Sees the gradients of a step before clipping (command line `--dump`). */
  onGradients?: (step: number, adapter: Adapter) => Promise<void>;
  /** A full disk pauses the run instead of ending it. */
  pauseWhenFull?: boolean;
  /** The adapter is on the GPU now: the chat may use it, also while the run is paused. */
  onAdapter?: (live: LiveAdapter) => void;
}

interface SavedState extends TrainerState {
  position: Position;
}

/** Rows that fit the recipe's length, by position in the data set, and how many of each shard. */
async function usableRows(
  dataset: Dataset,
  { maxLength, trainOn }: Recipe,
  imageTokenId: number,
): Promise<{ rows: number[]; shardSizes: number[]; cut: number }> {
  const rows: number[] = [];
  let cut = 0;
  const shardSizes: number[] = [];
  const all = dataset.manifest.longest <= maxLength;
  let at = 0;
  for (const shard of dataset.manifest.shards) {
    const before = rows.length;
    for (let k = 0; k < shard.rows; k++, at++) {
      if (all) rows.push(at);
      else {
        const example = await dataset.read(at);
        if (!fits(example, maxLength, { trainOn, imageTokenId })) continue;
        rows.push(at);
        if (example.inputIds.length > maxLength) cut += 1;
      }
    }
    shardSizes.push(rows.length - before);
  }
  if (rows.length > 0) return { rows, shardSizes, cut };
  throw new TabTuneError(
    "no-rows",
    `None of the ${dataset.rows} rows fits into ${maxLength} tokens with its picture and an answer.`,
    "Raise max_length (Longest row in tokens) where the model has room for more, or choose other data.",
    "The prepared data stays as it is.",
  );
}

function fits(example: Example, maxLength: number, options: Parameters<typeof fitLength>[2]): boolean {
  try {
    fitLength(example, maxLength, options);
    return true;
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "row-too-long") return false;
    throw error;
  }
}

/** The recipe with rows no longer than the model has positions for. */
export const withinModel = (recipe: Recipe, { text }: LlavaConfig): Recipe => ({
  ...recipe,
  maxLength: Math.min(recipe.maxLength, positionsOf(text)),
});

/** The plan of a run on this model; `rows` and `longest` may be guesses before the data is there. */
export function planRun(model: OpenedModel, recipe: Recipe, longest: number): MemoryPlan {
  return planMemory({
    config: model.config,
    tensors: model.checkpoint.tensors,
    quant: model.quant && { ...model.quant, modules: recipe.quantizeModules },
    lora: loraSettings(recipe),
    optim: recipe.optim,
    batchSize: recipe.perDeviceTrainBatchSize,
    accumulation: recipe.gradientAccumulationSteps,
    longest: Math.max(16, Math.min(longest, withinModel(recipe, model.config).maxLength)),
    tilesPerRow: tilesPerPicture(model, recipe),
    gradientCheckpointing: recipe.gradientCheckpointing,
  });
}

/** Most tiles of a picture, of a model that was opened with at least as many. */
export const tilesPerPicture = (model: OpenedModel, { maxImageTiles }: Recipe): number =>
  Math.min(model.tilesPerPicture, maxImageTiles ?? Number.POSITIVE_INFINITY);

export const loraSettings = (recipe: Recipe): LoraSettings => ({
  rank: recipe.loraR,
  alpha: recipe.loraAlpha,
  useRslora: recipe.useRslora,
  targets: recipe.targetModules,
  trainProjector: recipe.modulesToSave !== null,
  dropout: recipe.loraDropout > 0 ? { rate: recipe.loraDropout, seed: recipe.seed } : undefined,
});

/** What is not trained is refused before anything is allocated. */
export function checkSupported(recipe: Recipe): void {
  if (recipe.loraDropout > 0 && recipe.loraR % 4 !== 0) {
    throw new TabTuneError(
      "bad-recipe",
      `lora_dropout with lora_r ${recipe.loraR}: with dropout the rank must be a multiple of 4.`,
      `Set lora_r to ${4 * Math.ceil(recipe.loraR / 4)}, or lora_dropout to 0.`,
    );
  }
}

/** Runs to the end, a stop, or an error. Returns how it ended. */
export async function runTraining(options: RunOptions): Promise<"done" | "stopped"> {
  const { model, store, dataset, runId, control, onEvent, resume } = options;
  const recipe = withinModel(options.recipe, model.config);
  checkSupported(recipe);
  const { llava } = model;
  const state: SavedState = { step: 0, position: { epoch: 0, index: 0 } };
  const tell = (name: Extract<RunEvent, { type: "state" }>["state"], extra: { note?: string } = {}): void =>
    onEvent({ type: "state", runId, state: name, maxSteps, step: state.step, ...extra });

  let maxSteps = recipe.maxSteps;
  tell("preparing");
  const { rows, shardSizes, cut } = await usableRows(dataset, recipe, model.config.imageTokenId);
  maxSteps = totalSteps(recipe, rows.length);
  const lastStep = Math.min(maxSteps, options.stopAfter ?? maxSteps);
  const plan = planRun(model, recipe, dataset.manifest.longest);
  const arena = new Arena(llava.gpu, llava.counters);
  let step: TrainingStep | undefined;
  try {
    tell("compiling");
    const adapter = await trialAllocation(llava.gpu, async () => {
      const made = allocateAdapter(arena, model.config, loraSettings(recipe), true, recipe.optim);
      step = await createTrainingStep(llava, made, {
        capacity: plan.capacity,
        tileCapacity: plan.tileCapacity,
        optimizer: {
          beta1: recipe.adamBeta1,
          beta2: recipe.adamBeta2,
          epsilon: recipe.adamEpsilon,
          weightDecay: recipe.weightDecay,
          maxGradNorm: recipe.maxGradNorm,
        },
        trainOn: recipe.trainOn,
        normalise: model.normalise,
        ...(options.makeTower ? { makeTower: options.makeTower } : {}),
      });
      return made;
    });

    // A run that was cut off before its first checkpoint starts over: the seed makes the same adapter again.
    const note = resume ? await restore(options, adapter, state) : undefined;
    if (note === undefined) {
      const start = new Map<string, Float32Array>();
      for (const { name } of adapter.trained) start.set(name, await model.readTensor(name));
      const loraOf = (m: LoraModule) => {
        const given = options.loraInit?.(m.module);
        const made = initialLora(m.module, recipe.loraR, m.inFeatures, m.outFeatures, recipe.seed);
        return { loraA: given?.loraA ?? made.loraA, loraB: given?.loraB ?? made.loraB };
      };
      writeAdapter(llava, adapter, loraOf, (name) => start.get(name));
      await saveRunInfo(store, {
        id: runId,
        createdAt: new Date().toISOString(),
        modelId: model.id,
        modelLabel: model.files.label,
        modelConfig: model.configJson,
        ...(model.processor ? { processor: model.processor } : {}),
        datasetId: dataset.manifest.id,
        datasetLabel: dataset.manifest.label,
        maxSteps,
        status: "running",
        recipe: toHuggingFace(recipe),
      });
    }
    await setRunStatus(store, runId, "running");
    options.onAdapter?.({ runId, adapter, arena });

    const lengths = lengthNotes({ rows: dataset.rows, cut, leftOut: dataset.rows - rows.length }, recipe.maxLength);
    const notes = [note, ...lengths, ...model.notes].filter(Boolean).join(" ");
    const about = notes ? { note: notes } : {};
    const orders = new Map<number, Uint32Array>();
    const orderOf = (epoch: number): Uint32Array => {
      let order = orders.get(epoch);
      if (!order) {
        orders.clear();
        order = epochOrder({ rows: rows.length, order: recipe.dataOrder, seed: recipe.seed, shardSizes }, epoch);
        orders.set(epoch, order);
      }
      return order;
    };
    let log: StepRecord[] = [];
    const flushLog = async (): Promise<void> => {
      if (log.length === 0) return;
      await appendLog(store, runId, log);
      log = [];
    };

    tell("training", about);
    const ended = await train(
      state,
      {
        recipe,
        totalSteps: maxSteps,
        lastStep,
        load: createPrefetch(
          (position) =>
            batchPlan(
              orderOf(position.epoch),
              position,
              recipe.perDeviceTrainBatchSize,
              recipe.gradientAccumulationSteps,
            ),
          async (i) =>
            fitLength(await dataset.read(rows[i]!), recipe.maxLength, {
              trainOn: recipe.trainOn,
              imageTokenId: model.config.imageTokenId,
            }),
        ),
        runStep: (examples, n, learningRate) =>
          step!.run(examples, n, learningRate, options.onGradients && (() => options.onGradients!(n, adapter))),
        async save({ step: n, position }) {
          tell("saving");
          await flushLog();
          const saved: SavedState = { step: n, position };
          onEvent({ type: "checkpoint", runId, step: n, phase: "writing", bytes: plan.checkpointBytes });
          await saveGeneration(store, runId, { step: n, state: saved, tensors: adapterTensors(llava, adapter) });
          onEvent({ type: "checkpoint", runId, step: n, phase: "written", bytes: plan.checkpointBytes });
          tell(control.pause ? "pausing" : "training", about);
        },
        onStep(record) {
          log.push(record);
          onEvent({ type: "step", runId, record, maxSteps });
        },
        onPause: (paused) => tell(paused ? "paused" : "training", about),
        ...(options.pauseWhenFull && {
          onFull: (cause) =>
            onEvent({
              type: "state",
              runId,
              state: "paused",
              maxSteps,
              step: state.step,
              error: pausedByFullDisk(state.step, cause),
            }),
        }),
      },
      control,
    );
    const status = state.step >= maxSteps ? "done" : "stopped";
    await setRunStatus(store, runId, status);
    tell(status, about);
    return ended;
  } catch (error) {
    if (!step) arena.dispose();
    throw error;
  } finally {
    await step?.dispose();
  }
}

function pausedByFullDisk(step: number, cause: TabTuneError): ErrorReport {
  return new TabTuneError(
    "storage-full",
    `The disk, or what the browser lends to this site, is full: the checkpoint of step ${step} was not written.`,
    "Delete old runs or free disk space, then press Resume.",
    "The run is paused, nothing of it is lost, and the checkpoint before is kept.",
    { cause },
  ).report();
}

/** Puts the last checkpoint on the GPU and cuts the log to it. Returns what the user should know ("" for nothing); undefined: no checkpoint. */
async function restore(
  { model, store, runId }: RunOptions,
  adapter: Adapter,
  state: SavedState,
): Promise<string | undefined> {
  const generation = await loadLatest(store, runId);
  if (!generation) {
    await truncateLog(store, runId, 0);
    return undefined;
  }
  const saved = generation.state as SavedState;
  await restoreAdapter(model.llava, adapter, generation.tensors());
  state.step = saved.step;
  state.position = saved.position;
  await truncateLog(store, runId, saved.step);
  if (!generation.fellBackFrom) return "";
  const { step: lost, reason } = generation.fellBackFrom;
  return `The newest checkpoint${lost === undefined ? "" : ` (step ${lost})`} was damaged: ${reason}. The run goes on from step ${saved.step}.`;
}

/** The recipe and data set that a saved run was started with. Throws "bad-checkpoint" when there is no such run. */
export async function savedRun(store: Store, runId: string) {
  const info = await readRunInfo(store, runId);
  if (!info) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run is not in the browser's storage.",
      "Choose another run from the list.",
    );
  }
  return { info, recipe: parseRecipe(info.recipe), log: (await readLog(store, runId)).records };
}
