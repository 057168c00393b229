/** The columns of a table in words: what each may be, what was said of them, and when to ask. */
import type { SeveralAnswers } from "../../workers/data/rows/answers.ts";
import type { ColumnMapping } from "../../workers/data/rows/columns.ts";
import { isEmptyReading } from "../../workers/data/rows/reading.ts";
import type { RecordOptions } from "../../workers/data/rows/record.ts";
import type { SkippedRow } from "../../workers/data/rows/row.ts";

export interface ColumnRole {
  role: keyof ColumnMapping;
  label: string;
  hint: string;
}

export const columnRoles: ColumnRole[] = [
  { role: "images", label: "Picture", hint: "its file name, or the picture itself" },
  { role: "question", label: "Question", hint: "what the user asks" },
  { role: "answer", label: "Answer", hint: "what the model shall learn to say" },
  { role: "label", label: "Class", hint: "its name is the answer" },
  { role: "messages", label: "Conversation", hint: "a list of turns, instead of the two" },
  { role: "system", label: "System text", hint: "put before the first question" },
];

/** The same with one column chosen, or with none ("") left to be found by its name. */
export function withColumn(reading: RecordOptions, role: keyof ColumnMapping, name: string): RecordOptions {
  const { [role]: _, ...others } = reading.mapping ?? {};
  return { ...reading, mapping: name === "" ? others : { ...others, [role]: name } };
}

export function withInstruction(reading: RecordOptions, instruction: string): RecordOptions {
  const { instruction: _, ...others } = reading;
  return instruction === "" ? others : { ...others, instruction };
}

export const severalChoices: { which: SeveralAnswers; label: string }[] = [
  { which: "each", label: "each, as a row of its own" },
  { which: "most-frequent", label: "the most frequent one" },
  { which: "first", label: "the first one" },
];

/** The same with what becomes of several answers; undefined: as without any word. */
export function withSeveral(reading: RecordOptions, which: SeveralAnswers | undefined): RecordOptions {
  const { severalAnswers: _, ...others } = reading;
  return which ? { ...others, severalAnswers: which } : others;
}

/** What was said of the columns, one sentence; "" when they are found by their names. */
export function readingWords(reading: RecordOptions, fromBefore: boolean): string {
  if (isEmptyReading(reading)) return "";
  const { mapping = {}, instruction, severalAnswers } = reading;
  const parts = columnRoles
    .filter(({ role }) => mapping[role])
    .map(({ role, label }) => `${label.toLowerCase()} from ${mapping[role]}`);
  if (instruction) parts.push(`rows without a question ask “${instruction}”`);
  const several = severalChoices.find(({ which }) => which === severalAnswers);
  if (several) parts.push(`of several answers ${several.label}`);
  return `Columns as you chose them${fromBefore ? " the last time" : ""}: ${parts.join(", ")}.`;
}

/** Reasons of skipped rows that another choice of columns may mend. */
const MENDED = new Set(["missing-picture", "bad-row", "missing-text", "empty-text", "picture-count"]);

/** The reader may have taken the wrong columns: rows were skipped for want of one, or there are no rows at all. */
export const isUnsure = (skipped: readonly SkippedRow[] | undefined): boolean =>
  skipped === undefined || skipped.some(({ reason }) => MENDED.has(reason));
