/** The rows of a data set as people look through them: found by their words and lengths, with what was changed and what cannot be used. */
import { isRowFault, TabTuneError } from "../errors.ts";
import { editsOf, type RowChange, type RowChanges } from "./index/changes.ts";
import type { RowIndex } from "./index/row-index.ts";
import type { StoredRow } from "./index/stored-row.ts";
import { type RowPreparation, withMessages } from "./prepare-example.ts";
import { type PreviewRow, previewOf } from "./preview.ts";
import type { Message } from "./rows/row.ts";
import type { Dataset } from "./shards/dataset.ts";

export type Shown = "all" | "changed" | "left out" | "unusable" | "held out";

/** What a run does with a row that is neither left out nor unusable. "of the split": it came as validation or test row, and is not measured. */
export type RowUse = "trained on" | "held out" | "of the split";

export interface RowQuery {
  show: Shown;
  /** Words that the row's texts have, in whatever case; "" for all. */
  text: string;
  /** Tokens; only where all rows are prepared. */
  least?: number;
  most?: number;
}

export const everyRow: RowQuery = { show: "all", text: "" };

export interface RowView {
  /** In the index. */
  position: number;
  /** From where it came, for people. */
  source: string;
  /** As it is trained on: corrected where it was. */
  messages: Message[];
  edited: boolean;
  leftOut: boolean;
  use: RowUse;
  /** Why it cannot be used; undefined where it can. */
  problem: string | undefined;
  /** As the model reads it; undefined for a row that cannot be used. */
  preview: PreviewRow | undefined;
}

export interface RowPage {
  /** Rows that the query finds. */
  total: number;
  rows: RowView[];
}

export interface Browsed {
  /** Without changes. */
  dataset: Dataset;
  index: RowIndex;
  changes: RowChanges;
  preparation: RowPreparation;
  /** By position in the index: rows that turned out to be unusable, and why. */
  unusable: ReadonlyMap<number, string>;
  /** By position: rows that a run with the recipe of now does not train on. */
  notTrained: ReadonlyMap<number, Exclude<RowUse, "trained on">>;
}

/** Texts of a row, as they are searched. */
const wordsOf = (messages: readonly Message[]): string =>
  messages
    .flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : "")))
    .join("\n")
    .toLowerCase();

/** Positions of the rows that the query finds, ascending. `onRow` is called with how many were looked at. */
export async function findRows(
  { dataset, index, changes, unusable, notTrained }: Browsed,
  { show, text, least = 0, most = Number.POSITIVE_INFINITY }: RowQuery,
  onRow: (looked: number) => void = () => {},
): Promise<number[]> {
  const edits = editsOf(changes);
  const leftOut = new Set(changes.leftOut);
  const inGroup = (position: number): boolean => {
    if (show === "changed") return edits.has(position) || leftOut.has(position);
    if (show === "left out") return leftOut.has(position);
    if (show === "held out") return notTrained.has(position);
    return show === "all" || unusable.has(position);
  };
  const isAnyLength = least === 0 && most === Number.POSITIVE_INFINITY;
  const tokens = isAnyLength ? undefined : tokensByPosition(dataset);
  const inRange = (position: number): boolean => {
    if (!tokens) return true;
    const length = tokens.get(position);
    return length !== undefined && length >= least && length <= most;
  };
  const words = text.trim().toLowerCase();
  const found: number[] = [];
  for (let position = 0; position < index.rows; position++) {
    if (!inGroup(position) || !inRange(position)) continue;
    if (words !== "") {
      if (position % 1000 === 0) onRow(position);
      const messages = edits.get(position) ?? (await index.read(position)).messages;
      if (!wordsOf(messages).includes(words)) continue;
    }
    found.push(position);
  }
  return found;
}

function tokensByPosition({ manifest, positionOf }: Dataset): Map<number, number> {
  const { rowTokens = [] } = manifest;
  return new Map(rowTokens.map((tokens, i) => [positionOf(i), tokens]));
}

/** One page of what was found, each row as the model reads it. */
export async function viewRows(browsed: Browsed, positions: readonly number[]): Promise<RowView[]> {
  return Promise.all(positions.map((position) => viewOf(browsed, position)));
}

async function viewOf(browsed: Browsed, position: number): Promise<RowView> {
  const { index, changes, unusable } = browsed;
  const stored = await index.read(position);
  const messages = changes.edited.find((edit) => edit.position === position)?.messages;
  const view = {
    position,
    source: stored.source,
    messages: messages ?? stored.messages,
    edited: messages !== undefined,
    leftOut: changes.leftOut.includes(position),
    use: browsed.notTrained.get(position) ?? "trained on",
  } as const;
  const known = unusable.get(position);
  if (known !== undefined) return { ...view, problem: known, preview: undefined };
  try {
    return { ...view, problem: undefined, preview: await previewAt(browsed, stored, position, messages) };
  } catch (error) {
    // Prepared for this look, and found to be unusable; a row whose files are not open is looked at without its picture.
    if (isRowFault(error)) return { ...view, problem: error.message, preview: undefined };
    if (error instanceof TabTuneError && error.code === "no-files")
      return { ...view, problem: undefined, preview: undefined };
    throw error;
  }
}

async function previewAt(
  { dataset, preparation }: Browsed,
  stored: StoredRow,
  position: number,
  messages: Message[] | undefined,
): Promise<PreviewRow> {
  const example = await dataset.read(rowAt(dataset, position));
  const current = messages ? withMessages(example, messages, preparation) : example;
  return previewOf(current, stored.source, preparation);
}

/** Rows of a data set that has no index, because an older version prepared it: they are shown, and cannot be searched or changed. */
export async function olderRows(
  dataset: Dataset,
  preparation: Pick<RowPreparation, "tokenizer" | "pictures">,
  from: number,
  count: number,
): Promise<RowPage> {
  const rows: RowView[] = [];
  for (let position = from; position < Math.min(from + count, dataset.rows); position++) {
    const example = await dataset.read(position);
    const source = (await dataset.sourceOf(position)) ?? `row ${example.row + 1}`;
    const state = { edited: false, leftOut: false, use: "trained on", problem: undefined } as const;
    rows.push({ position, source, messages: [], ...state, preview: previewOf(example, source, preparation) });
  }
  return { total: dataset.rows, rows };
}

/** Throws "bad-row" for a correction that cannot be trained on, and "bad-argument" for a row that cannot be used. */
export async function holdTogether({ dataset, preparation }: Browsed, change: RowChange): Promise<void> {
  if (change === "undo all" || !("edit" in change)) return;
  const answers = change.messages.filter(({ role }) => role === "assistant");
  const isEmpty = ({ content }: Message) => content.every((part) => part.type === "text" && part.text.trim() === "");
  if (answers.some(isEmpty)) {
    throw new TabTuneError(
      "bad-row",
      "An answer is empty: there is nothing to learn from it.",
      "Write an answer, or leave the row out.",
    );
  }
  withMessages(await dataset.read(rowAt(dataset, change.edit)), change.messages, preparation);
}

/** The row of the data set that stands at `position` of the index. Throws "bad-argument" where there is none. */
export function rowAt({ manifest: { positions }, rows }: Dataset, position: number): number {
  const row = positions ? positions.indexOf(position) : position;
  if (row >= 0 && row < rows) return row;
  throw new TabTuneError(
    "bad-argument",
    `Row ${position + 1} is not one of those that can be used.`,
    "Choose another row.",
  );
}
