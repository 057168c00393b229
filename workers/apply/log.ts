/** The answers of a job as they come: written block by block, and at least once a second, so that whatever ends the job costs no more. */
import { sealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import {
  BLOCK_ROWS,
  blockKey,
  type JobEntry,
  type JobProgress,
  progressKey,
  readEntries,
  readProgress,
} from "./job.ts";

const WRITE_EVERY_MS = 1000;

export interface JobLog {
  /** All so far. */
  readonly entries: readonly JobEntry[];
  readonly progress: JobProgress;
  /** How many of the job's rows have an answer or a fault. */
  readonly done: number;
  /** Answers that were stored and could not be read: their rows are answered again. */
  readonly lost: number;
  /** Resolves when it is kept, or waits to be. Throws TabTuneError "storage-full". */
  add(entry: JobEntry, seconds?: number): Promise<void>;
  /** Writes what waits. */
  flush(): Promise<void>;
}

/** Whether the row was answered. */
export const isAnswered = (entry: JobEntry): entry is Extract<JobEntry, { answered: unknown }> => "answered" in entry;

const isCut = (entry: JobEntry): boolean => isAnswered(entry) && entry.answered.stopped !== "eos";
const countOf = (entries: readonly JobEntry[], holds: (entry: JobEntry) => boolean): number =>
  entries.reduce((sum, entry) => sum + (holds(entry) ? 1 : 0), 0);

/** Opens the answers of job `id`; what lies behind a damaged block is removed. */
export async function openLog(store: Store, id: string, now: () => number = () => performance.now()): Promise<JobLog> {
  const { entries, sizes, lost: lostBlocks } = await readEntries(store, id);
  await store.delete(lostBlocks);
  const before = await readProgress(store, id);
  const lost = Math.max(0, before.answered + before.unanswered - entries.length);
  const answered = countOf(entries, isAnswered);
  let progress: JobProgress = {
    ...before,
    answered,
    unanswered: entries.length - answered,
    cut: countOf(entries, isCut),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
  let done = countOf(entries, ({ position }) => position !== null);
  /** Entries in the store. */
  let written = entries.length;
  let writtenAt = now();

  async function flush(): Promise<void> {
    const from = Math.floor(written / BLOCK_ROWS);
    const upTo = entries.length;
    if (upTo === written) return;
    const blocks: [string, Uint8Array][] = [];
    let bytes = progress.bytes;
    for (let n = from; n * BLOCK_ROWS < upTo; n++) {
      const block = await sealJson(entries.slice(n * BLOCK_ROWS, Math.min((n + 1) * BLOCK_ROWS, upTo)));
      bytes += block.length - (sizes[n] ?? 0);
      sizes[n] = block.length;
      blocks.push([blockKey(id, n), block]);
    }
    progress = { ...progress, bytes };
    await store.set([...blocks, [progressKey(id), await sealJson(progress)]], "relaxed");
    written = upTo;
    writtenAt = now();
  }

  return {
    entries,
    get progress() {
      return progress;
    },
    get done() {
      return done;
    },
    lost,
    async add(entry, seconds = 0) {
      entries.push(entry);
      if (entry.position !== null) done += 1;
      progress = {
        ...progress,
        answered: progress.answered + (isAnswered(entry) ? 1 : 0),
        unanswered: progress.unanswered + (isAnswered(entry) ? 0 : 1),
        cut: progress.cut + (isCut(entry) ? 1 : 0),
        seconds: progress.seconds + seconds,
      };
      if (entries.length % BLOCK_ROWS === 0 || now() - writtenAt >= WRITE_EVERY_MS) await flush();
    },
    flush,
  };
}
