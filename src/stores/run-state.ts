/** Which states of a run are which. */
import type { RunState } from "../../workers/training/events.ts";

/** A run goes on; a paused one does too, and holds the GPU's memory. */
export const isRunning = (state: RunState): boolean =>
  ["preparing", "compiling", "training", "evaluating", "pausing", "paused", "saving"].includes(state);

/** A run goes on and is not paused: the GPU has work. */
export const isWorking = (state: RunState): boolean => isRunning(state) && state !== "paused";

/** A state that a run stays in until somebody does something. */
export const isAtRest = (state: RunState): boolean => ["paused", "done", "stopped", "failed"].includes(state);
