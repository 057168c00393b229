/** What a run reports while it goes on. */
import type { ErrorReport } from "../errors.ts";

export type RunState =
  | "idle"
  | "preparing"
  | "compiling"
  | "training"
  | "pausing"
  | "paused"
  | "saving"
  | "done"
  | "stopped"
  | "failed";

export interface StepRecord {
  step: number;
  loss: number;
  gradNorm: number;
  learningRate: number;
  targetTokens: number;
  tokens: number;
  seconds: number;
}

export type RunEvent =
  | {
      type: "state";
      runId: string;
      state: RunState;
      maxSteps: number;
      step: number;
      error?: ErrorReport;
      note?: string;
    }
  | { type: "step"; runId: string; record: StepRecord; maxSteps: number }
  | { type: "checkpoint"; runId: string; step: number; phase: "writing" | "written"; bytes: number };
