/** What stands against doing something with a saved run, and how it is doing, in words. */
import { type Lineage, originWords } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { figure } from "../parts/format.ts";
import { otherCheckpoint } from "../stores/run-names.ts";
import { words } from "../words/index.ts";

interface Pushing {
  /** A file of the run is being made. */
  busy: boolean;
  /** Name of the result on the hub. */
  repo: string;
  online: boolean;
}

/** Why the adapter cannot be pushed now; "" when it can. */
export function pushObstacle({ busy, repo, online }: Pushing): string {
  const say = words().runs.obstacles;
  if (busy) return say.busy;
  if (repo === "") return say.noRepo;
  return online ? "" : say.offline;
}

interface SigningIn {
  online: boolean;
  /** There is an app at the hub to sign in with. */
  app: boolean;
  /** A run goes on. */
  running: boolean;
  /** A model is being loaded or rows are being prepared. */
  loading: boolean;
}

/** Why nobody can sign in now; "" when they can. */
export function signInObstacle({ online, app, running, loading }: SigningIn): string {
  const say = words().runs.obstacles;
  if (!online) return say.offlineSignIn;
  if (!app) return say.noApp;
  if (running) return say.leavesRun;
  return loading ? say.leavesLoading : "";
}

/** Why an export cannot be begun while another is made; "" when none is. */
export const exportObstacle = (busy: boolean): string => (busy ? words().runs.obstacles.busy : "");

type Progress = Pick<RunSummary, "status" | "step" | "maxSteps" | "lineage">;

/** "running, 12 of 500 steps", "stopped, step 12 of 500", "added as a file". `here`: the run goes on in this tab. */
export function statusOf({ status, step, maxSteps, lineage }: Progress, here: boolean): string {
  const say = words().runs.status;
  if (lineage.imported) return say.imported;
  return here ? say.running(step, maxSteps) : say.at(say.states[status], step, maxSteps);
}

/** It can be gone on with. One that was cut off between its last checkpoint and its end has its end yet to come. */
export const canResume = ({ status, step, maxSteps }: Pick<RunSummary, "status" | "step" | "maxSteps">): boolean =>
  (status === "interrupted" && maxSteps > 0) || (status === "stopped" && step < maxSteps);

/** Why a run cannot be deleted now; "" when it can. `busy`: it is being deleted or read. */
export function deleteObstacle({ status, here, busy }: { status: RunSummary["status"]; here: boolean; busy: boolean }) {
  const say = words().runs.obstacles;
  if (here) return say.here;
  if (status === "running-elsewhere") return say.elsewhere;
  return busy ? say.deleting : "";
}

type Measured = Pick<RunSummary, "step" | "best" | "recipe">;

/** ", best at step 40 (eval_loss 1.234)"; "" for a run that measured nothing, or whose best checkpoint is not kept. */
export function bestWords({ best, recipe }: Measured): string {
  if (!best) return "";
  const metric = String(recipe.metric_for_best_model ?? "loss").replace(/^eval_/, "");
  return words().runs.status.best(best.step, metric, figure(best.value));
}

/** The adapter beside the one that the run ends with, as a button; undefined where they are one. */
export function otherAdapter(run: Measured): { which: "best" | "last"; label: string } | undefined {
  const other = otherCheckpoint(run);
  return other && { which: other.which, label: words().runs.ways.downloadOther[other.which](other.step) };
}

/** Where a run comes from and how it went on, in sentences; "" for one that began with new matrices and ended once. */
export function lineageWords(lineage: Lineage): string {
  const say = words().runs.status;
  const began = originWords(lineage);
  const more = lineage.more.map(({ at, maxSteps }) => say.wentOn(at, maxSteps));
  return [began && say.began(began), ...more, ...(lineage.imported?.notes ?? [])].filter(Boolean).join(" ");
}

/** Whether more steps can be asked for, as the engine takes them: of a run that is done, at its last step or early. */
export const hasEnded = ({ status, lineage }: Pick<RunSummary, "status" | "lineage">): boolean =>
  status === "done" && !lineage.imported;

export const MOST_MORE = 1_000_000;

/** What is wrong with a number of further steps; "" where nothing is. */
export const moreObstacle = (steps: number): string =>
  Number.isInteger(steps) && steps >= 1 && steps <= MOST_MORE ? "" : words().runs.obstacles.steps(MOST_MORE);
