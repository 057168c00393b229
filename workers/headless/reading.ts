/** `--mapping`, `--instruction` and `--answers`: what the user says of the columns. */
import * as v from "valibot";
import { SEVERAL_ANSWERS, type SeveralAnswers } from "../data/rows/answers.ts";
import type { ColumnMapping } from "../data/rows/columns.ts";
import { mappingSchema } from "../data/rows/reading.ts";
import type { RecordOptions } from "../data/rows/record.ts";
import { TabTuneError } from "../errors.ts";
import type { Arguments, Options } from "./arguments.ts";
import { readBytes } from "./open.ts";

/** What may be said of the columns. */
export const readingOptions = { mapping: "maybe", instruction: "maybe", answers: "maybe" } as const satisfies Options;

/** A file of `--mapping`: which column is what. Throws TabTuneError "bad-argument" naming the key. */
async function mappingOf(file: string): Promise<ColumnMapping> {
  const remedy = `Give a JSON object with column names under some of ${Object.keys(mappingSchema.entries).join(", ")}.`;
  const text = (await readBytes(file, "the mapping")).toString("utf8");
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

function severalOf(text: string): SeveralAnswers {
  const which = SEVERAL_ANSWERS.find((known) => known === text);
  if (which) return which;
  throw new TabTuneError("bad-argument", `--answers is "${text}".`, `Give one of ${SEVERAL_ANSWERS.join(", ")}.`);
}

/** How the rows are read. Throws TabTuneError "bad-argument" for a mapping or a choice of answers that cannot be used. */
export async function readingOf(args: Arguments): Promise<RecordOptions> {
  const file = args.maybe("mapping");
  const instruction = args.maybe("instruction");
  const answers = args.maybe("answers");
  return {
    ...(file ? { mapping: await mappingOf(file) } : {}),
    ...(instruction ? { instruction } : {}),
    ...(answers === undefined ? {} : { severalAnswers: severalOf(answers) }),
  };
}
