/**
 * Reads a file of a hub by ranges that are worth a request: small reads take whole blocks, large ones go in pieces that are kept as they
 * come, and no block is fetched twice while it is kept, in memory for a while and in a cache for good.
 */
import { checkRange, type RangeReader } from "../../storage/range-reader.ts";

/** Bytes [start, end) of a file, as they were fetched. */
export interface Run {
  start: number;
  end: number;
}

/** Where runs of one file are kept between visits. */
export interface KeptRuns {
  /** What is there already. */
  runs: readonly Run[];
  /** Undefined when it is no longer there. */
  read(run: Run): Promise<Uint8Array | undefined>;
  /** Resolves to whether it was kept. */
  keep(run: Run, bytes: Uint8Array): Promise<boolean>;
}

/** Runs that were used last, over the files of a data set. The oldest go when they pass `most` bytes. */
export interface RecentRuns {
  get(key: string): Uint8Array | undefined;
  /** `onGone` is called when it is dropped. */
  set(key: string, bytes: Uint8Array, onGone: () => void): void;
}

export function recentRuns(most: number): RecentRuns {
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
  /** Runs begin and end at multiples of it, or with the file. */
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
  recent: RecentRuns,
  kept?: KeptRuns,
  { block, piece }: BlockSizes = defaultSizes,
): RangeReader {
  const { size } = remote;
  /** What can be had without a request, and whether it outlives memory. */
  const runs = new Map<number, Run & { kept: boolean }>();
  for (const run of kept?.runs ?? []) runs.set(run.start, { ...run, kept: true });
  /** One read after the other: two that need one block fetch it once. */
  let queue: Promise<unknown> = Promise.resolve();

  function remember(run: Run & { kept: boolean }, bytes: Uint8Array): void {
    runs.set(run.start, run);
    recent.set(`${key} ${run.start}`, bytes, () => {
      if (!run.kept && runs.get(run.start) === run) runs.delete(run.start);
    });
  }

  async function load(run: Run & { kept: boolean }): Promise<Uint8Array | undefined> {
    const held = recent.get(`${key} ${run.start}`);
    if (held?.length === run.end - run.start) return held;
    const bytes = run.kept ? await kept?.read(run) : undefined;
    if (bytes) remember(run, bytes);
    // It was deleted meanwhile: fetched again.
    else if (runs.get(run.start) === run) runs.delete(run.start);
    return bytes;
  }

  async function fetched(run: Run): Promise<Uint8Array> {
    const bytes = await remote.read(run.start, run.end);
    remember({ ...run, kept: (await kept?.keep(run, bytes)) ?? false }, bytes);
    return bytes;
  }

  async function readNow(start: number, end: number): Promise<Uint8Array> {
    const out = new Uint8Array(end - start);
    const copy = (run: Run, bytes: Uint8Array): void => {
      const [from, to] = [Math.max(start, run.start), Math.min(end, run.end)];
      out.set(bytes.subarray(from - run.start, to - run.start), from - start);
    };
    const have: Run[] = [];
    for (const run of [...runs.values()].filter((one) => one.start < end && one.end > start)) {
      const bytes = await load(run);
      if (!bytes) continue;
      copy(run, bytes);
      have.push(run);
    }
    const span = { start: start - (start % block), end: Math.min(size, Math.ceil(end / block) * block) };
    const wanted = gapsIn(span, have)
      // A block at an edge that is not read itself stays where it is.
      .filter((gap) => gap.start < end && gap.end > start)
      .flatMap((gap) => piecesOf(gap, piece));
    await eachOf(wanted, AT_ONCE, async (run) => copy(run, await fetched(run)));
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

/** What of `span` lies in none of `runs`. */
function gapsIn(span: Run, runs: readonly Run[]): Run[] {
  const gaps: Run[] = [];
  let at = span.start;
  for (const { start, end } of runs.toSorted((a, b) => a.start - b.start)) {
    if (start > at) gaps.push({ start: at, end: start });
    at = Math.max(at, end);
  }
  if (at < span.end) gaps.push({ start: at, end: span.end });
  return gaps;
}

function piecesOf({ start, end }: Run, most: number): Run[] {
  const pieces: Run[] = [];
  for (let at = start; at < end; at += most) pieces.push({ start: at, end: Math.min(end, at + most) });
  return pieces;
}

/** Calls `work` for each item, `atOnce` at a time. The first error ends it, after those under way. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined && !failed; item = rest.shift()) {
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
