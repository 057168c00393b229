/**
 * Dropped files -> rows: the one entrance to data/rows/. Unpack the lists of archives, plan, read each source as records,
 * make each record a row. What is wrong with one record costs that record; what is wrong with a file names the file.
 */
import { TabTuneError } from "../../errors.ts";
import type { BoxTarget } from "../boxes/convention.ts";
import type { ClassNames } from "../boxes/found.ts";
import { BoxAnswers } from "./box-answers.ts";
import { classesIn } from "./classes.ts";
import { picturesAlone, type Source } from "./detect.ts";
import type { InputFile } from "./drop.ts";
import {
  bareRows,
  blind,
  firstRows,
  looseTexts,
  noRows,
  noSources,
  pickedNowhere,
  unusedPictures,
} from "./drop-words.ts";
import type { HeldOutSplit } from "./folders.ts";
import type { DatasetLimits } from "./limits.ts";
import { inUtf8, type OpenDrop, openDrop, pathOfSource, readingOf, recordsIn } from "./open-drop.ts";
import { pictureIndex } from "./picture-index.ts";
import { RowProblem } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import type { RecordOptions } from "./record.ts";
import { claimAll, type RowReading, rowsOf, withAnswers } from "./record-rows.ts";
import { detailOf, heldOutInside } from "./records.ts";
import { Remarks } from "./remarks.ts";
import type { Row, SkippedRow } from "./row.ts";
import { isCaption } from "./sidecar.ts";
import { SplitColumns } from "./split-column.ts";
import { Tally } from "./tally.ts";
import { usable } from "./usable.ts";

export type { InputFile };

export type RowEvent =
  /** `several`: its record has several answers or captions. `boxed`: its answer is made of boxes. `split`: it is not to be trained on; such rows come last. */
  | { type: "row"; row: Row; several: boolean; boxed?: true; split?: HeldOutSplit }
  /** A row that is left out, or, with index -1, an entry of an archive or a whole nested archive that is. */
  | { type: "skipped"; skipped: SkippedRow }
  /** How a file is read, or (format "note") a file that is left aside pictures found by name only, or used by no row; one sentence. */
  | {
      type: "format";
      format: Source["format"] | "note";
      detail: string;
      /** Of a note about boxes that were written as answers: in which unit (`unitName`). */
      boxes?: string;
    };

export interface ReadOptions extends RecordOptions {
  limits?: Partial<DatasetLimits>;
  first?: FirstRows | undefined;
  /** How the model writes boxes; without it as one of no convention. */
  boxTarget?: BoxTarget | undefined;
  /** Read the split that runs are measured by, too, where the data has one; of it at most as many rows as `first` says. */
  heldOut?: boolean;
}

/** Rows that are read, skipped ones included; those behind them are not looked at. */
export interface FirstRows {
  rows: number;
  /** How many there are, where somebody counted them. */
  of?: number | undefined;
}

/**
 * Rows and what was left out, in an order that does not depend on the order of `files`: sources by path, inside a
 * source as it is written. Blobs are read as the rows are asked for; pictures when `ImageRef.bytes` is called.
 * Throws TabTuneError "bad-dataset" (a file that cannot be read at all, or over a limit for the whole drop) and
 * "no-rows" (nothing that could be a row, or none that could be used).
 */
export async function* readRows(files: readonly InputFile[], options: ReadOptions = {}): AsyncGenerator<RowEvent> {
  yield* rowsIn(await openDrop(files, options.limits), options);
}

/** The same of a drop that is open. */
export async function* rowsIn(opened: OpenDrop, options: Omit<ReadOptions, "limits">): AsyncGenerator<RowEvent> {
  const { files, limits, entries, leftOut, notes } = opened;
  for (const { path, problem } of leftOut) yield { type: "skipped", skipped: skippedEvent(-1, path, problem, "") };
  const drop = await usable(opened, options);
  yield* [...notes, ...drop.plan.notes].map(note);
  const alone = options.toAnswer && drop.sources.length === 0 ? picturesAlone(entries) : undefined;
  const sources = alone ? [alone] : drop.sources;
  const texts = alone ? entries.filter(isCaption).length : 0;
  if (texts > 0) yield note(looseTexts(texts));
  if (sources.length === 0) throw await noSources(files, drop.plan.pictures, leftOut);

  const remarks = new Remarks();
  for (const note of drop.encodingNotes) remarks.say(note);
  const classes = await classesIn(entries, limits);
  const reading = rowReadingOf(drop, sources, options, remarks, classes?.names);
  const answers = new BoxAnswers(options);
  const tally = new Tally();
  const most = options.first?.rows ?? Number.POSITIVE_INFINITY;
  for (const source of sources) yield* rowsOfSource(source, most, reading, answers, tally);
  const trained = tally.next;
  if (options.heldOut && tally.rows > 0) {
    const { sources: measured, notes: encodings } = await inUtf8(await heldOutIn(drop, reading.splits));
    for (const words of encodings) remarks.say(words);
    for (const source of measured) yield* rowsOfSource(source, trained + most, reading, answers, tally);
  }

  const of = options.first?.of;
  if (trained >= most && (of ?? Number.POSITIVE_INFINITY) > most) yield note(firstRows(most, of));
  const { unit } = answers;
  if (classes && unit !== undefined) yield note(classes.note);
  for (const detail of answers.notes())
    yield { ...note(detail), ...(unit === undefined ? {} : { boxes: unit }) } as RowEvent;
  yield* (reading.splits?.notes() ?? []).map(note);
  yield* remarks.notes().map(note);
  yield* reading.pictures.index.notes().map(note);
  if (tally.rows === 0) throw noRows(sources, trained, tally.firstSkipped);
  yield* wanting(drop, sources, options, reading, tally);
}

