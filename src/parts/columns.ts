/** The columns of a table in words: what each may be, what was said of them, and when to ask. */
import type { BoxUnit } from "../../workers/data/boxes/convention.ts";
import type { SeveralAnswers } from "../../workers/data/rows/answers.ts";
import type { ColumnMapping } from "../../workers/data/rows/columns.ts";
import { isEmptyReading } from "../../workers/data/rows/reading.ts";
import type { RecordOptions } from "../../workers/data/rows/record.ts";
import type { SkippedRow } from "../../workers/data/rows/row.ts";
import { words } from "../words/index.ts";

/** In the order in which they are asked for. */
export const columnRoles = [
  "images",
  "question",
  "answer",
  "label",
  "boxes",
  "messages",
  "system",
] as const satisfies (keyof ColumnMapping)[];

/** The same with one column chosen, or with none ("") left to be found by its name. */
export function withColumn(reading: RecordOptions, role: keyof ColumnMapping, name: string): RecordOptions {
  const { [role]: _, ...others } = reading.mapping ?? {};
  return { ...reading, mapping: name === "" ? others : { ...others, [role]: name } };
}

export function withInstruction(reading: RecordOptions, instruction: string): RecordOptions {
  const { instruction: _, ...others } = reading;
  return instruction === "" ? others : { ...others, instruction };
}

export const severalChoices = ["each", "most-frequent", "first"] as const satisfies SeveralAnswers[];

/** Units of boxes that a person may choose: pixels of a resized picture are a model's own, or nobody's. */
export const boxUnits = ["0-1000", "0-1", "pixels"] as const satisfies BoxUnit[];

/** The same with one of its choices, or, undefined, without. */
export function withChoice<K extends "boxes" | "boxFormat" | "severalAnswers">(
  reading: RecordOptions,
  key: K,
  value: RecordOptions[K] | undefined,
): RecordOptions {
  const { [key]: _, ...others } = reading;
  return value === undefined ? others : { ...others, [key]: value };
}

/** What was said of the columns, one sentence; "" when they are found by their names. */
export function readingWords(reading: RecordOptions, fromBefore: boolean): string {
  if (isEmptyReading(reading)) return "";
  const { mapping = {}, instruction, severalAnswers, boxes, boxFormat } = reading;
  const say = words().data.columns;
  const parts = columnRoles.flatMap((role) => {
    const column = mapping[role];
    return column ? [say.from(say.roles[role].label, column)] : [];
  });
  if (instruction) parts.push(say.asked(instruction));
  if (severalAnswers) parts.push(say.ofSeveral(say.choices[severalAnswers]));
  if (boxes) parts.push(say.inBoxes(boxes === "resized-pixels" ? boxes : say.boxUnits[boxes]));
  if (boxFormat) parts.push(say.ofBoxes(say.boxFormats[boxFormat]));
  return say.chosen(parts.join(", "), fromBefore);
}

/** Reasons of skipped rows that another choice of columns may mend. */
const MENDED = new Set(["missing-picture", "bad-row", "missing-text", "empty-text", "picture-count"]);

/** The reader may have taken the wrong columns: rows were skipped for want of one, or there are no rows at all. */
export const isUnsure = (skipped: readonly SkippedRow[] | undefined): boolean =>
  skipped === undefined || skipped.some(({ reason }) => MENDED.has(reason));
