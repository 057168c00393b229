/** `steps.jsonl`: a line a step and a line an evaluation, in the order in which they were made. */
import { appendFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeDirectory } from "../storage/fs-directory.ts";
import type { EvaluationRecord, StepRecord } from "../training/events.ts";
import { toEvaluationLine, toStepLine } from "../training/metrics.ts";

interface Line {
  step: number;
  /** The evaluation of a step stands behind it. */
  isEvaluation: boolean;
  text: string;
}

export interface Recorded {
  records: readonly StepRecord[];
  evaluations: readonly EvaluationRecord[];
}

const lineOf = (record: StepRecord): Line => ({ step: record.step, isEvaluation: false, text: toStepLine(record) });
const evaluationLineOf = (record: EvaluationRecord): Line => ({
  step: record.step,
  isEvaluation: true,
  text: toEvaluationLine(record),
});

const isBefore = (a: Line, b: Line): boolean =>
  a.step < b.step || (a.step === b.step && !a.isEvaluation && b.isEvaluation);

const textOf = (lines: readonly Line[]): string => lines.map(({ text }) => `${text}\n`).join("");

/** Appends lines to `file` as they come. The first one begins the file anew, behind those of `before` that come before it. */
export function stepsWriter(
  file: string,
  before: () => Promise<Recorded>,
): { add(record: StepRecord): void; addEvaluation(record: EvaluationRecord): void; flush(): Promise<void> } {
  let pending: Line[] = [];
  let begun = false;
  return {
    add: (record) => void pending.push(lineOf(record)),
    addEvaluation: (record) => void pending.push(evaluationLineOf(record)),
    async flush() {
      const lines = pending;
      pending = [];
      const [first] = lines;
      if (!first) return;
      if (!begun) {
        begun = true;
        const { records, evaluations } = await before();
        const earlier = [...records.map(lineOf), ...evaluations.map(evaluationLineOf)]
          .filter((line) => isBefore(line, first))
          .sort((a, b) => (isBefore(a, b) ? -1 : 1));
        await makeDirectory(path.dirname(file));
        await writeFile(file, textOf(earlier));
      }
      await appendFile(file, textOf(lines));
    },
  };
}
