/** One record -> its rows: texts by their columns, pictures found, and the answers that are made of boxes. */
import { boxesAnswer } from "../boxes/convention.ts";
import type { BoxAnswers, BoxedRow } from "./box-answers.ts";
import { type RecordBoxes, withBoxes, withMarks } from "./box-row.ts";
import { CLASS_QUESTION } from "./caption-turns.ts";
import { isTable, type Source } from "./detect.ts";
import { folderOf } from "./entry.ts";
import { pathOfSource, type Reading, recordsIn } from "./open-drop.ts";
import type { PictureIndex } from "./picture-index.ts";
import { imageRef, pathOf } from "./pictures.ts";
import { RowProblem } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import { recordToConversations } from "./record.ts";
import { Remarks } from "./remarks.ts";
import type { Row } from "./row.ts";
import type { SplitColumns } from "./split-column.ts";
import { isRecord } from "./values.ts";

export interface Pictures {
  index: PictureIndex;
  /** The index knows by which paths all rows name their pictures: before the first guess it must. */
  claimed: boolean;
  claimAll(): Promise<void>;
}

/** By what the records of a drop become rows. */
export interface RowReading extends Reading {
  pictures: Pictures;
  /** Absent where rows of all splits are wanted. */
  splits?: SplitColumns | undefined;
  /** Takes the columns that the user picked and some record has. */
  found?: Set<string>;
}

/** Reads the tables once for the paths in them alone; what is broken is told when the rows are read. */
export async function claimAll(sources: readonly Source[], index: PictureIndex, reading: Reading): Promise<void> {
  for (const source of sources.filter(isTable)) {
    for await (const record of recordsIn(source, reading)) {
      try {
        const options = { ...reading.options, classes: reading.around.classes };
        const { conversations } = recordToConversations(await record.parse(), options, record.columns);
        const paths = conversations.flatMap(({ pictures }) => pictures.map(pathOf));
        for (const path of paths) if (path) index.claim(path, folderOf(source.entry.path));
      } catch (error) {
        if (!(error instanceof RowProblem)) throw error;
      }
    }
  }
}

/** A row, and the boxes of which its answer is to be written. */
type BoxesOfRow = { row: Row; boxes: RecordBoxes | undefined };

interface Found {
  rows: BoxesOfRow[];
  remarks: string[];
  several: boolean;
  /** The record is of another split, and there is no row of it here. */
  elsewhere?: unknown;
}

/** Rows with their answers; those of boxes need the other rows of their source where nothing says the boxes' form. */
export async function withAnswers(
  { rows, ...rest }: Found,
  source: Source,
  reading: RowReading,
  answers: BoxAnswers,
): Promise<{ rows: Row[]; remarks: string[]; several: boolean; boxed?: true }> {
  const others = () => boxedRows(source, reading);
  const written: Row[] = [];
  for (const { row, boxes } of rows) {
    if (!boxes) written.push(row);
    else {
      const found = await answers.boxes({ boxes, images: row.images }, pathOfSource(source), others);
      const messages = boxes.inline
        ? withMarks(
            row.messages,
            found.map(({ numbers }) => numbers),
            boxes.refs,
          )
        : withBoxes(row.messages, boxesAnswer(found));
      written.push({ ...row, messages });
    }
  }
  return { rows: written, ...rest, ...(rows.some(({ boxes }) => boxes) && { boxed: true as const }) };
}

/** The rows of a source that have boxes, without those that are wrong: they are told when they are read. */
async function* boxedRows(source: Source, reading: RowReading): AsyncGenerator<BoxedRow> {
  for await (const record of recordsIn(source, { ...reading, around: { ...reading.around, remarks: new Remarks() } })) {
    try {
      const { rows } = await rowsOf({ index: 0, source: "" }, record, source, reading);
      for (const { row, boxes } of rows) if (boxes) yield { boxes, images: row.images };
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
    }
  }
}

/** The rows of a record: one, or one for each of its answers or captions. All of a record or none. */
export async function rowsOf(
  { index, source: place }: Pick<Row, "index" | "source">,
  record: ReadRecord,
  source: Source,
  { pictures, splits, found, limits, options, around: { classes } }: RowReading,
): Promise<Found> {
  const question = source.format === "folders" ? { instruction: CLASS_QUESTION } : {};
  const value = await record.parse();
  if (await splits?.isElsewhere(value, source)) return { rows: [], remarks: [], several: false, elsewhere: value };
  const names = record.columns ?? (isRecord(value) ? Object.keys(value) : []);
  for (const name of Object.values(options.mapping ?? {})) if (names.includes(name)) found?.add(name);
  const { conversations, remarks, several } = recordToConversations(
    value,
    { ...question, ...options, classes },
    record.columns,
  );
  const folder = isTable(source) ? folderOf(source.entry.path) : "";
  const paths = conversations.flatMap((conversation) => conversation.pictures.map(pathOf));
  if (!pictures.claimed && paths.some((path) => path && pictures.index.guesses(path, folder))) {
    pictures.claimed = true;
    await pictures.claimAll();
  }
  const rows = conversations.map((conversation, i): BoxesOfRow => {
    if (conversation.pictures.length > limits.picturesPerRow) {
      throw new RowProblem(
        "too-many-pictures",
        `The row has ${conversation.pictures.length} pictures; at most ${limits.picturesPerRow} are read.`,
      );
    }
    const images = conversation.pictures.map((picture) => imageRef(picture, folder, pictures.index, limits));
    const answers = conversation.answers ? { answers: conversation.answers } : {};
    const row = { index: index + i, source: place, messages: conversation.messages, images, ...answers };
    return { row, boxes: conversation.boxes };
  });
  return { rows, remarks, several };
}
