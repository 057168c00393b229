/**
 * The members of one top-level JSON object, without ever holding the file: each value whole, or, where it is a list, item by item.
 * Beside `jsonItemsOf`, which follows arrays and values one after the other. Only the structure is followed.
 */
import { decodeLoosely, textChunksOf } from "./bytes.ts";
import { BACKSLASH, COLON, COMMA, isClosing, isOpening, QUOTE } from "./json-bytes.ts";
import { parseLoosely } from "./loose-json.ts";
import { isBlank, isSpace, recordBuffer } from "./raw.ts";

export interface Member {
  key: string;
  /** Undefined for a value that is no list; 0 where a list begins (no bytes); its items from 1. */
  item?: number;
  bytes: Uint8Array;
  tooLong: boolean;
  /** Set on the last one where the file ends too early. */
  broken?: string;
}

type Phase = "before" | "key" | "colon" | "value" | "list" | "after" | "ended";

/** Thrown where something follows the object: the file is no single object. */
export class NotOneObject extends Error {}

/** Members of the object that `stream` is. Bytes over `limit` are cut, with `tooLong` set. Throws NotOneObject. */
export async function* jsonMembersOf(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<Member> {
  const buffer = recordBuffer(limit);
  let phase = "before" as Phase;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let key = "";
  let item = 0;
  for await (const chunk of textChunksOf(stream)) {
    let start = 0;
    const take = (end: number) => {
      buffer.add(chunk.subarray(start, end));
      start = end + 1;
      return buffer.take();
    };
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (phase === "colon") {
        if (isSpace(byte)) continue;
        start = i;
        phase = "value";
        if (byte === 0x5b) {
          phase = "list";
          depth = 2;
          item = 0;
          start = i + 1;
          yield { key, item, bytes: new Uint8Array(0), tooLong: false };
          continue;
        }
      }
      if (phase === "before" || phase === "ended") {
        if (isSpace(byte)) continue;
        if (phase === "ended" || byte !== 0x7b) throw new NotOneObject();
        phase = "key";
        depth = 1;
        start = i + 1;
        continue;
      }
      if (byte === QUOTE) inString = true;
      else if (isOpening(byte)) depth += 1;
      else if (isClosing(byte)) depth -= 1;
      if (phase === "key" && byte === COLON && depth === 1) {
        key = keyOf(take(i).bytes);
        phase = "colon";
      } else if (phase === "value" && (depth === 0 || (depth === 1 && byte === COMMA))) {
        yield { key, ...take(i) };
        phase = "key";
      } else if (phase === "list" && (depth === 1 || (depth === 2 && byte === COMMA))) {
        const record = take(i);
        if (!isBlank(record.bytes)) yield { key, item: ++item, ...record };
        if (depth === 1) phase = "after";
      } else if (phase === "after" && byte === COMMA) {
        phase = "key";
        start = i + 1;
      }
      if (depth === 0) {
        buffer.take();
        phase = "ended";
      }
    }
    if (phase === "key" || phase === "value" || phase === "list") buffer.add(chunk.subarray(start));
  }
  if (phase === "ended" || phase === "before") return;
  const broken = "The file ends in the middle of its object.";
  yield { key, ...(phase === "list" ? { item: item + 1 } : {}), ...buffer.take(), broken };
}

function keyOf(bytes: Uint8Array): string {
  const text = decodeLoosely(bytes).trim();
  try {
    return String(parseLoosely(text));
  } catch {
    return text;
  }
}
