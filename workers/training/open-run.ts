/** A run that stands on the GPU: its rows, its plan, its adapter and its step; what it begins with, and how it is closed. */
import { type UsableRows, usableRows } from "../data/batches/usable-rows.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { CACHE_BYTES } from "../data/shards/prepare-dataset.ts";
import { lengthNotes } from "../data/text/fit-length.ts";
import { TabTuneError } from "../errors.ts";
import { Arena } from "../gpu/buffers.ts";
import { trialAllocation } from "../gpu/trial-allocation.ts";
import { type Adapter, allocateAdapter, type LoraModule } from "../models/adapter.ts";
import { adapterTensors, isWeight, restoreAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import { FeatureCache, featuresPrefix } from "../models/kept/feature-cache.ts";
import { initialLora } from "../models/lora-init.ts";
import type { MemoryPlan } from "../models/memory-plan.ts";
import type { LoadedModel } from "../models/open.ts";
import { answersRows, type Recipe, toHuggingFace } from "../recipe.ts";
import { withinQuota } from "../storage/quota.ts";
import type { Store } from "../storage/store.ts";
import { metricName, refuseUnknownMetric } from "./best.ts";
import type { RunEvent } from "./events.ts";
import { separateRows } from "./held-out.ts";
import { type Judging, judgingOf, judgingWords, rightAnswers } from "./judging.ts";
import type { Control, TrainerState } from "./loop.ts";
import { loraSettings, onModel } from "./plan.ts";
import { RunReport } from "./report.ts";
import { RunEvaluation } from "./run-evaluation.ts";
import { RunHooks } from "./run-hooks.ts";
import { type Origin, saveLineage } from "./saved/lineage.ts";
import { loadStep } from "./saved/load.ts";
import { appendLog, readLog } from "./saved/log.ts";
import { type MirroredStore, mirrored } from "./saved/mirror.ts";
import { restore } from "./saved/restore.ts";
import { recordOfModel } from "./saved/run-info.ts";
import { saveRunInfo, setRunStatus } from "./saved/runs.ts";
import { keepNewest, type SavedTensor, saveGeneration } from "./saved/save.ts";
import { createTrainingStep, type TrainingStep } from "./step.ts";
import { optimizerSettings } from "./update.ts";

/** An adapter on the GPU, with the memory it lives in. */
export interface LiveAdapter {
  runId: string;
  /** Of which of the run's checkpoints, where it is not the one that the run ends with. */
  which?: "best" | "last" | undefined;
  adapter: Adapter;
  arena: Arena;
}

/** An adapter that a run begins with, in place of new matrices. The recipe has its rank, alpha and targets. */
export interface AdapterStart {
  lora(m: LoraModule): { loraA: Float32Array; loraB: Float32Array };
  /** A tensor that is trained in full, by its neutral name. */
  full(name: string): Float32Array | undefined;
  origin: Origin;
}

export interface RunOptions {
  model: LoadedModel;
  store: Store;
  dataset: Dataset;
  recipe: Recipe;
  runId: string;
  control: Control;
  onEvent: (event: RunEvent) => void;
  /** Continue from the last checkpoint of `runId` instead of starting anew. */
  resume: boolean;
  /** What is kept of pictures' features: bytes in memory and in storage; false computes them anew in every step. */
  features?: { memoryBytes?: number; budget?: number } | false;
  /** Stop after this many steps; the schedule keeps the recipe's. */
  stopAfter?: number;
  /** Given A (and B) instead of the seeded initial values. */
  loraInit?: (module: string) => { loraA: Float32Array; loraB: Float32Array | undefined } | undefined;
  /** Positions of held-out rows to answer, in place of some from all over. A run that goes on keeps those it began with. */
  answerRows?: readonly number[] | undefined;
  /** Begin with an adapter. It is saved as the checkpoint of step 0: the run needs no other source to go on from. */
  start?: AdapterStart | undefined;
  /** Sees the gradients of a step before clipping (command line `--dump`). */
  onGradients?: (step: number, adapter: Adapter) => Promise<void>;
  /** Of the time that steps take, what the watch on kernels may take (kernel-watch.ts); by default a hundredth. */
  watchShare?: number;
  /** Opens the store anew, empty, where the browser cleared it: the run is then written into it before it ends. */
  reopenStore?: (() => Promise<Store>) | undefined;
  /** A full disk pauses the run instead of ending it. */
  pauseWhenFull?: boolean;
  /** The adapter is on the GPU now: the chat may use it, also while the run is paused. Whoever takes it also frees it. */
  onAdapter?: (live: LiveAdapter) => void;
}

/** Counts the usable rows, plans, and puts adapter and step on the GPU. What fails leaves nothing there. */
export async function openRun(given: RunOptions): Promise<OpenRun> {
  const { model } = given;
  const mirror = given.reopenStore && (await mirrored(given.store, given.runId));
  const options = { ...given, store: mirror ?? given.store };
  const { recipe, planOf } = onModel(model, options.recipe);
  const state: TrainerState = { step: 0, position: { epoch: 0, index: 0 } };
  const report = new RunReport(options, state, recipe.maxSteps);
  report.state("preparing");
  const { training: dataset, heldOut, words } = await separateRows(options, options.dataset, recipe);
  const judged = heldOut && (await judgedBy(recipe, heldOut.rows));
  const usable = await usableRows(dataset, recipe, model.config.imageTokenId);
  const { longest, manifest } = dataset;
  const pictures = manifest.index?.most.pictures;
  const { memory: plan, steps } = planOf({ rows: usable.rows.length, longest, pictures });
  report.maxSteps = steps;
  report.state("compiling");
  const arena = new Arena(model.vlm.gpu, model.vlm.counters);
  const step = await stepOnGpu(options, recipe, { plan, evaluates: heldOut !== undefined }, arena);
  if (options.features !== false) await keepFeatures({ ...options, dataset }, step, arena);
  const { runner, answering } = step;
  const evaluation =
    heldOut &&
    new RunEvaluation({
      ...{ ...options, recipe, totalSteps: steps, heldOut, runner, answering, report },
      ...{ judging: judged?.judging, picked: options.answerRows },
    });
  const told = [words, judged?.words ?? ""];
  return new OpenRun({
    ...options,
    dataset,
    recipe,
    usable,
    told,
    plan,
    arena,
    step,
    state,
    report,
    evaluation,
    mirror,
  });
}

interface OpenParts extends RunOptions {
  /** `store`, where the run can be written anew. */
  mirror: MirroredStore | undefined;
  /** The rows that are trained on. */
  usable: UsableRows;
  /** What to tell of those that are held out. */
  told: string[];
  evaluation: RunEvaluation | undefined;
  plan: MemoryPlan;
  /** Of the adapter; the step has its own. */
  arena: Arena;
  step: TrainingStep;
  state: TrainerState;
  report: RunReport;
}

export class OpenRun {
  readonly state: TrainerState;
  readonly hooks: RunHooks;
  readonly #parts: OpenParts;
  /** Somebody else has the adapter. */
  #given = false;

  constructor(parts: OpenParts) {
    const { plan, report, stopAfter = report.maxSteps } = parts;
    this.state = parts.state;
    this.hooks = new RunHooks({
      ...parts,
      lastStep: Math.min(report.maxSteps, stopAfter),
      checkpointBytes: plan.checkpointBytes,
    });
    this.#parts = parts;
  }

  /** Puts the last checkpoint on the GPU; without one, first matrices, and writes the run's record. */
  async restoreOrBegin(): Promise<void> {
    const { model, store, runId, dataset, usable, recipe, arena, step, report, resume, onAdapter } = this.#parts;
    const { evaluation, told } = this.#parts;
    const { adapter } = step;
    // A run that was cut off before its first checkpoint starts over: the seed makes the same adapter again.
    const restored = resume ? await restore({ store, runId }, model.vlm, adapter, this.state) : undefined;
    if (restored === undefined) await this.#begin();
    else {
      await evaluation?.restore();
      this.hooks.goOn((await readLog(store, runId)).records);
    }
    await setRunStatus(store, runId, "running");
    this.#given = onAdapter !== undefined;
    onAdapter?.({ runId, adapter, arena });
    const { rows } = dataset;
    const lengths = lengthNotes({ rows, cut: usable.cut, leftOut: rows - usable.rows.length }, recipe.maxLength);
    report.note(restored, ...told, ...lengths, ...model.notes);
    report.state("training");
  }

  async #begin(): Promise<void> {
    const { model, store, runId, dataset, recipe, step, report, start } = this.#parts;
    await writeFirstValues(this.#parts, step.adapter);
    await this.#parts.evaluation?.begin();
    await saveRunInfo(store, {
      id: runId,
      createdAt: new Date().toISOString(),
      ...recordOfModel(model),
      datasetId: dataset.manifest.id,
      datasetLabel: dataset.manifest.label,
      maxSteps: report.maxSteps,
      status: "running",
      recipe: toHuggingFace(recipe),
    });
    if (!start) return;
    await saveLineage(store, runId, { origin: start.origin, more: [] });
    const tensors = adapterTensors(model.vlm, step.adapter);
    await saveGeneration(store, runId, { step: 0, state: this.state, tensors });
  }

  /** Writes how the run ended: "done" with the schedule's last step or an early end, else "stopped". */
  async close(): Promise<void> {
    const { store, runId, report, evaluation, recipe, model, step: live } = this.#parts;
    const { step } = this.state;
    const early = evaluation?.ended && step < report.maxSteps;
    this.hooks.tellTotals();
    if (early) report.note(earlyEnd(step, evaluation, recipe));
    const best = recipe.loadBestModelAtEnd ? await this.#readBest() : undefined;
    // The last save did not know yet what the last evaluation says, and one that was cut off has left older ones.
    await keepNewest(store, runId, { kept: recipe.saveTotalLimit, best: evaluation?.best?.step });
    const status = early || step >= report.maxSteps ? "done" : "stopped";
    await setRunStatus(store, runId, status);
    // Behind all that asks the storage: until then what is on the GPU is the last step, and `rescued` may write it as that.
    if (best?.tensors) await restoreAdapter(model.vlm, live.adapter, best.tensors, isWeight);
    report.note(best?.words ?? "");
    report.state(status);
  }

  /**
   * The adapter of the best evaluation, which takes the place of the last one, and what to tell of it. Read as a whole, so that none is put
   * in place in part. Its checkpoints stay.
   */
  async #readBest(): Promise<{ tensors?: SavedTensor[]; words: string }> {
    const { store, runId, evaluation } = this.#parts;
    const best = evaluation?.best;
    if (!best || best.step === this.state.step) return { words: "" };
    const generation = await loadStep(store, runId, best.step);
    if (!generation)
      return { words: `The checkpoint of step ${best.step}, which was best, is not there: the last one is used.` };
    const tensors: SavedTensor[] = [];
    for await (const tensor of generation.tensors(isWeight)) tensors.push(tensor);
    return { tensors, words: `The adapter is that of step ${best.step}, which the held-out rows say is best.` };
  }

  /** The error that the run ends with in place of `error`: where the storage was cleared under it, it is first written anew. */
  async rescued(error: unknown): Promise<unknown> {
    const { reopenStore, runId, mirror, model, step } = this.#parts;
    if (!reopenStore || !mirror || !(error instanceof TabTuneError && error.code === "storage-gone")) return error;
    const again = await reopenStore();
    await again.set(mirror.records(), "strict");
    await appendLog(again, runId, this.hooks.unsaved);
    const tensors = adapterTensors(model.vlm, step.adapter);
    await saveGeneration(again, runId, { step: this.state.step, state: this.state, tensors });
    return new TabTuneError(
      "storage-gone",
      "The browser cleared this site's storage while the run went on: prepared data, earlier checkpoints and cached models are gone.",
      "Choose the same data again, then press Resume run.",
      `The run is not lost: it was written anew, as it is after step ${this.state.step}.`,
      { cause: error },
    );
  }

  async dispose(): Promise<void> {
    await this.#parts.step.dispose();
    if (!this.#given) this.#parts.arena.dispose();
  }
}

const earlyEnd = (step: number, { best }: RunEvaluation, recipe: Recipe): string =>
  `The run ended early, at step ${step}: eval_${metricName(recipe)} was best at step ${best?.step} (${best?.value.toPrecision(5)}) and no better in ${recipe.earlyStoppingPatience} evaluations since.`;

/**
 * What judges the answers of the held-out rows, and what to tell of it. Throws TabTuneError "bad-recipe" where the recipe goes by a metric
 * that its evaluations do not give.
 */
async function judgedBy(recipe: Recipe, rows: Dataset): Promise<{ judging: Judging | undefined; words: string }> {
  const judging = answersRows(recipe) ? judgingOf(recipe, await rightAnswers(rows)) : undefined;
  refuseUnknownMetric(recipe, ["loss", ...(judging?.metric.figures ?? [])]);
  return { judging, words: answersRows(recipe) ? judgingWords(judging) : "" };
}

/** The adapter in `arena`, and its step. Throws "out-of-memory" with nothing left behind. */
async function stepOnGpu(
  { model }: RunOptions,
  recipe: Recipe,
  { plan: { capacity, tileCapacity, answerRows }, evaluates }: { plan: MemoryPlan; evaluates: boolean },
  arena: Arena,
): Promise<TrainingStep> {
  let step: TrainingStep | undefined;
  try {
    return await trialAllocation(model.vlm.gpu, async () => {
      const adapter = allocateAdapter(arena, model.config, loraSettings(recipe), {
        training: true,
        optim: recipe.optim,
      });
      step = await createTrainingStep(model.vlm, adapter, {
        capacity,
        tileCapacity,
        optimizer: optimizerSettings(recipe),
        trainOn: recipe.trainOn,
        evaluates,
        answerRows: evaluates ? answerRows : undefined,
      });
      return step;
    });
  } catch (error) {
    await step?.dispose();
    arena.dispose();
    throw error;
  }
}

/** Features of the data set's pictures are kept beside its rows. */
async function keepFeatures({ store, dataset, features }: RunOptions, step: TrainingStep, arena: Arena): Promise<void> {
  const { memoryBytes, budget = await withinQuota(CACHE_BYTES) } = features || {};
  const prefix = featuresPrefix(dataset.manifest.id);
  try {
    await step.keepFeatures((of) => FeatureCache.open({ ...of, memoryBytes, storage: { store, prefix, budget } }));
  } catch (error) {
    await step.dispose();
    arena.dispose();
    throw error;
  }
}

/** A and B as given or as the seed has them, and what is trained in full as the checkpoint has it; or an adapter's. */
async function writeFirstValues({ model, recipe, loraInit, start }: RunOptions, adapter: Adapter): Promise<void> {
  if (start) {
    writeAdapter(model.vlm, adapter, start.lora, start.full);
    return;
  }
  const full = new Map<string, Float32Array>();
  for (const { name } of adapter.trained) full.set(name, await model.readTensor(name));
  const loraOf = (m: LoraModule) => {
    const given = loraInit?.(m.module);
    const made = initialLora(m.module, recipe.loraR, m.inFeatures, m.outFeatures, recipe.seed);
    return { loraA: given?.loraA ?? made.loraA, loraB: given?.loraB ?? made.loraB };
  };
  writeAdapter(model.vlm, adapter, loraOf, (name) => full.get(name));
}