/** How the records of `sources` become rows. What is remarked meanwhile goes to `remarks`. */
function rowReadingOf(
  drop: OpenDrop,
  sources: readonly Source[],
  options: RecordOptions,
  remarks: Remarks,
  classes: ClassNames,
): RowReading {
  const index = pictureIndex(drop.entries);
  const quiet = readingOf(drop, options, new Remarks(), classes);
  return {
    ...readingOf(drop, options, remarks, classes),
    pictures: { index, claimed: false, claimAll: () => claimAll(sources, index, quiet) },
    splits: options.toAnswer ? undefined : new SplitColumns((source) => recordsIn(source, quiet)),
    found: new Set(),
  };
}

/** The rows of a source up to the index `end`, and its records that are skipped; `tally` is of all sources. */
async function* rowsOfSource(
  source: Source,
  end: number,
  reading: RowReading,
  answers: BoxAnswers,
  tally: Tally,
): AsyncGenerator<RowEvent> {
  if (tally.next >= end) return;
  if (!source.split) yield { type: "format", format: source.format, detail: detailOf(source) };
  const { limits, splits, around } = reading;
  for await (const record of recordsIn(source, reading)) {
    if (tally.next >= limits.rows) throw tooManyRows(limits.rows);
    const place = sourceOf(source, record);
    try {
      const found = await rowsOf({ index: tally.next, source: place }, record, source, reading);
      if (found.elsewhere !== undefined) splits?.pass(found.elsewhere, source);
      const { rows, remarks, several, boxed } = await withAnswers(found, source, reading, answers);
      around.remarks.add(remarks);
      for (const [remark, example] of record.remarks ?? []) around.remarks.meet(remark, example);
      for (const row of rows) {
        if (row.index >= end) break;
        if (row.index >= limits.rows) throw tooManyRows(limits.rows);
        yield { type: "row", row, several, ...(boxed && { boxed }), ...(source.split && { split: source.split }) };
        tally.give(row, source.split !== undefined);
      }
      tally.next += rows.length;
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      const skipped = skippedEvent(tally.next, place, error, record.excerpt());
      yield { type: "skipped", skipped };
      tally.skip(skipped);
    }
    // The next record may cost a row group.
    if (tally.next >= end) break;
  }
}

/** What the rows lack of that which their user gave or named, where it is worth a note; throws where nobody means to train without it. */
function* wanting(
  { files, plan }: OpenDrop,
  sources: readonly Source[],
  { mapping = {}, first, toAnswer }: ReadOptions,
  { found, pictures }: RowReading,
  { rows, bare, pictured }: Tally,
): Generator<RowEvent> {
  const nowhere = Object.values(mapping).filter((name) => !found?.has(name));
  // The first rows may lack what later ones have.
  if (nowhere.length > 0 && !first) throw pickedNowhere(nowhere);
  if (nowhere.length > 0) yield note(pickedNowhere(nowhere).message);
  const given = plan.pictures - files.filter((file) => file.beside).length;
  if (!pictured && given > 0) throw blind(sources, given, rows);
  if (pictured && bare > 0) yield note(bareRows(bare, toAnswer === true));
  const unused = given - pictures.index.used();
  if (unused > 0) yield note(unusedPictures(unused));
}

const note = (detail: string): RowEvent => ({ type: "format", format: "note", detail });

/** Sources of the split that runs are measured by: of files of their own, else inside of those that are trained on, else by a column. */
async function heldOutIn({ plan, sources }: OpenDrop, splits: SplitColumns | undefined): Promise<Source[]> {
  if (plan.heldOut.length > 0) return plan.heldOut;
  const inside = await Promise.all(sources.map(heldOutInside));
  const found = inside.filter((source) => source !== undefined);
  return found.length > 0 ? found : (splits?.heldOut() ?? []);
}

function sourceOf(source: Source, record: ReadRecord): string {
  const path = record.file ?? pathOfSource(source);
  return record.place === "" ? path : `${path} ${record.place}`;
}

function skippedEvent(index: number, source: string, problem: RowProblem, excerpt: string): SkippedRow {
  return { index, source, reason: problem.reason, message: problem.message, excerpt };
}

function tooManyRows(limit: number): TabTuneError {
  return new TabTuneError("bad-dataset", `The data set has more than ${limit} rows.`, "Split it and train on a part.");
}
