/**
 * What was in use when the page was left: model, data and recipe. Names only; the bytes lie in the browser's storage. Access tokens are
 * never kept.
 */
import * as v from "valibot";
import type { HubDataSet } from "../../workers/data/hub/look-up.ts";
import { readingSchema } from "../../workers/data/rows/reading.ts";
import { isJsonObject } from "../../workers/json.ts";
import { stored, storeFields } from "./stored.ts";

/** A part that another version kept in another form is none, and costs no other. */
const part = <S extends v.GenericSchema>(schema: S) => v.fallback(v.optional(schema), undefined);

const Memory = v.object({
  model: part(
    v.object({
      source: v.variant("kind", [
        v.object({ kind: v.literal("embedded") }),
        v.object({ kind: v.literal("hub"), name: v.string() }),
        // Files of a folder cannot be kept: it must be chosen again.
        v.object({ kind: v.literal("folder") }),
      ]),
      label: v.string(),
      loading: v.object({
        load_in_4bit: v.exactOptional(v.boolean()),
        bnb_4bit_quant_type: v.exactOptional(v.picklist(["nf4", "fp4"])),
        bnb_4bit_use_double_quant: v.exactOptional(v.boolean()),
        quantize_modules: v.array(v.picklist(["language_model", "multi_modal_projector", "vision_tower"])),
        max_image_tiles: v.nullable(v.number()),
        do_image_splitting: v.exactOptional(v.nullable(v.boolean())),
        image_longest_edge: v.exactOptional(v.nullable(v.number())),
        min_pixels: v.exactOptional(v.nullable(v.number())),
        max_pixels: v.exactOptional(v.nullable(v.number())),
      }),
    }),
  ),
  data: part(
    v.object({
      /** Of the prepared rows. */
      id: v.string(),
      label: v.string(),
      rows: v.number(),
      sample: v.boolean(),
      /** Tokenizer and pictures that the rows were prepared for (`PreparationSpec.id`). */
      preparation: v.string(),
      /** What was looked up at a hub, as it was found: rows that have yet to be prepared are read from there again. */
      hub: v.optional(v.object({ set: v.custom<HubDataSet>(isJsonObject), rows: v.optional(v.number()) })),
    }),
  ),
  /** What was said of the columns of tables, newest first; `columns` is `columnsKey`. */
  readings: part(v.array(v.object({ columns: v.string(), reading: readingSchema }))),
  recipe: part(
    v.object({
      preset: v.picklist(["Demo model", "Practical", "Seed report"]),
      fields: v.record(v.string(), v.unknown()),
      evaluationChosen: v.optional(v.boolean()),
    }),
  ),
});

export type Remembered = v.InferOutput<typeof Memory>;

const KEY = "tabtune-session";

/** Nothing where nothing was kept, or where another version kept it in another form. */
export const remembered = (): Remembered => stored(KEY, Memory) ?? {};

/** Keeps a part; the others stay as they are. */
export const remember = (parts: Remembered): void => storeFields(KEY, parts);
