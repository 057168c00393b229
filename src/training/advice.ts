/** What looks wrong in a recipe before it runs, and how a run went. Never without a figure. */
import type { PlanInfo } from "../../workers/protocol/engine.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { lossEnds } from "../../workers/training/verdict.ts";
import { figure } from "../parts/format.ts";
import type { Fields } from "../stores/training.ts";

/** LoRA learns at 1e-5 to 1e-3; the smallest models bear some hundredths. */
const HIGHEST_RATE = 0.05;
/** More often than this, a row is learnt by heart. */
const MOST_EPOCHS = 30;

interface Rows {
  rows: number;
  /** [tokens, rows] of each length, ascending. */
  lengths: readonly (readonly [number, number])[];
}

/** Rows that are longer than the recipe lets them be. */
const longerThan = (maxLength: number, { lengths }: Rows): number =>
  lengths.reduce((sum, [tokens, rows]) => sum + (tokens > maxLength ? rows : 0), 0);

/** Sentences for beside the plan; none for what looks sound. */
export function warningsOf(fields: Fields, plan: Pick<PlanInfo, "epochs" | "steps">, data: Rows | undefined): string[] {
  const warnings: string[] = [];
  const rate = Number(fields.learning_rate);
  if (rate > HIGHEST_RATE) {
    warnings.push(`A learning rate of ${rate} is far too high: LoRA learns at 0.00001 to 0.001, so this will unlearn.`);
  }
  if (!data) return warnings;
  const maxLength = Number(fields.max_length);
  const long = longerThan(maxLength, data);
  if (long > 0) {
    const [are, lose] = long === 1 ? ["is", "loses its end"] : ["are", "lose their ends"];
    warnings.push(
      `${long} of ${data.rows} rows ${are} longer than ${maxLength} tokens and ${lose}: a cut answer does not show where to stop, and a row without room for an answer is left out.`,
    );
  }
  const batch = Number(fields.per_device_train_batch_size);
  if (batch > data.rows) warnings.push(`A batch of ${batch} is more than the ${data.rows} rows: each step takes all.`);
  if (plan.epochs > MOST_EPOCHS) {
    const enough = Math.max(1, Math.ceil((plan.steps * MOST_EPOCHS) / plan.epochs / 3));
    warnings.push(
      `Every row is seen ${Math.round(plan.epochs)} times: it will be learnt by heart. ${enough} steps are 10 times.`,
    );
  }
  return warnings;
}

/** The loss curve in words, for who does not see it. */
export function curveWords(records: readonly StepRecord[]): string {
  if (records.length < 2) return "";
  const { first, last } = lossEnds(records);
  const lowest = records.reduce((best, record) => (record.loss < best.loss ? record : best));
  const way = last < 0.98 * first ? "Falling" : last > 1.02 * first ? "Rising" : "Level";
  return `${way}: ${figure(first)} → ${figure(last)}, lowest ${figure(lowest.loss)} at step ${lowest.step}.`;
}

/** What the held-out rows say, in words; "" where they were not measured. */
export function heldOutWords(evaluations: readonly EvaluationRecord[]): string {
  const [first] = evaluations;
  const last = evaluations.at(-1);
  if (!first || !last) return "";
  if (evaluations.length === 1) return `Held-out rows: ${figure(first.loss)} at step ${first.step}.`;
  const best = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
  return `Held-out rows: ${figure(first.loss)} → ${figure(last.loss)}, lowest ${figure(best.loss)} at step ${best.step}.`;
}
