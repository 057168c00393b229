/** A text file as lines, one at a time: JSONL. Ends: LF or CRLF. Blank lines are not rows. */
import { textChunksOf } from "./bytes.ts";
import { isBlank, type RawRecord, recordBuffer } from "./raw.ts";

/**
 * Lines of `stream`; `place` is "line 12" (from 1, blank lines counted). The CR of a CRLF stays: JSON takes it as space.
 * A line over `limit` bytes comes cut, with `tooLong` set; reading goes on behind it.
 */
export async function* linesOf(stream: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<RawRecord> {
  const buffer = recordBuffer(limit);
  let line = 0;
  const take = (): RawRecord => ({ place: `line ${++line}`, ...buffer.take() });
  for await (const chunk of textChunksOf(stream)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      buffer.add(chunk.subarray(start, end));
      start = end + 1;
      const record = take();
      if (!isBlank(record.bytes)) yield record;
    }
    buffer.add(chunk.subarray(start));
  }
  const last = take();
  if (!isBlank(last.bytes)) yield last;
}
