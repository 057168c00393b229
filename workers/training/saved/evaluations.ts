/** What was measured of a run's held-out rows, and which rows those are: both lie beside its checkpoints. */
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import type { EvaluationRecord } from "../events.ts";
import { runPrefix } from "./format.ts";

/** The rows that a run holds out. */
export interface HeldOutRecord {
  /** A share of the rows, or the split of the data that they come from. */
  from: "share" | "validation" | "test";
  /** In the index of the data, ascending. */
  positions: number[];
  /** Hashes of their pixels, where equal pictures are found by them (data/held-out/same-picture.ts). */
  pictures?: string[];
}

const evaluationsKey = (runId: string): string => `${runPrefix(runId)}evaluations`;
const heldOutKey = (runId: string): string => `${runPrefix(runId)}held-out`;

/** Ascending by step. A damaged record counts as none: what is missing is measured again. */
export async function readEvaluations(store: Store, runId: string): Promise<EvaluationRecord[]> {
  const bytes = await store.get(evaluationsKey(runId));
  return ((bytes && (await unsealJson(bytes))) as EvaluationRecord[] | undefined) ?? [];
}

/** `beside`: entries that are to be there with the newest evaluation. */
export async function writeEvaluations(
  store: Store,
  runId: string,
  evaluations: readonly EvaluationRecord[],
  beside: readonly [string, Uint8Array][] = [],
): Promise<void> {
  await store.set([...beside, [evaluationsKey(runId), await sealJson(evaluations)]], "strict");
}

/** Undefined for a run that holds no rows out, and for one that has not begun. */
export async function readHeldOut(store: Store, runId: string): Promise<HeldOutRecord | undefined> {
  const bytes = await store.get(heldOutKey(runId));
  return bytes && ((await unsealJson(bytes)) as HeldOutRecord | undefined);
}

export async function writeHeldOut(store: Store, runId: string, heldOut: HeldOutRecord): Promise<void> {
  await store.set([[heldOutKey(runId), await sealJson(heldOut)]], "strict");
}
