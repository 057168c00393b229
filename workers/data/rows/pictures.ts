/**
 * From what a record calls its picture to the bytes: a path looked up among the entries of the drop (picture-index.ts), or a picture
 * that lies in the record itself, as bytes (Parquet) or as text (inline-picture.ts).
 */
import { TabTuneError } from "../../errors.ts";
import { collect } from "./bytes.ts";
import type { Entry } from "./entry.ts";
import { base64Of, decodeBase64 } from "./inline-picture.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import type { PictureIndex } from "./picture-index.ts";
import type { PictureSource } from "./picture-source.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { ImageRef } from "./row.ts";

/** The picture of `source` as an ImageRef; throws RowProblems "missing-picture", "picture-too-large", "broken-picture". */
export function imageRef(source: PictureSource, folder: string, index: PictureIndex, limits: DatasetLimits): ImageRef {
  if (typeof source !== "string") return bounded(source.path, source.size, source.bytes, limits);
  const base64 = base64Of(source);
  if (base64 !== undefined) return inText(source, base64, limits);
  const entry = isOnWeb(source) ? dropped(source, folder, index) : index.find(pathOf(source), folder);
  const read = () => collect(entry.stream(), limits.pictureBytes, entry.path, "picture-too-large");
  return { ...bounded(entry.path, entry.size, read, limits), file: entry.path };
}

const isOnWeb = (source: string) => /^[a-z][a-z0-9+.-]+:\/\//i.test(source) && !/^file:/i.test(source);

/** The path that a source names, also by a file: or web address; undefined where the picture itself lies in the record. */
export function pathOf(source: string): string;
export function pathOf(source: PictureSource): string | undefined;
export function pathOf(source: PictureSource): string | undefined {
  if (typeof source !== "string" || base64Of(source) !== undefined) return undefined;
  return isOnWeb(source)
    ? source.replace(/[?#].*$/, "").replace(/^[^:]+:\/\/[^/]*/, "")
    : source.replace(/^file:\/\//i, "");
}

/** The file that was downloaded from an address, where it is in the drop. */
function dropped(address: string, folder: string, index: PictureIndex): Entry {
  try {
    return index.find(pathOf(address), folder);
  } catch (error) {
    const message = `The picture ${address.slice(0, 100)} is on the web; drop the picture itself with the data.`;
    throw new RowProblem("missing-picture", message, { cause: error });
  }
}

function bounded(path: string, size: number, bytes: () => Promise<Uint8Array>, limits: DatasetLimits): ImageRef {
  if (size === 0) throw new RowProblem("broken-picture", `The picture ${path} is an empty file.`);
  if (size > limits.pictureBytes) {
    throw new RowProblem(
      "picture-too-large",
      `The picture ${path} has ${formatBytes(size)}; at most ${formatBytes(limits.pictureBytes)} are read.`,
    );
  }
  // Rows are long out of the generator when their pictures are read: from here on errors are for the user.
  const read = async () => {
    try {
      return await bytes();
    } catch (error) {
      throw new TabTuneError(
        "bad-image",
        `The picture ${path} cannot be read: ${wordsOf(error).replace(/\.$/, "")}.`,
        "Check the file, or drop the data again if it has moved.",
        "",
        { cause: error },
      );
    }
  };
  return { path, bytes: read };
}

function inText(source: string, base64: string, limits: DatasetLimits): ImageRef {
  const path = /^data:/i.test(source) ? source.slice(0, Math.min(source.indexOf(","), 60)) : "in base64";
  return bounded(path, Math.floor((base64.length * 3) / 4), async () => decodeBase64(base64), limits);
}
