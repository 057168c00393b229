/**
 * From what a record calls its picture to the bytes: a path looked up among the entries of the drop (picture-index.ts), or a picture
 * that lies in the record itself, as bytes (Parquet) or as text (inline-picture.ts).
 */
import { TabTuneError } from "../../errors.ts";
import { chunksOf, collect, concat } from "./bytes.ts";
import type { Entry } from "./entry.ts";
import { base64Of, decodeBase64 } from "./inline-picture.ts";
import { type DatasetLimits, formatBytes } from "./limits.ts";
import type { PictureIndex } from "./picture-index.ts";
import type { PictureSource } from "./picture-source.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { ImageRef } from "./row.ts";

/** The picture of `source` as an ImageRef; throws RowProblems "missing-picture", "picture-too-large", "broken-picture". */
export function imageRef(source: PictureSource, folder: string, index: PictureIndex, limits: DatasetLimits): ImageRef {
  if (typeof source !== "string") {
    const { path, size, at, bytes } = source;
    return { ...readLater(path, size, bytes, limits), ...(at ? { at } : {}) };
  }
  const base64 = base64Of(source);
  if (base64 !== undefined) return inText(source, base64, limits);
  const entry = isOnWeb(source) ? dropped(source, folder, index) : index.find(pathOf(source), folder);
  const whole = readLater(entry.path, entry.size, () => fileBytes(entry, limits), limits);
  return { ...whole, file: entry.path, head: () => startOf(entry) };
}

/** A picture's header lies in so many bytes, but for photos with large previews in their EXIF block. */
const HEAD_BYTES = 2 ** 16;

async function startOf(entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(entry.stream())) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= HEAD_BYTES) break;
  }
  return concat(chunks, length);
}

/** The bytes of a picture that is a file of the drop. Throws a RowProblem "picture-too-large", and the platform's errors. */
export const fileBytes = (entry: Entry, limits: DatasetLimits): Promise<Uint8Array> =>
  collect(entry.stream(), limits.pictureBytes, entry.path, "picture-too-large");

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

/** What is wrong with a picture of so many bytes. */
function sizeProblem(path: string, size: number, limits: DatasetLimits): RowProblem | undefined {
  if (size === 0) return new RowProblem("broken-picture", `The picture ${path} is an empty file.`);
  if (size <= limits.pictureBytes) return undefined;
  return new RowProblem(
    "picture-too-large",
    `The picture ${path} has ${formatBytes(size)}; at most ${formatBytes(limits.pictureBytes)} are read.`,
  );
}

/**
 * A picture whose bytes are read when they are asked for. A size that is not known before is checked then: it is the row that cannot be
 * prepared. Throws RowProblems "broken-picture" and "picture-too-large".
 */
export function readLater(
  path: string,
  size: number | undefined,
  bytes: () => Promise<Uint8Array>,
  limits: DatasetLimits,
): ImageRef {
  const problem = size === undefined ? undefined : sizeProblem(path, size, limits);
  if (problem) throw problem;
  // Rows are long out of the generator when their pictures are read: from here on errors are for the user.
  const read = async () => {
    let whole: Uint8Array;
    try {
      whole = await bytes();
    } catch (error) {
      // A hub that does not answer is no fault of the picture.
      if (error instanceof TabTuneError) throw error;
      throw new TabTuneError(
        "bad-image",
        `The picture ${path} cannot be read: ${wordsOf(error).replace(/\.$/, "")}.`,
        "Check the file, or drop the data again if it has moved.",
        "",
        { cause: error },
      );
    }
    const problem = size === undefined ? sizeProblem(path, whole.length, limits) : undefined;
    if (problem === undefined) return whole;
    const code = problem.reason === "picture-too-large" ? "image-too-large" : "bad-image";
    throw new TabTuneError(code, problem.message, "Replace the picture, or leave the row out.");
  };
  return { path, bytes: read };
}

function inText(source: string, base64: string, limits: DatasetLimits): ImageRef {
  const path = /^data:/i.test(source) ? source.slice(0, Math.min(source.indexOf(","), 60)) : "in base64";
  return readLater(path, Math.floor((base64.length * 3) / 4), async () => decodeBase64(base64), limits);
}
