/**
 * Where a saved run comes from, beside its record: the adapter that it began with, and how often it went on past its end. An adapter that
 * came as a file is kept as a run of no steps.
 */
import * as v from "valibot";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { runPrefix } from "./format.ts";
import { ofNewerVersion } from "./run-info.ts";

const origin = v.variant("kind", [
  /** A PEFT adapter's files. */
  v.looseObject({ kind: v.literal("file"), label: v.string() }),
  /** The adapter of a saved run, as it was after `step` steps; `label` is what that run was called. */
  v.looseObject({ kind: v.literal("run"), label: v.string(), runId: v.string(), step: v.number() }),
]);

const record = v.object({
  /** What the run began with; absent where it began with new matrices. */
  origin: v.optional(origin),
  /** Of an adapter that came as a file and was never trained here. */
  imported: v.optional(
    v.looseObject({
      /** Why it cannot be trained on, one sentence; "" where it can. */
      untrainable: v.string(),
      /** What is to be known of it, whole sentences. */
      notes: v.array(v.string()),
    }),
  ),
  /** Each time that the run was given more steps: the step at which it had ended, and its new length. */
  more: v.optional(v.array(v.looseObject({ at: v.number(), maxSteps: v.number() })), []),
});

/** With the fields of later versions, which are kept when it is written over. */
export const lineageForm = v.looseObject(record.entries);

export type Origin = v.InferOutput<typeof origin>;
export type Lineage = v.InferOutput<typeof record>;

const key = (runId: string): string => `${runPrefix(runId)}lineage`;

/** Writes over what was kept. Called before the run's first checkpoint, and when it gets more steps. */
export async function saveLineage(store: Store, runId: string, lineage: Lineage): Promise<void> {
  await store.set([[key(runId), await sealJson(lineage)]], "strict");
}

/** Of a run without one, and of one whose record is damaged: that nothing is known. */
export async function readLineage(store: Store, runId: string): Promise<Lineage> {
  const bytes = await store.get(key(runId));
  const stored = v.safeParse(lineageForm, (bytes && (await unsealJson(bytes))) ?? {});
  return stored.success ? stored.output : { more: [] };
}

/** As `readLineage`, to write it over. Throws "bad-checkpoint" where a later version wrote what this one cannot read. */
export async function lineageToChange(store: Store, runId: string): Promise<Lineage> {
  const bytes = await store.get(key(runId));
  const stored = bytes && (await unsealJson(bytes));
  if (stored !== undefined && !v.is(lineageForm, stored)) throw ofNewerVersion();
  return readLineage(store, runId);
}

/** What somebody calls a saved run, else "voice" of an adapter that came as a file, "tiny on icons" of a run. */
export const titleOf = (run: {
  name: string;
  modelLabel: string;
  datasetLabel: string;
  lineage: Pick<Lineage, "imported">;
}): string => run.name || (run.lineage.imported ? run.datasetLabel : `${run.modelLabel} on ${run.datasetLabel}`);

/** What the run began with, as "the adapter of my run at step 20"; "" where it began with new matrices. */
export function originWords({ origin, imported }: Lineage): string {
  if (!origin || imported) return "";
  if (origin.kind === "file") return `the adapter ${origin.label}`;
  return origin.step === 0 ? `the adapter ${origin.label}` : `the adapter of ${origin.label} at step ${origin.step}`;
}
