/** What the page works out from the records of a run's steps: the time left, the CSV file. */

import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { toEvaluationLine, toStepLine } from "../../workers/training/metrics.ts";
import { usualSeconds } from "../parts/step-times.ts";
import { words } from "../words/index.ts";

/**
 * Seconds until step `maxSteps`: median of the last 20 step times, so that one slow step does not count, times steps left.
 * Undefined for the first 3 steps, which compile shaders and tell nothing.
 */
export function secondsLeft(records: readonly StepRecord[], maxSteps: number): number | undefined {
  const seconds = usualSeconds(records, 20);
  return seconds === undefined ? undefined : seconds * Math.max(0, maxSteps - records.at(-1)!.step);
}

/** Tokens of the last 10 steps by their seconds; undefined where these took no time. */
export function tokensPerSecond(records: readonly StepRecord[]): number | undefined {
  const last = records.slice(-10);
  const seconds = last.reduce((sum, record) => sum + record.seconds, 0);
  return seconds > 0 ? last.reduce((sum, record) => sum + record.tokens, 0) / seconds : undefined;
}

/** What is known of a step: one that was made, one after which held-out rows were measured, or both. Step 0 is before the first. */
export interface StepFigures {
  step: number;
  record: StepRecord | undefined;
  evaluation: EvaluationRecord | undefined;
}

/** Ascending by step. */
export function figuresByStep(records: readonly StepRecord[], evaluations: readonly EvaluationRecord[]): StepFigures[] {
  const all = new Map<number, StepFigures>();
  for (const record of records) all.set(record.step, { step: record.step, record, evaluation: undefined });
  for (const evaluation of evaluations) {
    const { step } = evaluation;
    all.set(step, { step, record: all.get(step)?.record, evaluation });
  }
  return [...all.values()].sort((a, b) => a.step - b.step);
}

/** Rows that a closed table has while the run goes on. */
const FIRST_ROWS = 100;

/**
 * Rows of the table of a run that are drawn: all of them once it is opened or the run is over. Until then only the first ones are: a
 * row costs the page 4 kB, and a browser that holds more also lets more rubbish lie before it collects it.
 */
export const rowsDrawn = (rows: number, isComplete: boolean): number =>
  isComplete ? rows : Math.min(rows, FIRST_ROWS);

/** Names of the figures of answers. */
export const figureNames = (evaluations: readonly EvaluationRecord[]): string[] => [
  ...new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics))),
];

/** Parts of figures' names that the field writes otherwise than as words. */
const WRITTEN: Record<string, string> = {
  anls: "ANLS",
  f1: "F1",
  iou: "IoU",
  json: "JSON",
  rouge: "ROUGE",
  l: "L",
  vqa: "VQA",
};

/** "Exact match of 6 answers" */
export const figureTitle = (name: string, answered: number | undefined): string => {
  const said = name.split("_").map((part) => WRITTEN[part] ?? part);
  const title = `${said[0]![0]!.toUpperCase()}${said.join(" ").slice(1)}`;
  return answered ? words().run.figures.ofAnswers(title, answered) : title;
};

/** The figures as CSV with a header line, full precision, CRLF line ends (RFC 4180); what was not measured is left empty. */
export function toCsv(records: readonly StepRecord[], evaluations: readonly EvaluationRecord[] = []): string {
  const names = figureNames(evaluations);
  const counts = names.length > 0 ? ["eval_answered"] : [];
  const measured = evaluations.length > 0 ? ["eval_loss", ...names.map((name) => `eval_${name}`), ...counts] : [];
  const lines = figuresByStep(records, evaluations).map(({ step, record: r, evaluation: e }) => {
    const own = [r?.loss, r?.gradNorm, r?.learningRate, r?.targetTokens, r?.tokens, r?.seconds];
    const answers = names.length > 0 ? [...names.map((name) => e?.metrics[name]), e?.answered] : [];
    const held = measured.length > 0 ? [e?.loss, ...answers] : [];
    return [step, ...own, ...held].join(",");
  });
  const header = ["step,loss,grad_norm,learning_rate,target_tokens,tokens,seconds", ...measured].join(",");
  return [header, ...lines].map((line) => `${line}\r\n`).join("");
}

/** The log, as the command line writes it in steps.jsonl: a line a step and behind it, where it was measured, a line an evaluation. */
export const toLog = (records: readonly StepRecord[], evaluations: readonly EvaluationRecord[]): string =>
  figuresByStep(records, evaluations)
    .flatMap(({ record, evaluation }) => [record && toStepLine(record), evaluation && toEvaluationLine(evaluation)])
    .filter((line) => line !== undefined)
    .map((line) => `${line}\n`)
    .join("");
