/** What differs between runs: their model, data and recipe, and what came of them. */

import { median } from "../../workers/metrics/averages.ts";
import type { StepRecord } from "../../workers/training/events.ts";
import { originWords } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { figure } from "../parts/format.ts";
import { words } from "../words/index.ts";

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
  const say = words().runs.comparison;
  const of = (name: string, value: (c: Compared) => string): Difference => ({ name, values: compared.map(value) });
  const before = [
    of(say.model, ({ run }) => run.modelLabel),
    of(say.data, ({ run }) => run.datasetLabel),
    of(say.began, ({ run }) => originWords(run.lineage) || say.newMatrices),
  ].filter(differs);
  const keys = [...new Set(compared.flatMap(({ run }) => Object.keys(run.recipe)))];
  const recipe = keys.map((key) => ({ ...of(key, ({ run }) => shown(run.recipe[key])), code: true }));
  const other = recipe.filter(differs);
  return {
    before: [...before, ...other],
    same: recipe.length - other.length,
    results: [
      of(say.stepsMade, ({ run }) => say.made(run.step, run.maxSteps)),
      of(say.meanLoss(LAST), ({ records }) => orNone(records.slice(-LAST), meanLoss)),
      of(say.lowestLoss, ({ records }) => orNone(records, lowest)),
      ...[of(say.bestHeldOut, ({ run }) => heldOut(run))].filter(({ values }) =>
        values.some((v) => v !== say.notMeasured),
      ),
      of(say.tokens, ({ records }) => String(records.reduce((sum, r) => sum + r.targetTokens, 0))),
      of(say.seconds, ({ records }) => orNone(records, (all) => figure(median(all.map((r) => r.seconds))))),
    ],
  };
}

const differs = ({ values }: Difference): boolean => new Set(values).size > 1;
const shown = (value: unknown): string => {
  const text = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};
const orNone = (records: readonly StepRecord[], told: (all: readonly StepRecord[]) => string): string =>
  records.length === 0 ? words().runs.comparison.noSteps : told(records);
const meanLoss = (all: readonly StepRecord[]): string => figure(all.reduce((sum, r) => sum + r.loss, 0) / all.length);

function heldOut({ best, recipe }: RunSummary): string {
  const say = words().runs.comparison;
  if (!best) return say.notMeasured;
  return say.atStep(`eval_${recipe.metric_for_best_model ?? "loss"} ${figure(best.value)}`, best.step);
}

function lowest(all: readonly StepRecord[]): string {
  const best = all.reduce((a, b) => (b.loss < a.loss ? b : a));
  return words().runs.comparison.atStep(figure(best.loss), best.step);
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
