/**
 * Rows for train.py whose pictures stay where they are: in the Parquet files of a data set of the hub, at one commit. Texts come along as
 * they were read here, so nothing of the reading has to be done again; of each picture its place does.
 */
import { parquetWriteBuffer } from "hyparquet-writer";
import type { HubDataSet } from "../data/hub/look-up.ts";
import { formatBytes } from "../data/rows/limits.ts";
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import type { IndexedRows } from "../data/shards/supply.ts";
import { TabTuneError } from "../errors.ts";
import { counted } from "../words.ts";

/** A data set of a hub, as handover.json names it. */
export interface NamedData {
  endpoint: string;
  repo: string;
  commit: string;
  /** Those that train.py downloads, in the order by which places count them. */
  files: string[];
}

export const namedData = ({ endpoint, repo, commit, files }: HubDataSet): NamedData => ({
  ...{ endpoint, repo, commit },
  files: files.map(({ name }) => name),
});

/** What is downloaded where the folder runs, a sentence. */
export const downloadWords = ({ repo, commit, files, bytes }: HubDataSet): string =>
  `The pictures stay at the hub: train.py downloads ${counted(files.length, "file")} of ${repo} at commit ${commit} (${formatBytes(bytes)}) once on each machine.`;

/** The file beside `data/train-00000.parquet` that says where its pictures lie. */
export const placesFile = (base: string): string => `${base.replace("data/", "data/pictures-of-")}.parquet`;

/**
 * `data/train` -> data/train-00000.parquet with texts alone, and its places. Throws TabTuneError "bad-argument" for a picture that lies in
 * no cell of `data`'s files.
 */
export async function* namedRows(
  base: string,
  rows: IndexedRows,
  positions: readonly number[],
  { files }: NamedData,
): AsyncGenerator<{ path: string; data: Blob }> {
  const texts = parquetDataSet();
  const places = {
    row: [] as number[],
    file: [] as number[],
    group: [] as number[],
    at: [] as number[],
    keys: [] as string[],
  };
  for (const [n, position] of positions.entries()) {
    const row = await rows.row(position);
    for (const { at } of row.images) {
      const file = at === undefined ? -1 : files.indexOf(at.file);
      if (at === undefined || file < 0) throw refused(row.source);
      places.row.push(n);
      places.file.push(file);
      places.group.push(at.group);
      places.at.push(at.row);
      places.keys.push(JSON.stringify(at.keys));
    }
    await texts.add({ ...row, images: [] });
  }
  yield { path: `${base}-00000.parquet`, data: texts.finish() };
  const columnData = Object.entries(places).map(([name, data]) =>
    name === "keys"
      ? { name, data: data as string[], type: "STRING" as const }
      : { name, data: Int32Array.from(data as number[]), type: "INT32" as const },
  );
  yield { path: placesFile(base), data: new Blob([parquetWriteBuffer({ columnData })]) };
}

const refused = (source: string): TabTuneError =>
  new TabTuneError(
    "bad-argument",
    `A picture of ${source} is no cell of the data set's Parquet files, so its name does not lead to it.`,
    "Leave out --pictures-by-name: then pictures come along as bytes.",
  );
