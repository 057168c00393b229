/** What differs between runs: their model, data and recipe, and what came of them. */

import { median } from "../../workers/metrics/averages.ts";
import type { StepRecord } from "../../workers/training/events.ts";
import { originWords } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { figure } from "../parts/format.ts";

export interface Compared {
  run: RunSummary;
  records: readonly StepRecord[];
}

/** One thing, and what each run has there, in the order of the runs. */
export interface Difference {
  name: string;
  /** A key of recipe files. */
  code?: boolean;
  values: string[];
}

/** Steps whose mean loss stands for where a run ended: one step's loss says more of its rows than of the run. */
const LAST = 10;

/** Rows of the table of what is not the same, and how many things of the recipe are. */
export function differences(compared: readonly Compared[]): {
  before: Difference[];
  same: number;
  results: Difference[];
} {
  const of = (name: string, value: (c: Compared) => string): Difference => ({ name, values: compared.map(value) });
  const before = [
    of("Model", ({ run }) => run.modelLabel),
    of("Data", ({ run }) => run.datasetLabel),
    of("Began with", ({ run }) => originWords(run.lineage) || "new matrices"),
  ].filter(differs);
  const keys = [...new Set(compared.flatMap(({ run }) => Object.keys(run.recipe)))];
  const recipe = keys.map((key) => ({ ...of(key, ({ run }) => shown(run.recipe[key])), code: true }));
  const other = recipe.filter(differs);
  return {
    before: [...before, ...other],
    same: recipe.length - other.length,
    results: [
      of("Steps made", ({ run }) => `${run.step} of ${run.maxSteps}`),
      of(`Mean loss of the last ${LAST} steps`, ({ records }) => orNone(records.slice(-LAST), meanLoss)),
      of("Lowest loss of a step", ({ records }) => orNone(records, lowest)),
      ...[of("Best on held-out rows", ({ run }) => heldOut(run))].filter(({ values }) =>
        values.some((v) => v !== NONE),
      ),
      of("Target tokens trained on", ({ records }) => String(records.reduce((sum, r) => sum + r.targetTokens, 0))),
      of("Seconds a step (median)", ({ records }) =>
        orNone(records, (all) => figure(median(all.map((r) => r.seconds)))),
      ),
    ],
  };
}

const differs = ({ values }: Difference): boolean => new Set(values).size > 1;
const shown = (value: unknown): string => {
  const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};
const orNone = (records: readonly StepRecord[], words: (all: readonly StepRecord[]) => string): string =>
  records.length === 0 ? "no steps" : words(records);
const meanLoss = (all: readonly StepRecord[]): string => figure(all.reduce((sum, r) => sum + r.loss, 0) / all.length);

const NONE = "not measured";

function heldOut({ best, recipe }: RunSummary): string {
  return best ? `eval_${recipe.metric_for_best_model ?? "loss"} ${figure(best.value)} at step ${best.step}` : NONE;
}

function lowest(all: readonly StepRecord[]): string {
  const best = all.reduce((a, b) => (b.loss < a.loss ? b : a));
  return `${figure(best.loss)} at step ${best.step}`;
}

/** The curves on one axis of steps: steps in order, then a list of losses for each run, null where it has no such step. */
export function curvesOf(
  compared: readonly Compared[],
  smooth: (losses: number[]) => number[],
): [steps: number[], ...losses: (number | null)[][]] {
  const steps = [...new Set(compared.flatMap(({ records }) => records.map((r) => r.step)))].sort((a, b) => a - b);
  const losses = compared.map(({ records }) => {
    const values = smooth(records.map((r) => r.loss));
    const byStep = new Map(records.map((r, i) => [r.step, values[i]!]));
    return steps.map((step) => byStep.get(step) ?? null);
  });
  return [steps, ...losses];
}
