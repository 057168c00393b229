/** The path from a model to a result: what each of its places holds, how it stands, and which one is next. In words, of plain values. */
import type { RunState } from "../../workers/training/events.ts";
import { counted } from "../../workers/words.ts";
import type { Address } from "../page/address.ts";
import { isRunning, isWorking } from "../stores/run-state.ts";

export type Standing = "empty" | "working" | "ready" | "needs you";

export interface PathPlace {
  address: Address;
  title: string;
  /** What is chosen here, in one line. */
  chosen: string;
  standing: Standing;
  /** How much of the work is done, 0 to 1, where that is known. */
  share?: number | undefined;
}

export interface PathState {
  /** Label of the loaded model. */
  model: string | undefined;
  /** A model is being loaded: what part of it is here. */
  loading: { share: number } | undefined;
  /** A model waits for a yes before it is fetched. */
  offered: boolean;
  data: { label: string; rows: number } | undefined;
  /** Data that waits for a model, by its label. */
  waiting: string | undefined;
  /** Something about the data waits for an answer: which columns, whether two drops belong together, a yes to a hub's data set. */
  asked: boolean;
  /** Rows that are being read: how many so far. */
  preparing: { rows: number } | undefined;
  run: { state: RunState; step: number; maxSteps: number };
  /** Saved runs; those that were interrupted. */
  runs: number;
  interrupted: number;
  /** Places with an error on show. */
  failed: ReadonlySet<string>;
}

function modelPlace({ model, loading, offered, failed }: PathState): PathPlace {
  const place = { address: "model", title: "Model" } as const;
  if (loading) return { ...place, chosen: "Loading", standing: "working", share: loading.share };
  if (failed.has("model")) return { ...place, chosen: model ?? "Not loaded", standing: "needs you" };
  if (offered) return { ...place, chosen: "Waits for your yes", standing: "needs you" };
  return model
    ? { ...place, chosen: model, standing: "ready" }
    : { ...place, chosen: "None loaded", standing: "empty" };
}

function dataPlace({ data, waiting, asked, preparing, failed }: PathState): PathPlace {
  const place = { address: "data", title: "Data" } as const;
  const chosen = data ? `${counted(data.rows, "row")}, ${data.label}` : (waiting ?? "None chosen");
  if (asked) return { ...place, chosen: "Has a question for you", standing: "needs you" };
  if (preparing) return { ...place, chosen: `${counted(preparing.rows, "row")} read`, standing: "working" };
  if (failed.has("data")) return { ...place, chosen, standing: "needs you" };
  if (waiting) return { ...place, chosen, standing: "working" };
  return { ...place, chosen, standing: data ? "ready" : "empty" };
}

const shareOf = ({ step, maxSteps }: PathState["run"]): number | undefined =>
  maxSteps > 0 ? step / maxSteps : undefined;

function trainPlace({ run, failed }: PathState): PathPlace {
  const place = { address: "train", title: "Train" } as const;
  const { state, step, maxSteps } = run;
  const at = maxSteps > 0 ? `${step} of ${counted(maxSteps, "step")}` : "";
  if (failed.has("training") || state === "failed")
    return { ...place, chosen: at || "Not started", standing: "needs you" };
  if (state === "paused") return { ...place, chosen: `Paused, ${at}`, standing: "needs you", share: shareOf(run) };
  if (isRunning(state)) return { ...place, chosen: at || "Preparing", standing: "working", share: shareOf(run) };
  if (state === "done" || state === "stopped")
    return { ...place, chosen: `${state === "done" ? "Done" : "Stopped"}, ${at}`, standing: "ready" };
  return { ...place, chosen: "Not started", standing: "empty" };
}

function resultPlace({ runs, interrupted, run, failed }: PathState): PathPlace {
  const place = { address: "result", title: "Result" } as const;
  const kept = runs === 0 ? "No run yet" : `${counted(runs, "run")} kept`;
  if (["runs", "chat", "apply"].some((place) => failed.has(place)))
    return { ...place, chosen: kept, standing: "needs you" };
  // A run that goes on in this tab is told by its own place.
  if (interrupted > 0 && !isRunning(run.state))
    return { ...place, chosen: `${counted(interrupted, "run")} to go on with`, standing: "needs you" };
  return { ...place, chosen: kept, standing: runs > 0 ? "ready" : "empty" };
}

/** The four places in their order. */
export const placesOf = (state: PathState): PathPlace[] => [
  modelPlace(state),
  dataPlace(state),
  trainPlace(state),
  resultPlace(state),
];

export interface NextStep {
  address: Address;
  /** What to do there. */
  words: string;
}

/** The one next step. The only primary button of the page is the one that takes it. */
export function nextStep(state: PathState): NextStep {
  const { model, loading, offered, data, waiting, asked, preparing, run, interrupted } = state;
  if (isWorking(run.state)) return { address: "train", words: "Watch it learn" };
  if (run.state === "paused") return { address: "train", words: "Resume the run, or ask it something meanwhile" };
  if (asked) return { address: "data", words: "Answer the question about your data" };
  if (offered) return { address: "model", words: "Say yes to the download" };
  const isDataComing = data !== undefined || waiting !== undefined || preparing !== undefined;
  if (!model && !loading) return { address: "model", words: "Load a model" };
  if (interrupted > 0 && run.state === "idle") return { address: "result", words: "Go on with the interrupted run" };
  if (!isDataComing) return { address: "data", words: "Choose your pictures, or the sample data" };
  if (!model) return { address: "model", words: "The model is being loaded" };
  if (!data) return { address: "data", words: "The rows are being read" };
  if (run.state === "done" || run.state === "stopped") return { address: "result", words: "Ask it about a picture" };
  return { address: "train", words: "Start training" };
}
