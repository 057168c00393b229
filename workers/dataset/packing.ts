/** A handed-over run as one file: what the engine made of it, and its rows. */
import { openIndex } from "../data/index/row-index.ts";
import { readManifest } from "../data/shards/manifest.ts";
import { rowsOfIndex } from "../data/shards/supply.ts";
import { rowsFiles } from "../handover/rows-file.ts";
import type { DatasetSource } from "../protocol/dataset.ts";
import type { HandedOver } from "../protocol/hand-over.ts";
import { zipped } from "../storage/zip.ts";
import { gone } from "./browsing.ts";
import { dropOf } from "./drops.ts";
import { store } from "./state.ts";

/** @see DatasetApi.packed */
export async function packedRun(
  source: DatasetSource,
  { files, rows, changes, datasetId }: HandedOver,
  onRow: (rows: number, place: string) => void,
): Promise<{ file: Blob; rows: number; leftOut: number }> {
  const manifest = await readManifest(await store(), datasetId);
  if (!manifest?.index) throw gone();
  const drop = await dropOf(source, (detail) => onRow(0, detail));
  const index = rowsOfIndex(openIndex(await store(), datasetId, manifest.index), drop.files);
  let before = 0;
  let leftOut = 0;
  const written: { path: string; data: Blob }[] = [];
  for (const { path, positions } of rows) {
    const tell = {
      changes,
      onRow: (n: number, place: string) => onRow(before + n, place),
      onFault: () => {
        leftOut += 1;
      },
    };
    for await (const file of rowsFiles(path, index, positions, tell)) written.push(file);
    before += positions.length;
  }
  return {
    file: await zipped(
      [...files, ...written],
      "Use handover of the command line, which writes a folder, or read fewer rows.",
    ),
    rows: before,
    leftOut,
  };
}
