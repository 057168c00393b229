/**
 * What a person changed of the rows: rows left out, texts corrected. It lies beside the data, under `changes/<files id>`, and never in it:
 * files and prepared rows stay as they are, and each change can be taken back. A row is named by its position in the index, which the
 * files and how they are read decide, so changes stay when the model is another one.
 */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import { type Message, messageText, type Row, type RowTexts } from "../rows/row.ts";

export interface RowChanges {
  /** Positions, ascending. */
  leftOut: number[];
  /** By position, ascending: the messages in place of the row's own, with the same pictures. */
  edited: { position: number; messages: Message[] }[];
}

export const changesForm = v.looseObject({
  leftOut: v.array(v.number()),
  edited: v.array(v.looseObject({ position: v.number(), messages: v.array(v.looseObject({})) })),
});

export const noChanges: RowChanges = { leftOut: [], edited: [] };

export type RowChange =
  | { leaveOut: number }
  | { takeBack: number }
  | { edit: number; messages: Message[] }
  | { undoEdit: number }
  | "undo all";

/** The changes after one more; fields that a later version has added stay as they are. */
export const changed = (before: RowChanges, change: RowChange): RowChanges => ({ ...before, ...after(before, change) });

function after({ leftOut, edited }: RowChanges, change: RowChange): RowChanges {
  if (change === "undo all") return noChanges;
  const without = (position: number) => edited.filter((edit) => edit.position !== position);
  if ("leaveOut" in change) {
    const all = new Set([...leftOut, change.leaveOut]);
    return { leftOut: [...all].sort((a, b) => a - b), edited };
  }
  if ("takeBack" in change) return { leftOut: leftOut.filter((position) => position !== change.takeBack), edited };
  if ("undoEdit" in change) return { leftOut, edited: without(change.undoEdit) };
  const { edit: position, messages } = change;
  return { leftOut, edited: [...without(position), { position, messages }].sort((a, b) => a.position - b.position) };
}

/** Messages in place of a row's own, by its position. */
export const editsOf = ({ edited }: RowChanges): Map<number, Message[]> =>
  new Map(edited.map(({ position, messages }) => [position, messages]));

/**
 * A row with a person's messages in place of its own, where there are some. What several people answered stays with it as long as its
 * answer is one of theirs: else the person's own is the right one.
 */
export function corrected<R extends RowTexts>(row: R, messages: Message[] | undefined): R {
  if (messages === undefined) return row;
  const { answers, ...rest } = { ...row, messages };
  const said = messageText(messages.at(-1) ?? { content: [] });
  return (answers?.some((one) => one.trim() === said.trim()) ? { ...rest, answers } : rest) as R;
}

/** A row as it is now, by its position: corrected, or undefined where it was left out. */
export function currentRows(changes: RowChanges): (row: Row, position: number) => Row | undefined {
  const out = new Set(changes.leftOut);
  const edits = editsOf(changes);
  return (row, position) => {
    if (out.has(position)) return undefined;
    return corrected(row, edits.get(position));
  };
}

export const isUnchanged = ({ leftOut, edited }: RowChanges): boolean => leftOut.length === 0 && edited.length === 0;

/**
 * Where the changes of a data set's rows are kept: by its files, and by the unit of boxes in its answers, which a corrected answer has too.
 * Undefined for data sets of an older version.
 */
export function changesKeyOf({ filesId, facts }: { filesId?: string; facts: unknown }): string | undefined {
  const boxes = (facts as { boxes?: string } | null)?.boxes;
  return filesId === undefined ? undefined : `changes/${filesId}${boxes === undefined ? "" : `/${boxes}`}`;
}

/**
 * What was written under `key`; no changes where nothing was.
 * @throws TabTuneError "bad-dataset" for a damaged record: rows that a person corrected must not come back as they were, unsaid
 */
export async function readChanges(store: Store, key: string): Promise<RowChanges> {
  const sealed = await store.get(key);
  if (sealed === undefined) return noChanges;
  const changes = await unsealAs<RowChanges>(changesForm, sealed);
  if (changes) return changes;
  throw new TabTuneError(
    "bad-dataset",
    "The record of the rows that were left out or corrected is damaged.",
    "Press Check storage in Storage, which can remove it: all rows are then as they were read.",
    "The files, the prepared rows and saved runs are untouched.",
  );
}

export async function writeChanges(store: Store, key: string, changes: RowChanges): Promise<void> {
  const knowsAll = Object.keys(changes).every((name) => name in noChanges);
  if (knowsAll && isUnchanged(changes)) await store.delete([key]);
  else await store.set([[key, await sealJson(changes)]], "strict");
}
