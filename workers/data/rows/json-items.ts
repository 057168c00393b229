/**
 * A JSON file as its records, without ever holding the file: the items of one top-level array (LLaVA's 1 GB files), or
 * values written one after the other. Only the structure is followed here (strings, brackets); each record's own bytes
 * then go through JSON.parse, so that a record that is broken inside costs one row.
 */
import { textChunksOf } from "./bytes.ts";
import { BACKSLASH, COMMA, isClosing, isOpening, QUOTE } from "./json-bytes.ts";
import { isBlank, isSpace, type RawRecord, recordBuffer } from "./raw.ts";

/** Records of `stream`; `place` is "item 3" (from 1). Bytes over `limit` are cut, with `tooLong` set. */
export async function* jsonItemsOf(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<RawRecord> {
  const buffer = recordBuffer(limit);
  let base: number | undefined; // depth at which records lie: 1 inside an array, 0 for bare values; unknown until the first byte
  let depth = 0;
  let inString = false;
  let escaped = false;
  let item = 0;
  let ended = false;
  const take = (): RawRecord => ({ place: `item ${++item}`, ...buffer.take() });

  for await (const chunk of textChunksOf(stream)) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (base === undefined) {
        if (isSpace(byte)) continue;
        base = byte === 0x5b ? 1 : 0;
        start = i + base;
        if (base === 1) {
          depth = 1;
          continue;
        }
      }
      if (ended && !isSpace(byte)) {
        yield {
          place: `item ${++item}`,
          bytes: chunk.slice(i, i + 800),
          tooLong: false,
          broken: "There is text after the end of the array.",
        };
        return;
      }
      if (byte === QUOTE) inString = true;
      else if (isOpening(byte)) depth += 1;
      else if (isClosing(byte)) depth -= 1;
      const arrayEnds = base === 1 && depth === 0;
      const valueEnds = base === 0 && depth <= 0 && isClosing(byte);
      if (arrayEnds || valueEnds || (byte === COMMA && depth === base)) {
        buffer.add(chunk.subarray(start, valueEnds ? i + 1 : i));
        start = i + 1;
        depth = valueEnds ? 0 : depth;
        ended = arrayEnds;
        const record = take();
        if (isBlank(record.bytes)) item -= 1;
        else yield record;
      }
    }
    if (base !== undefined && !ended) buffer.add(chunk.subarray(start));
  }
  const last = take();
  if (base === 1 && !ended) yield { ...last, broken: "The file ends in the middle of its array." };
  else if (!isBlank(last.bytes)) yield last;
}
