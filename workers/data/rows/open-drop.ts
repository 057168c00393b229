/**
 * A drop, opened once: archives listed, sources planned, tables in UTF-8. Reading rows and looking at the table both begin here, so that
 * no archive is unpacked and no table decoded twice.
 */
import { TabTuneError } from "../../errors.ts";
import type { ClassNames } from "../boxes/found.ts";
import { captionLists } from "./caption-lines.ts";
import { isTable, type Plan, planSources, type Source } from "./detect.ts";
import { type InputFile, unpackedEntries } from "./drop.ts";
import { asUtf8 } from "./encoding.ts";
import type { Entry, LeftOut } from "./entry.ts";
import type { Surroundings } from "./json-table.ts";
import { type DatasetLimits, defaultLimits } from "./limits.ts";
import type { ReadColumns } from "./parquet.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import type { RecordOptions } from "./record.ts";
import { recordsOf } from "./records.ts";
import type { Remarks } from "./remarks.ts";

export interface OpenDrop {
  files: readonly InputFile[];
  limits: DatasetLimits;
  entries: Entry[];
  leftOut: LeftOut[];
  /** What was guessed of names in archives. */
  notes: string[];
  /** Its sources are as the files are written; `sources` are those to be read. */
  plan: Plan;
  sources: Source[];
  /** A sentence for each table that is no UTF-8 with line ends of today. */
  encodingNotes: string[];
}

/** Throws as `unpackedEntries`. */
export async function openDrop(files: readonly InputFile[], given: Partial<DatasetLimits> = {}): Promise<OpenDrop> {
  const limits = { ...defaultLimits, ...given };
  const { entries, leftOut, notes } = await unpackedEntries(files, limits);
  const plan = planSources(entries, await captionLists(entries));
  const { sources, notes: encodingNotes } = await inUtf8(plan.sources);
  return { files, limits, entries, leftOut, notes, plan, sources, encodingNotes };
}

/** Sources as they are read, with a sentence for each table that is written otherwise. */
export async function inUtf8(sources: readonly Source[]): Promise<{ sources: Source[]; notes: string[] }> {
  const read: Source[] = [];
  const notes: string[] = [];
  for (const source of sources) {
    if (!isTable(source) || source.format === "parquet") read.push(source);
    else {
      const { entry, note } = await asUtf8(source.entry);
      if (note !== undefined) notes.push(note);
      read.push({ ...source, entry });
    }
  }
  return { sources: read, notes };
}

/** By what the records of a source are read. */
export interface Reading {
  limits: DatasetLimits;
  options: RecordOptions;
  around: Surroundings;
  columns?: ReadColumns;
}

/** How the drop's own tables are read. What is remarked meanwhile goes to `remarks`. */
export function readingOf(
  drop: OpenDrop,
  options: RecordOptions,
  remarks: Remarks,
  classes: ClassNames = undefined,
): Reading {
  const { limits, entries, sources } = drop;
  const tables = sources.flatMap((source) => (isTable(source) && /^json/.test(source.format) ? [source.entry] : []));
  return { limits, options, around: { tables, entries, remarks, toAnswer: options.toAnswer === true, classes } };
}

export const pathOfSource = (source: Source): string => (isTable(source) ? source.entry.path : source.path);

/**
 * Records of a source. An error before the first one means that the file cannot be read, and is thrown as TabTuneError "bad-dataset"; a
 * later one costs the rest of it, as a last record that throws.
 */
export async function* recordsIn(source: Source, reading: Reading): AsyncGenerator<ReadRecord> {
  const { limits, options, around, columns } = reading;
  const path = pathOfSource(source);
  let any = false;
  try {
    for await (const record of recordsOf(source, limits, options.mapping ?? {}, around, columns)) {
      any = true;
      yield record;
    }
  } catch (error) {
    if (error instanceof TabTuneError) throw error;
    const words = wordsOf(error).replace(/\.$/, "");
    if (!any) {
      throw new TabTuneError(
        "bad-dataset",
        `${path} cannot be read: ${words}.`,
        "Check that the file is complete, or leave it out.",
        "",
        { cause: error },
      );
    }
    const parse = () => {
      throw new RowProblem("broken-part", `The rest of ${path} cannot be read: ${words}.`, { cause: error });
    };
    yield { place: "", excerpt: () => "", parse };
  }
}
