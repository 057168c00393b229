/** How a run went, in words. */
import { lossEnds } from "../../workers/training/advice/on-run.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { figure } from "../parts/format.ts";
import { words } from "../words/index.ts";

/** The loss curve in words, for who does not see it. */
export function curveWords(records: readonly StepRecord[]): string {
  if (records.length < 2) return "";
  const { first, last } = lossEnds(records);
  const lowest = records.reduce((best, record) => (record.loss < best.loss ? record : best));
  const { ways, from } = words().run.course;
  const way = last < 0.98 * first ? ways.falling : last > 1.02 * first ? ways.rising : ways.level;
  return from(way, figure(first), figure(last), figure(lowest.loss), lowest.step);
}

/** What the held-out rows say, in words; "" where they were not measured. */
export function heldOutWords(evaluations: readonly EvaluationRecord[]): string {
  const [first] = evaluations;
  const last = evaluations.at(-1);
  if (!first || !last) return "";
  const { heldOut, once, from } = words().run.course;
  if (evaluations.length === 1) return once(heldOut, figure(first.loss), first.step);
  const best = evaluations.reduce((a, b) => (b.loss < a.loss ? b : a));
  return from(heldOut, figure(first.loss), figure(last.loss), figure(best.loss), best.step);
}
