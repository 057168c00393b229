/** The metric records of a run: appended in small batches, one key each, and never written over. */

import { sealJson, unsealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import type { StepRecord } from "../events.ts";
import { logKey, logPrefix } from "./format.ts";

/** Appends records, ascending by step and later than all before (see `truncateLog`). */
export async function appendLog(store: Store, runId: string, records: readonly StepRecord[]): Promise<void> {
  if (records.length === 0) return;
  await store.set([[logKey(runId, records[0]!.step), await sealJson(records)]], "relaxed");
}

/** All records, ascending by step. A damaged batch is a gap: `missing` counts them. */
export async function readLog(store: Store, runId: string): Promise<{ records: StepRecord[]; missing: number }> {
  const records: StepRecord[] = [];
  let missing = 0;
  for (const key of await store.keys(logPrefix(runId))) {
    const bytes = await store.get(key);
    const batch = bytes && ((await unsealJson(bytes)) as StepRecord[] | undefined);
    if (batch === undefined) missing += 1;
    else records.push(...batch);
  }
  return { records, missing };
}

/** Drops the records after `step`: a resumed run makes them again. Call it after `loadLatest`, with its step. */
export async function truncateLog(store: Store, runId: string, step: number): Promise<void> {
  const later: string[] = [];
  for (const key of await store.keys(logPrefix(runId))) {
    if (key >= logKey(runId, step + 1)) {
      later.push(key);
      continue;
    }
    const bytes = await store.get(key);
    const batch = bytes && ((await unsealJson(bytes)) as StepRecord[] | undefined);
    if (batch?.some((record) => record.step > step)) {
      await store.set([[key, await sealJson(batch.filter((record) => record.step <= step))]], "relaxed");
    }
  }
  await store.delete(later);
}
