/** Files of any size as one zip, a piece in memory at a time. Stored, not deflated: weights and pictures do not shrink. Fixed dates. */
import { Zip, ZipPassThrough } from "fflate";
import { TabTuneError } from "../errors.ts";
import { insidePath } from "./inside-path.ts";

/** Zip has no time zone: the date's local parts are written. */
export const ZIP_DATE = new Date(1980, 0, 1);

/** Zip without its 64-bit form, which fflate does not write. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;
const PIECE = 4 << 20;

/** Throws as `insidePath` does, and TabTuneError "storage-full", with `remedy`, where all of it is more than a zip can hold. */
export async function zipped(
  files: readonly { path: string; data: Uint8Array | string | Blob }[],
  remedy: string,
): Promise<Blob> {
  const blobs = files.map(({ path, data }) => ({
    path: insidePath(path),
    blob: data instanceof Blob ? data : new Blob([data as Uint8Array<ArrayBuffer> | string]),
  }));
  const bytes = blobs.reduce((sum, { blob }) => sum + blob.size, 0);
  if (bytes > MOST_BYTES) {
    throw new TabTuneError(
      "storage-full",
      `The folder has ${(bytes / 1e9).toFixed(1)} GB, and a zip holds 4.3 GB.`,
      remedy,
    );
  }
  const parts: Blob[] = [];
  let failed: Error | undefined;
  const zip = new Zip((error, chunk) => {
    if (error) failed = error;
    else parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
  });
  for (const { path, blob } of blobs) {
    const entry = new ZipPassThrough(path);
    entry.mtime = ZIP_DATE;
    zip.add(entry);
    for (let at = 0; at < blob.size; at += PIECE)
      entry.push(new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer()));
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
  if (failed) throw failed;
  return new Blob(parts, { type: "application/zip" });
}
