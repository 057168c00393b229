/**
 * Tables that are no UTF-8 with LF, as Windows, Excel and old Macs write them -> the same file as UTF-8 with LF, and a sentence that says so.
 * UTF-16 is sure by its mark or its zero bytes. An older encoding is taken only for a file that has no UTF-8 sequence beyond ASCII at all:
 * a UTF-8 file with a few broken bytes stays what it is, and its broken records are skipped.
 */
import { chunksOf, concat } from "./bytes.ts";
import type { Entry } from "./entry.ts";

/** So much of a file is looked at; a file whose first foreign byte lies behind it is taken for UTF-8. */
const LOOKED_AT = 64 * 2 ** 20;

export interface TextEntry {
  entry: Entry;
  /** A sentence for the user where the file was not read as it is. */
  note?: string;
}

interface Seen {
  zeros: [even: number, odd: number];
  ascii: number;
  /** Well-formed UTF-8 sequences of several bytes, and bytes that belong to none. */
  sequences: number;
  broken: number;
  /** Bytes from 0x80 on that stand in runs of an even number, and all of them: letters of two bytes stand in pairs. */
  paired: number;
  high: number;
  runs: number;
  /** First bytes of pairs up to 0xC8 (where Korean has its letters), and all. */
  low: number;
  pairs: number;
  /** Bytes that Windows-1252 has no letter for, or that hardly any text has. */
  unlikely: number;
  /** 0xFF: part of no letter in any encoding of letters of two bytes. */
  impossible: number;
  lf: number;
  cr: number;
  head: Uint8Array;
}

async function look(stream: ReadableStream<Uint8Array>): Promise<Seen> {
  const seen: Seen = {
    zeros: [0, 0],
    ascii: 0,
    sequences: 0,
    broken: 0,
    paired: 0,
    high: 0,
    runs: 0,
    low: 0,
    pairs: 0,
    unlikely: 0,
    impossible: 0,
    lf: 0,
    cr: 0,
    head: new Uint8Array(0),
  };
  let at = 0;
  let wanted = 0;
  let run: number[] = [];
  let runLength = 0;
  const endRun = () => {
    if (runLength > 0) seen.runs += 1;
    if (runLength % 2 === 0) {
      seen.paired += runLength;
      for (let i = 0; i < run.length; i += 2) {
        seen.pairs += 1;
        if (run[i]! <= 0xc8) seen.low += 1;
      }
    }
    run = [];
    runLength = 0;
  };
  try {
    for await (const chunk of chunksOf(stream)) {
      if (seen.head.length < 4)
        seen.head = concat([seen.head, chunk.slice(0, 4)], seen.head.length + Math.min(4, chunk.length));
      for (const byte of chunk) {
        if (byte < 0x80) {
          if (byte === 0) seen.zeros[at % 2 === 0 ? 0 : 1] += 1;
          else if (byte === 10) seen.lf += 1;
          else if (byte === 13) seen.cr += 1;
          if (runLength > 0) endRun();
          if (wanted > 0) seen.broken += 1;
          wanted = 0;
        } else {
          seen.high += 1;
          runLength += 1;
          if (run.length < 64) run.push(byte);
          if ([0x81, 0x8d, 0x8f, 0x90, 0x9d, 0xff].includes(byte)) seen.unlikely += 1;
          if (byte === 0xff) seen.impossible += 1;
          const isTail = byte < 0xc0;
          if (wanted > 0 && isTail) {
            wanted -= 1;
            if (wanted === 0) seen.sequences += 1;
          } else {
            if (wanted > 0 || isTail) seen.broken += 1;
            wanted = isTail ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
          }
        }
        at += 1;
      }
      if (at >= LOOKED_AT) break;
    }
  } catch {
    // What cannot be read is told when the rows are read.
  }
  endRun();
  if (wanted > 0 && at < LOOKED_AT) seen.broken += 1;
  seen.ascii = at - seen.high;
  return seen;
}

