/** `--mapping`, `--instruction`, `--answers`, `--boxes` and `--box-format`: what the user says of the columns. */
import * as v from "valibot";
import { BOX_UNITS } from "../data/boxes/convention.ts";
import { boxFormats } from "../data/boxes/forms.ts";
import { SEVERAL_ANSWERS } from "../data/rows/answers.ts";
import type { ColumnMapping } from "../data/rows/columns.ts";
import { mappingSchema } from "../data/rows/reading.ts";
import type { RecordOptions } from "../data/rows/record.ts";
import { TabTuneError } from "../errors.ts";
import type { Arguments, Options } from "./arguments.ts";
import { readText } from "./open.ts";

/** What may be said of the columns. */
export const readingOptions = {
  ...{ mapping: "maybe", instruction: "maybe", answers: "maybe" },
  ...{ boxes: "maybe", "box-format": "maybe" },
} as const satisfies Options;

/** A file of `--mapping`: which column is what. Throws TabTuneError "bad-argument" naming the key. */
async function mappingOf(file: string): Promise<ColumnMapping> {
  const remedy = `Give a JSON object with column names under some of ${Object.keys(mappingSchema.entries).join(", ")}.`;
  const text = await readText(file, "the mapping");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TabTuneError("bad-argument", `${file} is not valid JSON.`, remedy, "", { cause });
  }
  const read = v.safeParse(mappingSchema, json);
  if (read.success) return JSON.parse(JSON.stringify(read.output)) as ColumnMapping;
  const [issue] = read.issues;
  throw new TabTuneError("bad-argument", `${file}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}.`, remedy);
}

/** An option that is one of some words. Throws TabTuneError "bad-argument" for any other. */
function oneOf<T extends string>(args: Arguments, name: string, known: readonly T[]): T | undefined {
  const text = args.maybe(name);
  const which = known.find((one) => one === text);
  if (which || text === undefined) return which;
  throw new TabTuneError("bad-argument", `--${name} is "${text}".`, `Give one of ${known.join(", ")}.`);
}

/** What is said of boxes. */
function boxesOf(args: Arguments): Pick<RecordOptions, "boxes" | "boxFormat"> {
  const boxes = oneOf(args, "boxes", BOX_UNITS);
  const boxFormat = oneOf(args, "box-format", boxFormats);
  return { ...(boxes ? { boxes } : {}), ...(boxFormat ? { boxFormat } : {}) };
}

/** How the rows are read. Throws TabTuneError "bad-argument" for a mapping or a choice that cannot be used. */
export async function readingOf(args: Arguments): Promise<RecordOptions> {
  const file = args.maybe("mapping");
  const instruction = args.maybe("instruction");
  const severalAnswers = oneOf(args, "answers", SEVERAL_ANSWERS);
  return {
    ...(file ? { mapping: await mappingOf(file) } : {}),
    ...(instruction ? { instruction } : {}),
    ...(severalAnswers ? { severalAnswers } : {}),
    ...boxesOf(args),
  };
}
