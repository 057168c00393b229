/** What a person may say of the columns of a table, as it is kept between visits and given in files. */
import * as v from "valibot";
import { BOX_UNITS } from "../boxes/convention.ts";
import { boxFormats } from "../boxes/forms.ts";
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
  boxes: column,
  system: column,
});

/** `RecordOptions`. */
export const readingSchema = v.strictObject({
  mapping: v.optional(mappingSchema),
  instruction: v.optional(v.string()),
  severalAnswers: v.optional(v.picklist(SEVERAL_ANSWERS)),
  boxes: v.optional(v.picklist(BOX_UNITS)),
  boxFormat: v.optional(v.picklist(boxFormats)),
});

/** Nothing was said: columns are found by their names. */
export const isEmptyReading = ({ mapping, instruction, severalAnswers, boxes, boxFormat }: RecordOptions): boolean =>
  !instruction && !severalAnswers && !boxes && !boxFormat && Object.values(mapping ?? {}).every((name) => !name);