/** The encoding's label for TextDecoder, and its name for people; undefined for UTF-8 and for what cannot be told. */
function encodingOf(seen: Seen): { label: string; name: string } | undefined {
  const [b0, b1] = seen.head;
  const most = (seen.ascii + seen.high) / 2;
  if (b0 === 0xff && b1 === 0xfe) return { label: "utf-16le", name: "UTF-16" };
  if (b0 === 0xfe && b1 === 0xff) return { label: "utf-16be", name: "UTF-16" };
  if (seen.zeros[1] > most * 0.4 && seen.zeros[0] < most * 0.05) return { label: "utf-16le", name: "UTF-16" };
  if (seen.zeros[0] > most * 0.4 && seen.zeros[1] < most * 0.05) return { label: "utf-16be", name: "UTF-16" };
  // Letters of two bytes stand in words; "Grüße" has a pair in Windows-1252 as well. Some of them look like UTF-8 by chance.
  const isPaired = seen.impossible === 0 && seen.paired >= seen.high * 0.95 && seen.high >= seen.runs * 4;
  if (seen.broken === 0 || seen.sequences > seen.broken * (isPaired ? 2 : 0.25)) return undefined;
  if (isPaired) {
    const korean = seen.pairs >= 20 && seen.low >= seen.pairs * 0.98;
    return korean ? { label: "euc-kr", name: "EUC-KR" } : { label: "gb18030", name: "GBK" };
  }
  // Whole words of such letters are of another alphabet (Windows-1251, KOI8-R), and Western letters are not what they say.
  return seen.unlikely === 0 && seen.high < seen.runs * 3 ? { label: "windows-1252", name: "Windows-1252" } : undefined;
}

/** True for UTF-8 without zero bytes that has line ends of today, by the decoder of the platform: nearly every file. */
async function isUsual(stream: ReadableStream<Uint8Array>): Promise<boolean> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let at = 0;
  let lf = false;
  let cr = false;
  try {
    for await (const chunk of chunksOf(stream)) {
      if (chunk.includes(0)) return false;
      lf ||= chunk.includes(10);
      cr ||= chunk.includes(13);
      try {
        decoder.decode(chunk, { stream: true });
      } catch {
        return false;
      }
      at += chunk.length;
      if (at >= LOOKED_AT) break;
    }
  } catch {
    // What cannot be read is told when the rows are read.
  }
  return lf || !cr;
}

/** A text table as UTF-8 with LF line ends; the same entry where it is so already. */
export async function asUtf8(entry: Entry): Promise<TextEntry> {
  if (await isUsual(entry.stream())) return { entry };
  const seen = await look(entry.stream());
  const encoding = encodingOf(seen);
  const isUtf16 = encoding?.name === "UTF-16";
  const oldMac = !isUtf16 && seen.cr > 0 && seen.lf === 0;
  if (encoding === undefined && !oldMac) return { entry };
  const stream = () => streamOf(rewritten(entry.stream(), encoding?.label ?? "utf-8", oldMac));
  const said = [
    ...(encoding ? [`is not UTF-8 and is read as ${encoding.name}`] : []),
    ...(oldMac ? ["has the line ends of old Macs (CR)"] : []),
  ];
  return {
    entry: { path: entry.path, size: entry.size, archive: entry.archive, stream, blob: () => entry.blob() },
    note: `${entry.path} ${said.join(" and ")}.`,
  };
}

async function* rewritten(
  stream: ReadableStream<Uint8Array>,
  label: string,
  oldMac: boolean,
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(label);
  const encoder = new TextEncoder();
  for await (const chunk of chunksOf(stream)) {
    if (label === "utf-8") {
      // Only the line ends differ; broken bytes stay, so that they cost their records.
      yield oldMac ? chunk.map((byte) => (byte === 13 ? 10 : byte)) : chunk;
      continue;
    }
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") yield encoder.encode(oldMac ? text.replaceAll("\r", "\n") : text);
  }
  const rest = label === "utf-8" ? "" : decoder.decode();
  if (rest !== "") yield encoder.encode(rest);
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}
