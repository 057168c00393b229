/** The terminal's line while a run goes on. */
import type { DatasetProgress } from "../data/shards/read-drop.ts";
import type { RunEvent } from "../training/events.ts";
import { terminal } from "./terminal.ts";

const measuring = { loss: "Measuring held-out rows", answers: "Answering held-out rows" };

/** While rows are read and prepared. */
export const showRows = ({ phase, rows }: DatasetProgress): void =>
  terminal.show(phase === "reading" ? "Reading rows" : "Preparing rows", { done: rows });

/** `stopAfter`: steps after which the command ends, where it ends before the schedule. */
export function showRun(event: RunEvent, stopAfter = Number.POSITIVE_INFINITY): void {
  if (event.type === "step") {
    const { step, loss } = event.record;
    const total = Math.min(event.maxSteps, stopAfter);
    terminal.show("Training", { done: step, total, more: `loss ${loss.toFixed(4)}` });
  } else if (event.type === "evaluating") terminal.show(measuring[event.what], { done: event.rows, total: event.of });
  else if (event.type === "checkpoint" && event.phase === "writing") terminal.show("Saving");
  else if (event.type === "state" && event.state === "compiling") terminal.show("Preparing the kernels");
}
