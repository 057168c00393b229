/** What a person may say of the columns of a table, as it is kept between visits and given in files. */
import * as v from "valibot";
import { SEVERAL_ANSWERS } from "./answers.ts";
import type { RecordOptions } from "./record.ts";

const column = v.optional(v.string());

/** Column names under what they hold (`ColumnMapping`); any other key is an error. */
export const mappingSchema = v.strictObject({
  messages: column,
  images: column,
  question: column,
  answer: column,
  label: column,
  system: column,
});

/** `RecordOptions`. */
export const readingSchema = v.strictObject({
  mapping: v.optional(mappingSchema),
  instruction: v.optional(v.string()),
  severalAnswers: v.optional(v.picklist(SEVERAL_ANSWERS)),
});

/** Nothing was said: columns are found by their names. */
export const isEmptyReading = ({ mapping, instruction, severalAnswers }: RecordOptions): boolean =>
  !instruction && !severalAnswers && Object.values(mapping ?? {}).every((name) => !name);
