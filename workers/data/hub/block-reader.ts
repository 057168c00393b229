/**
 * Reads a file of a hub by ranges that are worth a request: small reads take whole blocks, large ones go in pieces that are kept as they
 * come, and no block is fetched twice while it is kept, in memory for a while and in a cache for good.
 */
import { eachOf } from "../../each-of.ts";
import { checkRange, type RangeReader } from "../../storage/range-reader.ts";

/** Bytes [start, end) of a file, as they were fetched. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where ranges of one file are kept between visits. */
export interface KeptRanges {
  /** What is there already. */
  ranges: readonly ByteRange[];
  /** Undefined when it is no longer there. */
  read(range: ByteRange): Promise<Uint8Array | undefined>;
  /** Resolves to whether it was kept. */
  keep(range: ByteRange, bytes: Uint8Array): Promise<boolean>;
}

/** Ranges that were used last, over the files of a data set. The oldest go when they pass `most` bytes. */
export interface RecentRanges {
  get(key: string): Uint8Array | undefined;
  /** `onGone` is called when it is dropped. */
  set(key: string, bytes: Uint8Array, onGone: () => void): void;
}

export function recentRanges(most: number): RecentRanges {
  const entries = new Map<string, { bytes: Uint8Array; onGone: () => void }>();
  let held = 0;
  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    held -= entry.bytes.length;
    entry.onGone();
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      // A Map keeps insertion order: the first is the oldest.
      entries.delete(key);
      entries.set(key, entry);
      return entry.bytes;
    },
    set(key, bytes, onGone) {
      drop(key);
      entries.set(key, { bytes, onGone });
      held += bytes.length;
      while (held > most) drop(entries.keys().next().value!);
    },
  };
}

export interface BlockSizes {
  /** Ranges begin and end at multiples of it, or with the file. */
  block: number;
  /** Of one request at most: what a cut connection costs. */
  piece: number;
}

/** A request takes about as long as a block on a usual line; a piece is a second or less of a good one. */
const defaultSizes: BlockSizes = { block: 128 * 1024, piece: 4 * 2 ** 20 };
/** Requests for one read at a time. */
const AT_ONCE = 4;

/** A reader of `remote` that fetches what neither `kept` nor `recent` has. `key` names the file in `recent`. */
export function blockReader(
  remote: RangeReader,
  key: string,
  recent: RecentRanges,
  kept?: KeptRanges,
  { block, piece }: BlockSizes = defaultSizes,
): RangeReader {
  const { size } = remote;
  /** What can be had without a request, and whether it outlives memory. */
  const ranges = new Map<number, ByteRange & { kept: boolean }>();
  // Two tabs may have kept ranges of one start.
  for (const range of kept?.ranges ?? [])
    if (range.end > (ranges.get(range.start)?.end ?? 0)) ranges.set(range.start, { ...range, kept: true });
  /** One read after the other: two that need one block fetch it once. */
  let queue: Promise<unknown> = Promise.resolve();

  function remember(range: ByteRange & { kept: boolean }, bytes: Uint8Array): void {
    ranges.set(range.start, range);
    recent.set(`${key} ${range.start}`, bytes, () => {
      if (!range.kept && ranges.get(range.start) === range) ranges.delete(range.start);
    });
  }

  async function load(range: ByteRange & { kept: boolean }): Promise<Uint8Array | undefined> {
    const held = recent.get(`${key} ${range.start}`);
    if (held?.length === range.end - range.start) return held;
    const bytes = range.kept ? await kept?.read(range) : undefined;
    if (bytes) remember(range, bytes);
    // It was deleted meanwhile: fetched again.
    else if (ranges.get(range.start) === range) ranges.delete(range.start);
    return bytes;
  }

  async function fetched(range: ByteRange): Promise<Uint8Array> {
    const bytes = await remote.read(range.start, range.end);
    remember({ ...range, kept: (await kept?.keep(range, bytes)) ?? false }, bytes);
    return bytes;
  }

  async function readNow(start: number, end: number): Promise<Uint8Array> {
    const out = new Uint8Array(end - start);
    const copy = (range: ByteRange, bytes: Uint8Array): void => {
      const [from, to] = [Math.max(start, range.start), Math.min(end, range.end)];
      out.set(bytes.subarray(from - range.start, to - range.start), from - start);
    };
    const have: ByteRange[] = [];
    for (const range of [...ranges.values()].filter((one) => one.start < end && one.end > start)) {
      const bytes = await load(range);
      if (!bytes) continue;
      copy(range, bytes);
      have.push(range);
    }
    const span = { start: start - (start % block), end: Math.min(size, Math.ceil(end / block) * block) };
    const wanted = gapsIn(span, have)
      // A block at an edge that is not read itself stays where it is.
      .filter((gap) => gap.start < end && gap.end > start)
      .flatMap((gap) => piecesOf(gap, piece));
    await eachOf(wanted, AT_ONCE, async (range) => copy(range, await fetched(range)));
    return out;
  }

  return {
    size,
    read(start, end) {
      checkRange(start, end, size);
      const mine = queue.then(() => readNow(start, end));
      queue = mine.catch(() => undefined); // told to whoever asked
      return mine;
    },
  };
}

/** What of `span` lies in none of `ranges`. */
function gapsIn(span: ByteRange, ranges: readonly ByteRange[]): ByteRange[] {
  const gaps: ByteRange[] = [];
  let at = span.start;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    if (start > at) gaps.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < span.end) gaps.push({ start: at, end: span.end });
  return gaps;
}

function piecesOf({ start, end }: ByteRange, most: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let at = start; at < end; at += most) pieces.push({ start: at, end: Math.min(end, at + most) });
  return pieces;
}
