/**
 * What tells the weights of a run's model apart. A model's id knows names, shapes and settings: a fine-tuned sibling of equal shape has
 * the same, and a run that went on with it would have begun on other numbers.
 */

import * as v from "valibot";
import { sealJson } from "../../storage/sealed.ts";
import { sha256, sha256OfPieces } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import type { StoredCheckpoint } from "../../weights/loading/stored-four-bit.ts";
import { runPrefix } from "./format.ts";

const SAMPLE_BYTES = 4096;

/** Hash of a piece out of the middle of each tensor: changed weights differ everywhere, and whole files would take minutes. */
export async function markOfWeights(checkpoint: StoredCheckpoint): Promise<string> {
  const hashes: string[] = [];
  for (const { name, start, end } of checkpoint.tensors.values()) {
    const from = Math.max(0, Math.floor((end - start - SAMPLE_BYTES) / 2));
    hashes.push(await sha256(await checkpoint.readPart(name, from, Math.min(from + SAMPLE_BYTES, end - start))));
  }
  return sha256OfPieces(hashes);
}

export const markForm = v.string();

const markKey = (runId: string): string => `${runPrefix(runId)}weights`;

/** Keeps the mark beside a run's record. */
export async function storeMark(store: Store, runId: string, mark: string): Promise<void> {
  await store.set([[markKey(runId), await sealJson(mark)]], "strict");
}

/** The mark of a run; undefined where an older version started it. */
export async function storedMark(store: Store, runId: string): Promise<string | undefined> {
  return unsealAs(markForm, await store.get(markKey(runId)));
}
