/** The metric records of a run: appended in small batches, one key each, and never written over. */

import * as v from "valibot";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { type Form, unsealAs } from "../../storage/unseal-as.ts";
import type { StepRecord } from "../events.ts";
import { logKey, logPrefix } from "./format.ts";

const records = v.array(v.looseObject({ step: v.number(), loss: v.number() }));

/** Records of the steps from `step` on. */
export const logForm = (step: number): Form =>
  v.pipe(
    records,
    v.check((batch) => batch[0]?.step === step),
  );

const batchAt = async (store: Store, key: string): Promise<StepRecord[] | undefined> =>
  unsealAs(logForm(Number(key.slice(key.lastIndexOf("/") + 1))), await store.get(key));

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
    const batch = await batchAt(store, key);
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
    const batch = await batchAt(store, key);
    if (batch?.some((record) => record.step > step)) {
      await store.set([[key, await sealJson(batch.filter((record) => record.step <= step))]], "relaxed");
    }
  }
  await store.delete(later);
}
