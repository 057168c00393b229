/** Whether a run measures held-out rows where nobody has said: a glance at whether it learns costs little, where there are rows to spare. */
import type { Preset } from "./presets.ts";

/** Rows from which on some are held out without being asked for. */
const LEAST_ROWS = 40;
/** So many evaluations a run has at first. */
const EVALUATIONS = 10;

interface Rows {
  rows: number;
  /** Rows that the data itself keeps apart. */
  heldOut?: object | undefined;
}

/** The seed report's recipe is whole: it measures nothing. */
export const measuresByItself = (preset: Preset, data: Rows | undefined): boolean =>
  preset !== "Seed report" && data !== undefined && (data.rows >= LEAST_ROWS || data.heldOut !== undefined);

/** Steps from one evaluation to the next. `planned`: the run's steps where its recipe counts epochs. */
export function evalStepsFor(maxSteps: unknown, planned: number): number {
  const steps = typeof maxSteps === "number" && maxSteps > 0 ? maxSteps : planned;
  return Math.max(1, Math.round(steps / EVALUATIONS));
}

/** Keys of a recipe that say whether and when held-out rows are measured, and whose values nobody has chosen. */
export function ownEvaluation(
  fields: Record<string, unknown>,
  { preset, data, planned }: { preset: Preset; data: Rows | undefined; planned: number },
): Record<string, unknown> {
  const measures = measuresByItself(preset, data);
  return {
    eval_strategy: measures ? "steps" : "no",
    eval_steps: measures ? evalStepsFor(fields.max_steps, planned) : null,
  };
}
