/** What stands against doing something with a saved run, and how it is doing, in words. */
import { type Lineage, originWords } from "../../workers/training/saved/lineage.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";
import { figure } from "../parts/format.ts";
import { otherCheckpoint } from "../stores/run-names.ts";

const BUSY = "Another file of this run is being made.";

interface Pushing {
  /** A file of the run is being made. */
  busy: boolean;
  /** Name of the result on the hub. */
  repo: string;
  online: boolean;
}

/** Why the adapter cannot be pushed now; "" when it can. */
export function pushObstacle({ busy, repo, online }: Pushing): string {
  if (busy) return BUSY;
  if (repo === "") return "Give the result a name on the hub first.";
  return online ? "" : "There is no network.";
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
  if (!online) return "There is no network: pushing and signing in have to wait.";
  if (!app)
    return "This site is not registered at the hub: enter an access token in the hub settings of the Model panel, or the client id of an app of your own.";
  if (running) return "Signing in leaves this page: stop and save the run first.";
  return loading ? "Signing in leaves this page: let the loading end first." : "";
}

/** Why an export cannot be begun while another is made; "" when none is. */
export const exportObstacle = (busy: boolean): string => (busy ? BUSY : "");

const states: Record<RunSummary["status"], string> = {
  interrupted: "interrupted",
  stopped: "stopped",
  done: "done",
  "running-elsewhere": "running in another tab",
};

type Progress = Pick<RunSummary, "status" | "step" | "maxSteps" | "lineage">;

/** "running, 12 of 500 steps", "stopped, step 12 of 500", "added as a file". `here`: the run goes on in this tab. */
export function statusOf({ status, step, maxSteps, lineage }: Progress, here: boolean): string {
  if (lineage.imported) return "added as a file";
  return here ? `running, ${step} of ${maxSteps} steps` : `${states[status]}, step ${step} of ${maxSteps}`;
}

/** Why a run cannot be deleted now; "" when it can. `busy`: it is being deleted or read. */
export function deleteObstacle({ status, here, busy }: { status: RunSummary["status"]; here: boolean; busy: boolean }) {
  if (here) return "This run is going on: stop it first.";
  if (status === "running-elsewhere") return "This run is going on in another tab.";
  return busy ? "It is being deleted or read." : "";
}

type Measured = Pick<RunSummary, "step" | "best" | "recipe">;

/** ", best at step 40 (eval_loss 1.234)"; "" for a run that measured nothing, or whose best checkpoint is not kept. */
export function bestWords({ best, recipe }: Measured): string {
  if (!best) return "";
  const metric = String(recipe.metric_for_best_model ?? "loss").replace(/^eval_/, "");
  return `, best at step ${best.step} (eval_${metric} ${figure(best.value)})`;
}

/** The adapter beside the one that the run ends with, as a button; undefined where they are one. */
export function otherAdapter(run: Measured): { which: "best" | "last"; label: string } | undefined {
  const other = otherCheckpoint(run);
  return other && { which: other.which, label: `Download ${other.which} (step ${other.step})` };
}

/** Where a run comes from and how it went on, in sentences; "" for one that began with new matrices and ended once. */
export function lineageWords(lineage: Lineage): string {
  const began = originWords(lineage);
  const more = lineage.more.map(({ at, maxSteps }) => `After step ${at} it went on to ${maxSteps}.`);
  return [began && `Began with ${began}.`, ...more, ...(lineage.imported?.notes ?? [])].filter(Boolean).join(" ");
}

/** Whether more steps can be asked for, as the engine takes them: of a run that is done, at its last step or early. */
export const hasEnded = ({ status, lineage }: Pick<RunSummary, "status" | "lineage">): boolean =>
  status === "done" && !lineage.imported;

export const MOST_MORE = 1_000_000;

/** What is wrong with a number of further steps; "" where nothing is. */
export const moreObstacle = (steps: number): string =>
  Number.isInteger(steps) && steps >= 1 && steps <= MOST_MORE ? "" : `Must be a whole number from 1 to ${MOST_MORE}.`;
