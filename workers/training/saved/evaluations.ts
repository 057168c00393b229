/** What was measured of a run's held-out rows, what of an evaluation was done when it was cut off, and which rows those are. */
import * as v from "valibot";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import type { EvaluationRecord } from "../events.ts";
import type { GivenAnswer } from "./answers.ts";
import { runPrefix } from "./format.ts";

/** An evaluation that has not ended: its loss is measured, and so many rows are answered. */
export interface BegunEvaluation {
  step: number;
  measured: Pick<EvaluationRecord, "loss" | "targetTokens" | "rows">;
  /** Positions of all rows that are asked. */
  asked: number[];
  /** To the first of them, not judged yet. */
  answers: GivenAnswer[];
  /** That it has taken. */
  seconds: number;
}

/** The rows that a run holds out. */
export interface HeldOutRecord {
  /** A share of the rows, or the split of the data that they come from. */
  from: "share" | "validation" | "test";
  /** In the index of the data, ascending. */
  positions: number[];
  /** Hashes of their pixels, where equal pictures are found by them (data/held-out/same-picture.ts). */
  pictures?: string[];
}

export const evaluationsForm = v.array(v.looseObject({ step: v.number(), loss: v.number(), rows: v.number() }));
export const begunForm = v.looseObject({
  ...{ step: v.number(), measured: v.looseObject({ loss: v.number() }), seconds: v.number() },
  ...{ asked: v.array(v.number()), answers: v.array(v.looseObject({ text: v.string() })) },
});
export const heldOutForm = v.looseObject({
  from: v.string(),
  positions: v.array(v.number()),
  pictures: v.optional(v.array(v.string())),
});

const evaluationsKey = (runId: string): string => `${runPrefix(runId)}evaluations`;
const begunKey = (runId: string): string => `${runPrefix(runId)}evaluation-begun`;
const heldOutKey = (runId: string): string => `${runPrefix(runId)}held-out`;

/** Ascending by step. A damaged record counts as none: what is missing is measured again. */
export async function readEvaluations(store: Store, runId: string): Promise<EvaluationRecord[]> {
  return (await unsealAs<EvaluationRecord[]>(evaluationsForm, await store.get(evaluationsKey(runId)))) ?? [];
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

/** Undefined where none is begun, and for a damaged record: then all of it is measured again. */
export async function readBegun(store: Store, runId: string): Promise<BegunEvaluation | undefined> {
  return unsealAs(begunForm, await store.get(begunKey(runId)));
}

export async function writeBegun(store: Store, runId: string, begun: BegunEvaluation): Promise<void> {
  await store.set([[begunKey(runId), await sealJson(begun)]], "relaxed");
}

export const dropBegun = (store: Store, runId: string): Promise<void> => store.delete([begunKey(runId)]);

/** Undefined for a run that holds no rows out, and for one that has not begun. */
export async function readHeldOut(store: Store, runId: string): Promise<HeldOutRecord | undefined> {
  return unsealAs(heldOutForm, await store.get(heldOutKey(runId)));
}

export async function writeHeldOut(store: Store, runId: string, heldOut: HeldOutRecord): Promise<void> {
  await store.set([[heldOutKey(runId), await sealJson(heldOut)]], "strict");
}
