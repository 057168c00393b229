/** What a run reports about itself, from the records of its steps: logged means, and a line of steps.jsonl. */
import { counted } from "../words.ts";
import type { EvaluationRecord, StepRecord } from "./events.ts";

/** What the Trainer logs of a window of `logging_steps` steps. */
export interface LoggedWindow {
  /** Its last step. */
  step: number;
  /** Mean of its steps' losses (the Trainer rounds it to 4 decimals). */
  loss: number;
  /** Those of its last step. */
  gradNorm: number;
  learningRate: number;
}

/**
 * Takes the records of a run one after the other and gives each window with its last step. Windows end at multiples of `loggingSteps`, as
 * in the Trainer: the first one of a run that goes on may be shorter, and a last one that is not complete is not logged.
 */
export function loggedWindows(loggingSteps: number): (record: StepRecord) => LoggedWindow | undefined {
  let sum = 0;
  let count = 0;
  return ({ step, loss, gradNorm, learningRate }) => {
    sum += loss;
    count += 1;
    if (step % loggingSteps !== 0) return undefined;
    const mean = sum / count;
    sum = 0;
    count = 0;
    return { step, loss: mean, gradNorm, learningRate };
  };
}

/** "step 10: loss 1.2345, grad_norm 0.5121, learning_rate 0.00002": the figures under their Hugging Face names. */
export function toLogLine({ step, loss, gradNorm, learningRate }: LoggedWindow): string {
  const short = (value: number): number => Number(value.toPrecision(4));
  return `step ${step}: loss ${loss.toFixed(4)}, grad_norm ${short(gradNorm)}, learning_rate ${short(learningRate)}`;
}

/** One line of `steps.jsonl` without its line end: Hugging Face names, full precision. */
export function toStepLine(record: StepRecord): string {
  return JSON.stringify({
    step: record.step,
    loss: record.loss,
    grad_norm: record.gradNorm,
    learning_rate: record.learningRate,
    target_tokens: record.targetTokens,
    ...(record.spike ? { loss_spike: record.spike } : {}),
  });
}

/** The figures of an evaluation under their names of transformers' logs: eval_loss, and eval_NAME of each metric. */
function evaluationFigures({ loss, metrics }: Pick<EvaluationRecord, "loss" | "metrics">): Record<string, number> {
  const named = Object.entries(metrics).map(([name, value]) => [`eval_${name}`, value] as const);
  return { eval_loss: loss, ...Object.fromEntries(named) };
}

/** One line of `steps.jsonl` without its line end, for an evaluation after `step` steps. */
export function toEvaluationLine(record: EvaluationRecord): string {
  const { step, targetTokens, rows, answered } = record;
  const counts = { eval_target_tokens: targetTokens, eval_rows: rows, eval_answered: answered };
  return JSON.stringify({ step, ...evaluationFigures(record), ...counts });
}

/** "step 10: eval_loss 1.2345, eval_exact_match 0.5000, on 40 held-out rows, of which 6 were answered". */
export function toEvaluationLogLine(record: EvaluationRecord): string {
  const figures = Object.entries(evaluationFigures(record)).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  const { answered } = record;
  const of = answered === undefined ? "" : `, of which ${answered} ${answered === 1 ? "was" : "were"} answered`;
  return `step ${record.step}: ${figures.join(", ")}, on ${counted(record.rows, "held-out row")}${of}`;
}
