/** What the training loop asks of a run: batches of its data, steps on the GPU, checkpoints, its log. */
import { createPrefetch, type LoadedStep } from "../data/batches/prefetch.ts";
import { createSampler, type Position } from "../data/batches/sampler.ts";
import type { UsableRows } from "../data/batches/usable-rows.ts";
import type { Example } from "../data/example.ts";
import type { Dataset } from "../data/shards/dataset.ts";
import { TabTuneError, toReport } from "../errors.ts";
import type { Adapter } from "../models/adapter.ts";
import { adapterTensors } from "../models/adapter-slabs.ts";
import type { FeatureCache } from "../models/kept/feature-cache.ts";
import type { LoadedModel } from "../models/open.ts";
import type { Recipe } from "../recipe.ts";
import type { Store } from "../storage/store.ts";
import type { StepRecord } from "./events.ts";
import { fittedRows } from "./fitted-rows.ts";
import { KernelWatch } from "./kernel-watch.ts";
import type { Control, TrainerDeps, TrainerState } from "./loop.ts";
import { Outliers } from "./outliers.ts";
import type { RunReport } from "./report.ts";
import type { RunEvaluation } from "./run-evaluation.ts";
import { appendLog } from "./saved/log.ts";
import { noRoomFor, saveGeneration } from "./saved/save.ts";
import { Spikes } from "./spikes.ts";
import type { TrainingStep } from "./step.ts";
import { tracedError } from "./trace.ts";

export interface RunParts {
  model: LoadedModel;
  store: Store;
  runId: string;
  dataset: Dataset;
  usable: UsableRows;
  /** Rows no longer than the model takes. */
  recipe: Recipe;
  lastStep: number;
  step: TrainingStep;
  state: TrainerState;
  report: RunReport;
  evaluation: RunEvaluation | undefined;
  /** Bytes of a checkpoint. */
  checkpointBytes: number;
  control: Control;
  pauseWhenFull?: boolean | undefined;
  watchShare?: number | undefined;
  onGradients?: ((step: number, adapter: Adapter) => Promise<void>) | undefined;
}

export class RunHooks implements TrainerDeps {
  readonly recipe: Recipe;
  readonly totalSteps: number;
  readonly lastStep: number;
  readonly load: (position: Position) => Promise<LoadedStep>;
  readonly onFull?: (cause: TabTuneError) => void;
  readonly evaluation?: RunEvaluation;
  readonly #parts: RunParts;
  /** Records since the last checkpoint: they are appended to the stored log with the next one. */
  #log: StepRecord[] = [];
  readonly #outliers = new Outliers();
  readonly #spikes = new Spikes();
  readonly #watch: KernelWatch;
  /** Of the examples that are read, in the data set. */
  readonly #positions = new WeakMap<Example, number>();

