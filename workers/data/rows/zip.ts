/**
 * Zip archives (ZIP64 too) as a list of entries, by @zip.js/zip.js over a ByteSource: it reads the directory now, and an entry
 * when that is asked for. Sizes in a zip are claims: the declared ones are held to the limits here, and an entry that
 * unpacks to anything else than it declares fails while it streams.
 */
import { BlobReader, configure, type Entry as ZipEntry, ZipReader } from "@zip.js/zip.js/lib/zip-core-native.js";
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { counted } from "../../words.ts";
import { type Entry, type LeftOut, safeName, tooManyEntries } from "./entry.ts";
import { type ArchiveBudget, type DatasetLimits, formatBytes } from "./limits.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import { encodingOf } from "./zip-names.ts";

// We are in a worker already; the platform's own inflate, and no blob: worker that a strict CSP would refuse.
configure({ useWebWorkers: false, useCompressionStream: true });

/** Entries up to this size may have any ratio: they cannot do harm, and short texts can shrink to almost nothing. */
const RATIO_FLOOR = 16 * 2 ** 20;
/** The directory is read as a whole; 200,000 entries need about 30 MB. */
const MAX_READ = 256 * 2 ** 20;

class BoundedReader extends BlobReader {
  constructor(source: ByteSource) {
    // It asks a Blob for nothing that a ByteSource has not.
    super(source as Blob);
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array> {
    if (!(length <= MAX_READ)) throw new Error(`its directory claims ${length} bytes`);
    return super.readUint8Array(index, length);
  }
}

/**
 * Entries in directory order, what was left out (unsafe names, encrypted, bombs), and what is to be said of their names.
 * Throws TabTuneError "bad-dataset" when the directory cannot be read or is over the budget for the drop.
 */
export async function zipEntries(
  path: string,
  blob: ByteSource,
  limits: DatasetLimits,
  budget: ArchiveBudget,
): Promise<{ entries: Entry[]; leftOut: LeftOut[]; notes: string[] }> {
  const listed: ZipEntry[] = [];
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [];
  // Names are checked by safeName, entry by entry: zip.js would refuse the whole archive.
  const reader = new ZipReader(new BoundedReader(blob), { filenameValidation: "tolerant" });
  try {
    for await (const zipped of reader.getEntriesGenerator()) {
      if (--budget.entries < 0) throw tooManyEntries(path);
      if (!zipped.directory) listed.push(zipped);
    }
  } catch (error) {
    if (error instanceof TabTuneError) throw error;
    throw new TabTuneError(
      "bad-dataset",
      `${path} cannot be read as a zip archive: ${wordsOf(error)}.`,
      "Check that the file is complete, or drop the unpacked folder.",
      "",
      { cause: error },
    );
  }
  const { nameOf, notes } = namesOf(path, listed);
  for (const zipped of listed) {
    try {
      const entry = checkedEntry(path, zipped, nameOf(zipped), limits);
      budget.unpackedBytes -= entry.size;
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      leftOut.push({ path, problem: error });
    }
    if (budget.unpackedBytes < 0) {
      throw new TabTuneError(
        "bad-dataset",
        `${path} would unpack to more than ${formatBytes(limits.unpackedBytes)}.`,
        "Drop the unpacked folder, or a part of it.",
      );
    }
  }
  return { entries, leftOut, notes };
}

/** Names in the encoding of some Windows are read in it, and that is said. */
function namesOf(path: string, listed: readonly ZipEntry[]): { nameOf(zipped: ZipEntry): string; notes: string[] } {
  const foreign = listed.filter((zipped) => !zipped.filenameUTF8 && !zipped.extraFieldUnicodePath);
  const bytes = foreign.map((zipped) => zipped.rawFilename).filter((name) => name.some((byte) => byte >= 0x80));
  const nameOf = (zipped: ZipEntry) => zipped.filename;
  if (bytes.length === 0) return { nameOf, notes: [] };
  const encoding = encodingOf(bytes);
  const how = encoding ? `as ${encoding.name}` : "as CP437 (DOS), for want of a better guess";
  const note = `${counted(bytes.length, "name")} in ${path} ${bytes.length === 1 ? "is" : "are"} not UTF-8 and read ${how}; pack it again with UTF-8 names if they are garbled.`;
  if (!encoding) return { nameOf, notes: [note] };
  const decoder = new TextDecoder(encoding.label);
  const names = new Map(foreign.map((zipped) => [zipped, decoder.decode(zipped.rawFilename)]));
  return { nameOf: (zipped) => names.get(zipped) ?? zipped.filename, notes: [note] };
}

function checkedEntry(path: string, zipped: ZipEntry, name: string, limits: DatasetLimits): Entry {
  const inside = safeName(name);
  const size = zipped.uncompressedSize;
  if (zipped.directory || zipped.symlink) {
    throw new RowProblem("not-a-file", `The archive entry "${inside}" is a link and is left out.`);
  }
  if (zipped.encrypted) {
    throw new RowProblem(
      "encrypted",
      `The archive entry "${inside}" is encrypted and is left out; drop the set without a password.`,
    );
  }
  if (size > RATIO_FLOOR && size > limits.ratio * zipped.compressedSize) {
    throw new RowProblem(
      "zip-ratio",
      `The archive entry "${inside}" would unpack ${zipped.compressedSize} bytes to ${formatBytes(size)} and is left out; if it is sound, drop it unpacked.`,
    );
  }
  const stream = () => unpack(zipped, `${path}/${inside}`, size);
  return {
    path: `${path}/${inside}`,
    size,
    archive: { path, kind: "zip" },
    stream,
    blob: () => new Response(stream()).blob(),
  };
}

/** Unpacked bytes as a stream that fails on a wrong checksum, a wrong length or overlapping entries. */
function unpack(zipped: ZipEntry, path: string, size: number): ReadableStream<Uint8Array> {
  if (zipped.directory) throw new Error("a folder has no bytes");
  let length = 0;
  let fail: (error: unknown) => void = () => undefined;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      fail = (error) => controller.error(new Error(`${path} cannot be unpacked: ${wordsOf(error)}.`, { cause: error }));
    },
    transform(chunk, controller) {
      length += chunk.length;
      if (length > size) throw new Error("it is longer than it declares");
      controller.enqueue(chunk);
    },
    flush() {
      if (length < size) throw new Error("it is shorter than it declares");
    },
  });
  zipped.getData(counted.writable, { checkCrc32: true, checkOverlappingEntry: true }).catch(fail);
  return counted.readable;
}
