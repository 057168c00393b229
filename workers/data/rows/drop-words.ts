/** What is said of a drop as a whole: that it gives no rows, or rows without what its user means to train on. */
import { TabTuneError } from "../../errors.ts";
import { counted, listed } from "../../words.ts";
import { type FileKind, kindOfFile } from "../pictures/kinds.ts";
import { quotedList } from "./column-words.ts";
import { isTable, type Source } from "./detect.ts";
import type { InputFile } from "./drop.ts";
import type { LeftOut } from "./entry.ts";
import { pathOfSource } from "./open-drop.ts";
import type { SkippedRow } from "./row.ts";

const LOOKED_FOR =
  "Drop a folder, .zip, .tar or .tar.gz with metadata.jsonl or metadata.csv; a .jsonl, .json, .csv or .parquet file with its pictures; pictures with a .txt caption of the same name each; pictures with boxes (COCO, Pascal VOC, YOLO); or pictures in a folder for each class.";

/** Where the first row is skipped for these, the names of the columns are the likely fault. */
const COLUMN_FAULTS = new Set(["bad-row", "missing-text"]);
const SAY_COLUMNS = "Say which column is what, or call the columns image, question and answer.";

/** Nobody drops pictures to train without them. */
export function blind(sources: readonly Source[], pictures: number, rows: number): TabTuneError {
  return new TabTuneError(
    "bad-dataset",
    `${counted(pictures, "picture")} lie${pictures === 1 ? "s" : ""} beside ${namesOf(sources)}, and ${rows === 1 ? "its row names none" : `none of its ${rows} rows names one`}.`,
    "Name the picture of each row in a column called image or file_name; to train on text alone, drop the table without the pictures.",
  );
}

/** Rows would be read without what their user said is in them. */
export const pickedNowhere = (names: readonly string[]): TabTuneError =>
  new TabTuneError(
    "bad-dataset",
    `The mapping names ${quotedList(names)}, and no row that was read has ${names.length === 1 ? "a column of that name" : "columns of those names"}.`,
    "Name a column that is there.",
  );

/** Some rows have pictures, and these have none. */
export function bareRows(rows: number, toAnswer: boolean): string {
  const [have, are] = rows === 1 ? ["has", "is"] : ["have", "are"];
  return `${counted(rows, "row")} ${have} no picture and ${are} ${toAnswer ? "asked" : "trained on"} as text alone.`;
}

export const unusedPictures = (pictures: number): string =>
  `${counted(pictures, "picture")} of the drop ${pictures === 1 ? "is" : "are"} named by no row and not used.`;

/** Where there are others behind them, or may be. */
export function firstRows(rows: number, of: number | undefined): string {
  const which = of === undefined ? counted(rows, "row") : `${rows} of ${counted(of, "row")}`;
  return `The first ${which} ${rows === 1 ? "is" : "are"} read, as was asked.`;
}

/** Where pictures alone are to be answered. */
export const looseTexts = (texts: number): string =>
  `${counted(texts, "text")} beside the pictures ${texts === 1 ? "belongs" : "belong"} to none of them and ${texts === 1 ? "is" : "are"} not read.`;

const namesOf = (sources: readonly Source[]): string =>
  listed(
    sources.map((source) => pathOfSource(source) || "the drop"),
    3,
  );

/** Files of a drop whose first bytes are looked at to tell what they are. */
const LOOKED_INTO = 200;

/** Says of each kind of file that is there what it is and what to do; the usual advice where nothing is known of them. */
export async function noSources(
  files: readonly InputFile[],
  pictures: number,
  leftOut: readonly LeftOut[],
): Promise<TabTuneError> {
  const what =
    pictures > 0
      ? `${counted(pictures, "picture")} and no text that belongs to ${pictures === 1 ? "it" : "them"}`
      : `${counted(files.length, "file")} and nothing that holds rows`;
  const kinds = new Map<string, { kind: FileKind; paths: string[] }>();
  for (const { path, blob } of files.slice(0, LOOKED_INTO)) {
    const kind = kindOfFile(new Uint8Array(await blob.slice(0, 512).arrayBuffer()));
    if (!kind) continue;
    const same = kinds.get(kind.what);
    if (same) same.paths.push(path);
    else kinds.set(kind.what, { kind, paths: [path] });
  }
  const known = [...kinds.values()];
  const told = known.map(({ kind, paths }) => `${listed(paths, 3)} ${kind.what}`);
  if (leftOut[0]) told.unshift(leftOut[0].problem.message.replace(/\.$/, ""));
  const why = told.length > 0 ? ` (${told.join("; ")})` : "";
  const remedy = known.length > 0 ? [...new Set(known.map(({ kind }) => kind.remedy))].join(" ") : LOOKED_FOR;
  return new TabTuneError("no-rows", `The drop has ${what}${why}.`, remedy);
}

export function noRows(sources: readonly Source[], skipped: number, first: SkippedRow | undefined): TabTuneError {
  const names = namesOf(sources);
  if (first === undefined) return new TabTuneError("no-rows", `There are no rows in ${names}.`, LOOKED_FOR);
  return new TabTuneError(
    "no-rows",
    `None of the ${counted(skipped, "row")} in ${names} can be used; the first one (${first.source}): ${first.message}`,
    COLUMN_FAULTS.has(first.reason) && sources.some(isTable) ? SAY_COLUMNS : LOOKED_FOR,
  );
}