  constructor(parts: RunParts) {
    const { recipe, report, lastStep, state } = parts;
    this.recipe = recipe;
    this.totalSteps = report.maxSteps;
    this.lastStep = lastStep;
    this.load = loaderOf(parts, this.#positions);
    if (parts.pauseWhenFull) this.onFull = (cause) => report.pausedBy(toReport(noRoomFor(state.step, cause)));
    if (parts.evaluation) this.evaluation = parts.evaluation;
    this.#watch = new KernelWatch(parts.model.vlm, parts.step.kernels, parts.watchShare);
    this.#parts = parts;
  }

  async runStep(examples: Example[], n: number, learningRate: number): ReturnType<TrainerDeps["runStep"]> {
    const { step, onGradients, report } = this.#parts;
    const before = onGradients && (() => onGradients(n, step.adapter));
    const began = performance.now();
    const { beyondHalf, ...result } = await step.run(examples, n, learningRate, before).catch(async (cause) => {
      throw await this.#traced(cause, examples, n);
    });
    await this.#watch.afterStep(n, performance.now() - began);
    if (this.#outliers.add(n, beyondHalf)) {
      report.note(this.#outliers.first);
      this.#going();
    }
    const told = this.#spikes.first;
    const spike = this.#spikes.add(n, result.loss);
    if (!spike) return result;
    if (!told) {
      report.note(this.#spikes.first);
      this.#going();
    }
    return { ...result, spike };
  }

  /** The steps that a run has behind it when it goes on. */
  goOn(records: readonly StepRecord[]): void {
    this.#spikes.goOn(records);
  }

  /** The error of a step whose loss is not a number, with the row and the place that it comes from. Any other error is itself. */
  async #traced(cause: unknown, examples: Example[], n: number): Promise<unknown> {
    if (!(cause instanceof TabTuneError && cause.code === "non-finite-loss")) return cause;
    const { step, dataset } = this.#parts;
    const found = await step.trace(examples, n);
    const sourceOf = async (example: Example): Promise<string> => {
      const position = this.#positions.get(example) ?? example.row;
      return (await dataset.sourceOf(position)) ?? `row ${position + 1}`;
    };
    return tracedError(cause, {
      step: n,
      rows: examples.length,
      found,
      source: found[0] && (await sourceOf(found[0].example)),
    });
  }

  /** Records that no save has written yet. */
  get unsaved(): readonly StepRecord[] {
    return this.#log;
  }

  /** Adds to the run's notes what is only known at its end. */
  tellTotals(): void {
    this.#parts.report.note(this.#outliers.total, this.#spikes.total, this.#watch.total);
  }

  async save({ step: n, position }: TrainerState): Promise<void> {
    const { model, store, runId, step, report, checkpointBytes, recipe, evaluation } = this.#parts;
    report.state("saving");
    await this.#watch.beforeSave(n);
    const options = { kept: recipe.saveTotalLimit, best: evaluation?.best?.step };
    await withRoomFrom(step.features, async () => {
      await appendLog(store, runId, this.#log);
      this.#log = [];
      report.checkpoint(n, "writing", checkpointBytes);
      const tensors = adapterTensors(model.vlm, step.adapter);
      await saveGeneration(store, runId, { step: n, state: { step: n, position }, tensors }, options);
    });
    report.checkpoint(n, "written", checkpointBytes);
    this.#going();
  }

  #going(): void {
    const { report, control } = this.#parts;
    report.state(control.pause ? "pausing" : "training");
  }

  onStep(record: StepRecord): void {
    this.#log.push(record);
    const { report, step } = this.#parts;
    report.step(record);
    if (step.features) report.features(step.features.counts);
  }

  onPause(paused: boolean): void {
    this.#parts.report.state(paused ? "paused" : "training");
  }
}

/** A save that finds the disk full takes the room of features, which can be made again. */
async function withRoomFrom(features: FeatureCache | undefined, save: () => Promise<unknown>): Promise<void> {
  try {
    await save();
  } catch (error) {
    if (!(error instanceof TabTuneError && error.code === "storage-full" && (await features?.makeRoom()))) throw error;
    await save();
  }
}

/** Reads the examples of the step at a position, none of them longer than the recipe's rows; a row that is met and cannot be used is told. */
function loaderOf(
  { model, dataset, usable, recipe, report }: RunParts,
  positions: WeakMap<Example, number>,
): RunHooks["load"] {
  const plan = createSampler({
    rows: usable.rows.length,
    order: recipe.dataOrder,
    seed: recipe.seed,
    shardSizes: usable.shardSizes,
    batchSize: recipe.perDeviceTrainBatchSize,
    accumulation: recipe.gradientAccumulationSteps,
  });
  const positionOf = (i: number): number => usable.rows[i]!;
  // Of whole data sets it was counted before the run.
  const read = fittedRows(dataset, { model, recipe, report, counted: !dataset.onDemand });
  return createPrefetch(plan, {
    read: async (i) => {
      const example = await read(positionOf(i));
      if (example) positions.set(example, positionOf(i));
      return example;
    },
    ...(dataset.onDemand ? { soon: (rows) => dataset.soon(rows.map(positionOf)) } : {}),
  });
}
