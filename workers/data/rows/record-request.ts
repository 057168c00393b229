/** What is asked of a record while its form is looked for, and what is found out meanwhile. */
import type { ClassNames } from "../boxes/found.ts";
import type { SeveralAnswers } from "./answers.ts";
import type { RecordBoxes } from "./box-row.ts";
import type { ColumnMapping } from "./columns.ts";
import type { Fields } from "./fields.ts";
import type { PictureSource } from "./picture-source.ts";
import { RowProblem } from "./problem.ts";
import type { Tell } from "./remarks.ts";

export interface RecordRequest {
  fields: Fields;
  pictures: readonly PictureSource[];
  mapping: ColumnMapping;
  instruction: string | undefined;
  severalAnswers: SeveralAnswers | undefined;
  columns: readonly string[];
  tell: Tell;
  /** Set where several answers or captions are met. */
  several: boolean;
  toAnswer: boolean;
  /** The several answers or captions, where one row stands for all of them. */
  answers: string[];
  classes: ClassNames;
  /** Set where the answer is to be written of boxes. */
  boxes: RecordBoxes | undefined;
}

/** Names of columns, the first of many. */
export const namesOf = (names: readonly string[]): string => names.slice(0, 12).join(", ").slice(0, 200);

/** No form is the record's. */
export function nothingKnown({ columns, mapping }: RecordRequest): RowProblem {
  const missing = Object.values(mapping).filter((name) => !columns.includes(name));
  const mapped = missing.length > 0 ? `; the mapping names ${namesOf(missing)}, which is not among them` : "";
  return new RowProblem(
    "bad-row",
    `No conversation, question and answer, or caption among the fields (${namesOf(columns)})${mapped}.`,
  );
}
