/**
 * Tar archives as a list of entries; contents stay in the Blob. ustar, pax (path, size) and GNU long names.
 * Reference: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format".
 */
import { TabTuneError } from "../../errors.ts";
import type { ByteSource } from "../../storage/byte-source.ts";
import { chunksOf } from "./bytes.ts";
import { blobEntry, type Entry, type LeftOut, safeName, tooManyEntries } from "./entry.ts";
import type { ArchiveBudget } from "./limits.ts";
import { RowProblem } from "./problem.ts";

const BLOCK = 512;
/** Extended headers hold a name and a few numbers. */
const MAX_EXTENDED_HEADER = 2 ** 20;
const text = new TextDecoder();

function field(block: Uint8Array, start: number, length: number): string {
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Octal digits, or big-endian base 256 when the top bit is set (GNU, files over 8 GiB). NaN if neither. */
function numberField(block: Uint8Array, start: number, length: number): number {
  if ((block[start]! & 0x80) === 0) {
    const digits = field(block, start, length).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
  }
  let value = block[start]! & 0x7f;
  for (let i = 1; i < length; i++) value = value * 256 + block[start + i]!;
  return value;
}

/** True if the header's checksum holds: the sum of its bytes with the checksum field read as spaces. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i]!;
  return sum > 8 * 32 && sum === numberField(block, 148, 8);
}

/** "27 path=images/long name.jpg\n" records; the length counts the whole record in bytes. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  let offset = 0;
  while (offset < bytes.length && bytes[offset] !== 0) {
    const space = bytes.indexOf(32, offset);
    const length = Number(text.decode(bytes.subarray(offset, space < 0 ? offset : space)));
    if (!Number.isInteger(length) || length <= space - offset + 1 || offset + length > bytes.length) break;
    const record = text.decode(bytes.subarray(space + 1, offset + length - 1));
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    offset += length;
  }
  return records;
}

/**
 * Entries in archive order, and what was left out (links, unsafe names, a cut-off end).
 * Throws TabTuneError "bad-dataset" when the first header is not a tar header or there are too many entries.
 */
export async function tarEntries(
  path: string,
  blob: ByteSource,
  budget: ArchiveBudget,
): Promise<{ entries: Entry[]; leftOut: LeftOut[] }> {
  const entries: Entry[] = [];
  const leftOut: LeftOut[] = [];
  const archive = { path, kind: "tar" } as const;
  const read = async (start: number, length: number) =>
    new Uint8Array(await blob.slice(start, start + length).arrayBuffer());
  let ended = false;
  const lost = (words: string) => {
    ended = true;
    leftOut.push({ path, problem: new RowProblem("broken-part", `${path} ${words}`) });
  };
  const cutOff = (where: number) => lost(`is damaged or cut off at byte ${where}; what follows is lost.`);

  let extended = new Map<string, string>();
  let headers = 0;
  for (let offset = 0; offset < blob.size; ) {
    const block = await read(offset, BLOCK);
    if (block.every((byte) => byte === 0)) {
      ended = true;
      const more = await firstByte(blob, offset);
      if (more !== undefined)
        lost(`has the mark of its end at byte ${offset} and goes on at byte ${more}; what follows is lost.`);
      break;
    }
    if (!isTarHeader(block)) {
      if (headers === 0) {
        throw new TabTuneError(
          "bad-dataset",
          `${path} is not a tar archive.`,
          "Check that the file is complete, or drop the unpacked folder.",
        );
      }
      cutOff(offset);
      break;
    }
    headers += 1;
    if (--budget.entries < 0) throw tooManyEntries(path);
    const size = Number(extended.get("size") ?? numberField(block, 124, 12));
    const start = offset + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > blob.size) {
      cutOff(offset);
      break;
    }
    offset = start + Math.ceil(size / BLOCK) * BLOCK;

    const kind = String.fromCharCode(block[156]!);
    if (kind === "x" || kind === "L") {
      if (size > MAX_EXTENDED_HEADER) {
        cutOff(start);
        break;
      }
      const bytes = await read(start, size);
      if (kind === "x") extended = new Map([...extended, ...paxRecords(bytes)]);
      else extended.set("path", field(bytes, 0, size));
      continue;
    }
    if (kind === "g" || kind === "K") continue;
    const prefix = field(block, 257, 5) === "ustar" ? field(block, 345, 155) : "";
    const short = field(block, 0, 100);
    const name = extended.get("path") ?? (prefix === "" ? short : `${prefix}/${short}`);
    extended = new Map();
    if (kind === "5") continue;
    try {
      const inside = safeName(name);
      if (kind !== "0" && kind !== "\0" && kind !== "7") {
        throw new RowProblem("not-a-file", `The archive entry "${inside}" is a link or device and is left out.`);
      }
      entries.push(blobEntry(`${path}/${inside}`, blob.slice(start, start + size), archive));
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      leftOut.push({ path, problem: error });
    }
  }
  if (!ended) lost("has no mark of its end: it may be cut off, and what follows lost.");
  return { entries, leftOut };
}

/** Where something other than zeros stands from `start` on; undefined where there is nothing else. */
async function firstByte(blob: ByteSource, start: number): Promise<number | undefined> {
  let at = start;
  for await (const chunk of chunksOf(blob.slice(start).stream())) {
    const found = chunk.findIndex((byte) => byte !== 0);
    if (found >= 0) return at + found;
    at += chunk.length;
  }
  return undefined;
}
