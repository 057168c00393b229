/** Which saved run tells how long a step will take, and what it tells. */
import { median } from "../../workers/metrics/averages.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** The first steps compile, and tell nothing. */
const FIRST_STEPS = 3;

/** Rows of an optimizer step, by a recipe in Hugging Face names. */
export const rowsOfStep = (fields: Record<string, unknown>): number =>
  Number(fields.per_device_train_batch_size) * Number(fields.gradient_accumulation_steps);

/** The newest run of this model with so many rows a step, whose steps tell a time; undefined where there is none. */
export const likeRun = (runs: readonly RunSummary[], modelId: string, rows: number): RunSummary | undefined =>
  runs
    .filter((run) => !run.lineage.imported && run.step > FIRST_STEPS)
    .filter((run) => run.modelId === modelId && rowsOfStep(run.recipe) === rows)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];

/** Seconds of a step, the median of all or of the `last` ones; undefined of a run that was too short. */
export function usualSeconds(records: readonly StepRecord[], last = records.length): number | undefined {
  const times = records
    .slice(FIRST_STEPS)
    .slice(-last)
    .map(({ seconds }) => seconds);
  return times.length > 0 ? median(times) : undefined;
}

/** Seconds of an evaluation of `rows` held-out rows, by those of a run; undefined where it had none. The first one compiles. */
export function usualEvaluation(evaluations: readonly EvaluationRecord[], rows: number): number | undefined {
  const later = evaluations.length > 1 ? evaluations.slice(1) : evaluations;
  return later.length > 0 ? rows * median(later.map((one) => one.seconds / one.rows)) : undefined;
}
