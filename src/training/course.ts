/** How a run went, in words. */
import { lossEnds } from "../../workers/training/advice/on-run.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { figure } from "../parts/format.ts";

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
