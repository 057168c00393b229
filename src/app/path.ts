/** The path from a model to a result: what each of its places holds, how it stands, and which one is next. In words, of plain values. */
import type { RunState } from "../../workers/training/events.ts";
import type { Address } from "../page/address.ts";
import { isRunning, isWorking } from "../stores/run-state.ts";
import { words } from "../words/index.ts";

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
  const { titles, model: say } = words().path;
  const place = { address: "model", title: titles.model } as const;
  if (loading) return { ...place, chosen: say.loading, standing: "working", share: loading.share };
  if (failed.has("model")) return { ...place, chosen: model ?? say.notLoaded, standing: "needs you" };
  if (offered) return { ...place, chosen: say.offered, standing: "needs you" };
  return model ? { ...place, chosen: model, standing: "ready" } : { ...place, chosen: say.none, standing: "empty" };
}

function dataPlace({ data, waiting, asked, preparing, failed }: PathState): PathPlace {
  const { titles, data: say } = words().path;
  const place = { address: "data", title: titles.data } as const;
  const chosen = data ? say.chosen(data.rows, data.label) : (waiting ?? say.none);
  if (asked) return { ...place, chosen: say.asked, standing: "needs you" };
  if (preparing) return { ...place, chosen: say.read(preparing.rows), standing: "working" };
  if (failed.has("data")) return { ...place, chosen, standing: "needs you" };
  if (waiting) return { ...place, chosen, standing: "working" };
  return { ...place, chosen, standing: data ? "ready" : "empty" };
}

const shareOf = ({ step, maxSteps }: PathState["run"]): number | undefined =>
  maxSteps > 0 ? step / maxSteps : undefined;

function trainPlace({ run, failed }: PathState): PathPlace {
  const { titles, train: say } = words().path;
  const place = { address: "train", title: titles.train } as const;
  const { state, step, maxSteps } = run;
  const at = maxSteps > 0 ? say.at(step, maxSteps) : "";
  if (failed.has("training") || state === "failed")
    return { ...place, chosen: at || say.notStarted, standing: "needs you" };
  if (state === "paused") return { ...place, chosen: say.paused(at), standing: "needs you", share: shareOf(run) };
  if (isRunning(state)) return { ...place, chosen: at || say.preparing, standing: "working", share: shareOf(run) };
  if (state === "done") return { ...place, chosen: say.done(at), standing: "ready" };
  if (state === "stopped") return { ...place, chosen: say.stopped(at), standing: "ready" };
  return { ...place, chosen: say.notStarted, standing: "empty" };
}

function resultPlace({ runs, interrupted, run, failed }: PathState): PathPlace {
  const { titles, result: say } = words().path;
  const place = { address: "result", title: titles.result } as const;
  const kept = runs === 0 ? say.none : say.kept(runs);
  if (["runs", "chat", "apply"].some((place) => failed.has(place)))
    return { ...place, chosen: kept, standing: "needs you" };
  // A run that goes on in this tab is told by its own place.
  if (interrupted > 0 && !isRunning(run.state))
    return { ...place, chosen: say.interrupted(interrupted), standing: "needs you" };
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
  const { steps } = words().path;
  if (isWorking(run.state)) return { address: "train", words: steps.watch };
  if (run.state === "paused") return { address: "train", words: steps.resume };
  if (asked) return { address: "data", words: steps.answer };
  if (offered) return { address: "model", words: steps.download };
  const isDataComing = data !== undefined || waiting !== undefined || preparing !== undefined;
  if (!model && !loading) return { address: "model", words: steps.load };
  if (interrupted > 0 && run.state === "idle") return { address: "result", words: steps.goOn };
  if (!isDataComing) return { address: "data", words: steps.choose };
  if (!model) return { address: "model", words: steps.loading };
  if (!data) return { address: "data", words: steps.reading };
  if (run.state === "done" || run.state === "stopped") return { address: "result", words: steps.ask };
  return { address: "train", words: steps.start };
}
