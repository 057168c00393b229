/**
 * The training loop, as the outline of the program: next batch, one optimizer step, publish, save. It knows no GPU, no storage and no
 * page: those come in as `TrainerDeps` and `Control`.
 */
import type { LoadedStep } from "../data/batches/prefetch.ts";
import type { Position } from "../data/batches/sampler.ts";
import type { Example } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";
import type { Recipe } from "../recipe.ts";
import type { StepRecord } from "./events.ts";
import { learningRateAt } from "./schedule.ts";
import type { StepResult } from "./step.ts";

/** Everything that decides the next step, beside the GPU's slabs: plain data, saved in checkpoints. */
export interface TrainerState {
  /** Optimizer steps done. */
  step: number;
  /** Where the sampler stands. */
  position: Position;
}

/** What the user asked for while a step was running; read between steps. */
export interface Control {
  pause: boolean;
  stop: boolean;
  /** Write a checkpoint after this step (page hidden, pause …). */
  save: boolean;
  /** Resolves when `pause` or `stop` changes. */
  changed(): Promise<void>;
}

export interface TrainerDeps {
  recipe: Recipe;
  /** T of the schedule. */
  totalSteps: number;
  /** Stops here; the schedule keeps `totalSteps`. */
  lastStep: number;
  /** Examples of the optimizer step at `position`; reads the step after it while the GPU works. */
  load(position: Position): Promise<LoadedStep>;
  runStep(examples: Example[], step: number, learningRate: number): Promise<StepResult & Pick<StepRecord, "spike">>;
  save(state: TrainerState): Promise<void>;
  onStep(record: StepRecord): Promise<void> | void;
  onPause(paused: boolean): void;
  /** What measures held-out rows between steps; undefined where none are. */
  evaluation?: {
    /** They are to be measured after `step` steps, and have not been. */
    isDue(step: number): boolean;
    /** Measures them. `goOn` is asked between batches, waits while the run is paused, and says no when it is to stop: nothing is kept then. */
    run(step: number, goOn: () => Promise<boolean>): Promise<void>;
    /** What was measured says that the run ends here. */
    readonly ended: boolean;
  };
  /** Somebody is there to free disk space: a save that finds none pauses the run, and is tried again when it goes on. */
  onFull?(error: TabTuneError): void;
}

/** Runs from `state` (changed in place) to the last step or a stop. Returns why it ended. */
export async function train(state: TrainerState, deps: TrainerDeps, control: Control): Promise<"done" | "stopped"> {
  const { recipe, totalSteps, lastStep } = deps;
  let savedStep = state.step;
  /** The last save found no room. */
  let full = false;
  const save = async (): Promise<void> => {
    control.save = false;
    if (savedStep === state.step) return;
    try {
      await deps.save(state);
      savedStep = state.step;
    } catch (error) {
      const noRoom = error instanceof TabTuneError && error.code === "storage-full";
      if (!noRoom || control.stop || !deps.onFull) throw error;
      full = true;
      control.pause = true;
      deps.onFull(error);
    }
  };
  const pause = async (): Promise<void> => {
    if (!full) await save();
    deps.onPause(true);
    while (control.pause && !control.stop) await control.changed();
    deps.onPause(false);
    if (!full) return;
    full = false;
    await save();
  };

  const goOn = async (): Promise<boolean> => {
    while (control.pause && !control.stop) await pause();
    return !control.stop;
  };
  const { evaluation } = deps;
  const evaluate = async (): Promise<void> => {
    if (!evaluation?.isDue(state.step)) return;
    // It may take minutes: a kill meanwhile costs nothing, and the best checkpoint is there when its figure is.
    if (state.step > 0) await save();
    if (await goOn()) await evaluation.run(state.step, goOn);
  };

  await evaluate();
  while (state.step < lastStep && !control.stop && !evaluation?.ended) {
    if (control.pause) {
      await pause();
      continue;
    }
    const started = performance.now();
    const { microBatches, next } = await deps.load(state.position);
    const step = state.step + 1;
    const learningRate = learningRateAt(recipe, totalSteps, step);
    const result = await deps.runStep(microBatches.flat(), step, learningRate);
    state.step = step;
    state.position = next;
    await deps.onStep({ step, learningRate, ...result, seconds: (performance.now() - started) / 1000 });
    if (control.save || step % recipe.saveSteps === 0) await save();
    await evaluate();
  }
  await save();
  while (full) await pause();
  return state.step >= lastStep || evaluation?.ended ? "done" : "stopped";
}

/** A control that workers flip from the outside. */
export function newControl(): Control & { set(change: Partial<Pick<Control, "pause" | "stop" | "save">>): void } {
  let wake: () => void = () => {};
  const control = {
    pause: false,
    stop: false,
    save: false,
    changed: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    set(change: Partial<Pick<Control, "pause" | "stop" | "save">>) {
      Object.assign(control, change);
      wake();
    },
  };
  return control;
}
