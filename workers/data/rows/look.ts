/**
 * A first look at a drop: the columns of its table as they are written, and its first rows as they are understood. It is what a person
 * sees before saying which column is what.
 */
import { isUnreachable, TabTuneError } from "../../errors.ts";
import { isTable } from "./detect.ts";
import type { InputFile } from "./drop.ts";
import { folderOf } from "./entry.ts";
import type { DatasetLimits } from "./limits.ts";
import { type OpenDrop, openDrop, type Reading, readingOf, recordsIn } from "./open-drop.ts";
import { type PictureIndex, pictureIndex } from "./picture-index.ts";
import { isEmbedded } from "./picture-source.ts";
import { imageRef } from "./pictures.ts";
import { RowProblem } from "./problem.ts";
import { type ReadOptions, rowsIn } from "./read-rows.ts";
import { Remarks } from "./remarks.ts";
import type { Row } from "./row.ts";
import { isPictureName } from "./sidecar.ts";
import { isRecord, jsonText } from "./values.ts";

/** A cell of the table: its text, cut; and the picture that it is or names, where the drop has it. */
export interface LookCell {
  text: string;
  picture?: Blob;
}

export interface LookTable {
  path: string;
  /** In the order of the first record that has them. */
  columns: string[];
  /** One list of cells a record, in the order of `columns`. */
  rows: LookCell[][];
}

/** A row as it would be trained on, or why it would be left out. */
export type LookRow =
  | { source: string; pictures: Blob[]; turns: { role: string; text: string }[] }
  | { source: string; problem: string };

export interface Look {
  /** Null where the drop has no table, or one that cannot be read: there are no columns to choose from. */
  table: LookTable | null;
  rows: LookRow[];
  /** Some of their records have several answers or captions. */
  several: boolean;
  /** Some of their answers are made of boxes. */
  boxes: boolean;
  /** Why there are no rows at all; "" otherwise. */
  problem: string;
}

const TEXT_LENGTH = 200;
/** Pictures of a look are small change: a larger one is shown by its name only. */
const PICTURE_BYTES = 16 * 2 ** 20;

/**
 * Looks at the first `count` records and rows of `files`, read as `options` say. Faults of the data are in the answer; thrown is only that
 * a hub cannot be reached.
 */
export async function lookAt(files: readonly InputFile[], options: ReadOptions, count: number): Promise<Look> {
  const rows: LookRow[] = [];
  let problem = "";
  let several = false;
  let boxes = false;
  let table: LookTable | null = null;
  try {
    const drop = await openDrop(files);
    table = await firstTable(drop, count);
    for await (const event of rowsIn(drop, options)) {
      if (event.type === "row") {
        rows.push(await lookRow(event.row));
        several ||= event.several;
        boxes ||= event.boxed === true;
      }
      if (event.type === "skipped") rows.push({ source: event.skipped.source, problem: event.skipped.message });
      if (rows.length >= count) break;
    }
  } catch (error) {
    if (!(error instanceof TabTuneError) || isUnreachable(error)) throw error;
    problem = error.message;
  }
  return { table, rows, several, boxes, problem };
}

async function lookRow(row: Row): Promise<LookRow> {
  const pictures: Blob[] = [];
  try {
    for (const image of row.images) pictures.push(new Blob([new Uint8Array(await image.bytes())]));
  } catch (error) {
    if (!(error instanceof TabTuneError) || isUnreachable(error)) throw error;
    return { source: row.source, problem: error.message };
  }
  const turns = row.messages.map(({ role, content }) => ({
    role,
    text: content.map((part) => (part.type === "image" ? "<image>" : part.text)).join(""),
  }));
  return { source: row.source, pictures, turns };
}

/** The first records of the first table that has any, with all its columns; null where there is none. */
async function firstTable(drop: OpenDrop, count: number): Promise<LookTable | null> {
  const index = pictureIndex(drop.entries);
  const reading: Reading = { ...readingOf(drop, {}, new Remarks()), columns: "every" };
  for (const source of drop.sources.filter(isTable)) {
    const { path } = source.entry;
    const records: Record<string, unknown>[] = [];
    let seen = 0;
    try {
      for await (const record of recordsIn(source, reading)) {
        const value = await parsed(record.parse);
        if (isRecord(value)) records.push(value);
        seen += 1;
        if (seen >= count) break;
      }
    } catch (error) {
      // A file that cannot be read: reading its rows says why, in the same look.
      if (!(error instanceof TabTuneError) || isUnreachable(error)) throw error;
    }
    if (records.length === 0) continue;
    const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
    const cellOf = (value: unknown): Promise<LookCell> => lookCell(value, folderOf(path), index, drop.limits);
    const rows = records.map((record) => Promise.all(columns.map((name) => cellOf(record[name]))));
    return { path, columns, rows: await Promise.all(rows) };
  }
  return null;
}

/** A record; undefined where it is broken, which the row says. */
async function parsed(parse: () => unknown): Promise<unknown> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof RowProblem) return undefined;
    throw error;
  }
}

async function lookCell(value: unknown, folder: string, index: PictureIndex, limits: DatasetLimits): Promise<LookCell> {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const named = typeof first === "string" && isPictureName(first.trim()) ? first.trim() : undefined;
  const source = isEmbedded(first) ? first : named;
  const text = isEmbedded(first) ? "picture" : textOf(value);
  if (source === undefined) return { text };
  try {
    const bytes = await imageRef(source, folder, index, { ...limits, pictureBytes: PICTURE_BYTES }).bytes();
    return { text, picture: new Blob([new Uint8Array(bytes)]) };
  } catch (error) {
    // What is wrong with the picture is said of its row.
    if (error instanceof RowProblem || (error instanceof TabTuneError && !isUnreachable(error))) return { text };
    throw error;
  }
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : jsonText(value);
  return text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}…` : text;
}
