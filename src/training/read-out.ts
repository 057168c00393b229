/** The steps of a chart as they are read one by one: by pointing, or by keys. */
import { figure } from "../parts/format.ts";
import { words } from "../words/index.ts";
import type { StepFigures } from "./metrics.ts";

/** What is known of a step, in one line. `checkpoints`: steps that were saved. */
export function readOut({ step, record, evaluation }: StepFigures, checkpoints: readonly number[]): string {
  const say = words().chart;
  const parts = [
    say.step(step),
    record && say.lossIs(figure(record.loss)),
    evaluation && say.heldOutIs(figure(evaluation.loss)),
    record && say.rateIs(figure(record.learningRate)),
    record && say.normIs(figure(record.gradNorm)),
    checkpoints.includes(step) && say.saved,
  ];
  return parts.filter(Boolean).join(", ");
}

/** How far a key leads, in places: from `at`, where undefined is behind the last of `of`. Undefined: the key is none of these. */
export function placeAfter(key: string, at: number | undefined, of: number): number | undefined {
  const from = at ?? of;
  const to = {
    ArrowLeft: from - 1,
    ArrowDown: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from + 1,
    PageDown: from - 10,
    PageUp: from + 10,
    Home: 0,
    End: of - 1,
  }[key];
  return to === undefined || of === 0 ? undefined : Math.min(of - 1, Math.max(0, to));
}
