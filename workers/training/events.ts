/** What a run reports while it goes on. */
import type { ErrorReport } from "../errors.ts";
import type { FeatureCounts } from "../models/kept/feature-cache.ts";

export type RunState =
  | "idle"
  | "preparing"
  | "compiling"
  | "training"
  | "evaluating"
  | "pausing"
  | "paused"
  | "saving"
  | "done"
  | "stopped"
  | "failed";

/** What a loss that jumped stands out from (spikes.ts). */
export interface Spike {
  median: number;
  spread: number;
}

export interface StepRecord {
  step: number;
  loss: number;
  gradNorm: number;
  learningRate: number;
  targetTokens: number;
  tokens: number;
  seconds: number;
  /** Of a step whose loss jumped. */
  spike?: Spike;
}

/** What held-out rows say of the adapter after some step. */
export interface EvaluationRecord {
  /** Optimizer steps done; 0 before the first. */
  step: number;
  /** Sum over all targets divided by their number. */
  loss: number;
  targetTokens: number;
  rows: number;
  /** Figures of the answers by name, without `eval_` in front. */
  metrics: Record<string, number>;
  /** Rows whose answers these figures are of; absent where none were judged. */
  answered?: number;
  seconds: number;
}

/** A row of data prepared on demand, met for the first time, that is not trained on as it is. */
export interface OddRow {
  /** Where it came from. */
  source: string;
  /** Its batch has one row fewer, or it lost its end. */
  outcome: "left-out" | "cut";
  /** Why it was left out; "" otherwise. */
  message: string;
}

/** What is made of held-out rows: their loss, then answers to a few. */
export type Measuring = "loss" | "answers";

export type RunEvent =
  | {
      type: "state";
      runId: string;
      state: RunState;
      maxSteps: number;
      step: number;
      error?: ErrorReport;
      /** What the user should know of the run: all of it each time, a sentence or two each. */
      notes?: string[];
    }
  | { type: "row"; runId: string; row: OddRow }
  | { type: "features"; runId: string; counts: FeatureCounts }
  | { type: "step"; runId: string; record: StepRecord; maxSteps: number }
  | { type: "evaluating"; runId: string; step: number; what: Measuring; rows: number; of: number }
  | { type: "evaluation"; runId: string; record: EvaluationRecord }
  | { type: "checkpoint"; runId: string; step: number; phase: "writing" | "written"; bytes: number };
