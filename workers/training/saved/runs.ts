/** The list of runs: their records, what of them is stored, and how they go away. */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import { parseRecipe, type Recipe, type RecipeJson } from "../../recipe.ts";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { type Form, unsealAs } from "../../storage/unseal-as.ts";
import { judge } from "../best.ts";
import type { EvaluationRecord, StepRecord } from "../events.ts";
import { readAbout } from "./about.ts";
import { readEvaluations } from "./evaluations.ts";
import {
  generationsOf,
  generationsPrefix,
  infoKey,
  latestKey,
  type Manifest,
  manifestKey,
  readLatest,
  readManifest,
  runPrefix,
} from "./format.ts";
import { type Lineage, readLineage } from "./lineage.ts";
import { readLog } from "./log.ts";
import { parseRunInfo, type RunInfo, SCHEMA } from "./run-info.ts";

export interface RunSummary {
  id: string;
  createdAt: string;
  modelId: string;
  modelLabel: string;
  datasetId: string;
  datasetLabel: string;
  step: number;
  maxSteps: number;
  status: "interrupted" | "stopped" | "done" | "running-elsewhere";
  bytes: number;
  lastLoss: number | null;
  /** The evaluation that was best, where its checkpoint is kept; absent for a run that measured nothing. */
  best?: { step: number; value: number };
  /** Losses so far, for a sparkline; at most 200 points. */
  losses: number[];
  recipe: RecipeJson;
  lineage: Lineage;
  /** What people call it; "" where nobody has said. */
  name: string;
  note: string;
}

/** Writes (or writes over) the record of a run. Called before its first checkpoint. */
export async function saveRunInfo(store: Store, info: Omit<RunInfo, "schema">): Promise<void> {
  await store.set([[infoKey(info.id), await sealJson({ ...info, schema: SCHEMA })]], "strict");
}

/** The record of run `runId`, in whatever version. */
export const infoForm = (runId: string): Form => v.looseObject({ id: v.literal(runId) });

/** The record of a run, or undefined where it is missing or damaged. Throws TabTuneError "bad-checkpoint" (see `parseRunInfo`). */
export async function readRunInfo(store: Store, runId: string): Promise<RunInfo | undefined> {
  const stored = await unsealAs(infoForm(runId), await store.get(infoKey(runId)));
  return stored === undefined ? undefined : parseRunInfo(stored);
}

/** Changes a run's status. Throws TabTuneError "bad-checkpoint" when the run has no record. */
export async function setRunStatus(store: Store, runId: string, status: RunInfo["status"]): Promise<void> {
  const info = await readRunInfo(store, runId);
  if (info === undefined) {
    throw new TabTuneError("bad-checkpoint", `The run ${runId} has no readable record.`, "Start a new run.");
  }
  await saveRunInfo(store, { ...info, status });
}

/** The record, recipe, log and evaluations of a saved run. Throws "bad-checkpoint" when there is no such run. */
export async function savedRun(
  store: Store,
  runId: string,
): Promise<{ info: RunInfo; recipe: Recipe; log: StepRecord[]; evaluations: EvaluationRecord[] }> {
  const info = await readRunInfo(store, runId);
  if (!info) {
    throw new TabTuneError(
      "bad-checkpoint",
      "This run is not in the browser's storage.",
      "Choose another run from the list.",
    );
  }
  return {
    info,
    recipe: parseRecipe(info.recipe),
    log: (await readLog(store, runId)).records,
    evaluations: await readEvaluations(store, runId),
  };
}

const idsOf = async (store: Store): Promise<string[]> => [
  ...new Set((await store.keys("run/")).map((key) => key.split("/")[1]!)),
];

/**
 * All runs but deleted ones, newest first. One whose record is damaged is listed under that name, so that it can be seen and deleted.
 */
export async function listRuns(store: Store): Promise<RunSummary[]> {
  const runs = (await Promise.all((await idsOf(store)).map((id) => summaryOf(store, id)))).filter(
    (run) => run !== undefined,
  );
  return runs.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** Removes the runs that were deleted before `time` (milliseconds since 1970) and not taken back. */
export async function sweepDeleted(store: Store, time: number): Promise<void> {
  for (const id of await idsOf(store)) {
    const { deletedAt } = await readAbout(store, id);
    if (deletedAt !== undefined && deletedAt < time) await deleteRun(store, id);
  }
}

/** Undefined of a deleted one. */
async function summaryOf(store: Store, id: string): Promise<RunSummary | undefined> {
  const { name, note, deletedAt } = await readAbout(store, id);
  if (deletedAt !== undefined) return undefined;
  // One record that this version cannot read keeps its place in the list, so that the run can be seen and deleted.
  const [info, unread] = await readRunInfo(store, id).then(
    (read) => [read, "(damaged record)"] as const,
    (error: unknown) => {
      if (error instanceof TabTuneError) return [undefined, `(${error.message})`] as const;
      throw error;
    },
  );
  const manifests: Manifest[] = [];
  for (const [g, hasManifest] of await generationsOf(store, id)) {
    const manifest = hasManifest ? await readManifest(store, id, g) : undefined;
    if (typeof manifest === "object") manifests.push(manifest);
  }
  const latest = await readLatest(store, id);
  const newest = manifests.find(({ generation }) => generation === latest) ?? manifests.at(-1);
  const { records } = await readLog(store, id);
  const losses = records.map((record) => record.loss);
  const best = info && judge(parseRecipe(info.recipe), await readEvaluations(store, id)).best;
  return {
    id,
    createdAt: info?.createdAt ?? newest?.createdAt ?? "",
    modelId: info?.modelId ?? "",
    modelLabel: info?.modelLabel ?? unread,
    datasetId: info?.datasetId ?? "",
    datasetLabel: info?.datasetLabel ?? unread,
    step: newest?.step ?? 0,
    maxSteps: info?.maxSteps ?? 0,
    status: info === undefined || info.status === "running" ? "interrupted" : info.status,
    bytes: manifests.reduce((sum, { chunks }) => sum + chunks.reduce((s, chunk) => s + chunk.bytes, 0), 0),
    lastLoss: losses.at(-1) ?? null,
    ...(best && manifests.some(({ step }) => step === best.step) ? { best } : {}),
    losses: thinned(losses, 200),
    recipe: info?.recipe ?? {},
    lineage: await readLineage(store, id),
    name,
    note,
  };
}

/** At most `most` values, evenly spaced, the last one among them. */
function thinned(values: number[], most: number): number[] {
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, i) => values[Math.round((i * (values.length - 1)) / (most - 1))]!);
}

/** Removes a run: first what makes its checkpoints valid, then the bytes, its record last, so that a cut-off removal stays in the list. */
export async function deleteRun(store: Store, runId: string): Promise<void> {
  const generations = [...(await generationsOf(store, runId)).keys()];
  await store.delete([latestKey(runId), ...generations.map((g) => manifestKey(runId, g))]);
  await store.delete(await store.keys(generationsPrefix(runId)));
  await store.delete((await store.keys(runPrefix(runId))).filter((key) => key !== infoKey(runId)));
  await store.delete([infoKey(runId)]);
}
