/** What a run tells whoever started it. */
import type { ErrorReport } from "../errors.ts";
import type { FeatureCounts } from "../models/kept/feature-cache.ts";
import type { EvaluationRecord, Measuring, OddRow, RunEvent, RunState, StepRecord } from "./events.ts";
import type { TrainerState } from "./loop.ts";

export class RunReport {
  /** The recipe's, until the rows are counted: -1 where it counts epochs. */
  maxSteps: number;
  /** What the user should know of the run: it comes with every state but "saving", which passes. */
  readonly #notes: string[] = [];
  readonly #runId: string;
  readonly #progress: TrainerState;
  readonly #onEvent: (event: RunEvent) => void;
  #state: RunState = "idle";

  /** `progress` is read at each event. */
  constructor(
    { runId, onEvent }: { runId: string; onEvent: (event: RunEvent) => void },
    progress: TrainerState,
    maxSteps: number,
  ) {
    this.#runId = runId;
    this.#onEvent = onEvent;
    this.#progress = progress;
    this.maxSteps = maxSteps;
  }

  /** Adds sentences to what comes with each state; those that are empty or missing are none. */
  note(...sentences: (string | undefined)[]): void {
    this.#notes.push(...sentences.filter((s): s is string => Boolean(s)));
  }

  state(state: RunState): void {
    this.#stateEvent(state, this.#notes.length > 0 && state !== "saving" ? { notes: [...this.#notes] } : {});
  }

  /** The run stands still until the user has done something about `error`. */
  pausedBy(error: ErrorReport): void {
    this.#stateEvent("paused", { error });
  }

  step(record: StepRecord): void {
    this.#onEvent({ type: "step", runId: this.#runId, record, maxSteps: this.maxSteps });
  }

  /** `rows` of the held-out rows are measured, or answered. A pause in between has told another state. */
  evaluating(what: Measuring, rows: number, of: number): void {
    if (this.#state !== "evaluating") this.state("evaluating");
    this.#onEvent({ type: "evaluating", runId: this.#runId, step: this.#progress.step, what, rows, of });
  }

  evaluation(record: EvaluationRecord): void {
    this.#onEvent({ type: "evaluation", runId: this.#runId, record });
  }

  /** What became of the pictures' features up to now. */
  features(counts: FeatureCounts): void {
    this.#onEvent({ type: "features", runId: this.#runId, counts });
  }

  row(row: OddRow): void {
    this.#onEvent({ type: "row", runId: this.#runId, row });
  }

  checkpoint(step: number, phase: "writing" | "written", bytes: number): void {
    this.#onEvent({ type: "checkpoint", runId: this.#runId, step, phase, bytes });
  }

  #stateEvent(state: RunState, extra: { notes?: string[]; error?: ErrorReport }): void {
    this.#state = state;
    const { maxSteps } = this;
    this.#onEvent({ type: "state", runId: this.#runId, state, maxSteps, step: this.#progress.step, ...extra });
  }
}
