/**
 * Pictures prepared by several threads: decoding and resizing is most of what a row costs. A picture that nobody has vetted may make
 * its decoder hang or die; that costs the picture, and its thread is replaced.
 */
import { reportOf, TabTuneError } from "../../errors.ts";
import { type WorkerLike, withWatchdog } from "../../watchdog.ts";
import type { PictureFormat, PreparedImage } from "./format.ts";
import { prepareImage } from "./prepare-image.ts";
import { badImage } from "./probe.ts";

/** How pictures are prepared: by a pool, or by whoever asks. */
export interface PicturePool {
  /** Pictures that are prepared at once. */
  readonly size: number;
  /**
   * Encoded picture -> cropped pixels. `several`: it is not the only one of its row.
   * @throws TabTuneError "bad-image" (also of a picture over which a thread hung or died), "image-too-large"; "internal" where no
   *   thread can be started; "cancelled" after `dispose`
   */
  prepare(bytes: Uint8Array, several?: boolean): Promise<PreparedImage>;
  /** Ends idle threads at once, the others after the picture they are at. */
  dispose(): void;
}

/** A thread that prepares one picture after the other. */
export interface PictureThread {
  worker: WorkerLike;
  /** The bytes stay the caller's. Rejects with an `ErrorReport`; not at all where the thread dies. */
  prepare(bytes: Uint8Array, several?: boolean): Promise<PreparedImage>;
}

/**
 * A picture of 64 million pixels takes three seconds. Shorter than the page's patience with the data reader (src/page/workers.ts),
 * which is silent while it waits.
 */
const SILENCE_MS = 15_000;

/** In the caller's own thread, one by one. */
export const picturesHere = (format: PictureFormat): PicturePool => ({
  size: 1,
  prepare: (bytes, several) => prepareImage(bytes, format, several),
  dispose: () => {},
});

/** Threads for a machine of `cores`: one core is left to the page, but one thread alone would be a pool of none. */
export const threadsFor = (cores: number): number => Math.max(2, Math.min(8, cores - 1));

/** @param open starts a thread; called when a picture finds none idle. Its rejection is thrown on: it is no fault of the picture. */
export function openPicturePool(size: number, open: () => Promise<PictureThread>): PicturePool {
  // The place used last is taken first: a drop of few pictures starts few threads.
  const free = Array.from({ length: size }, (): Place => ({}));
  const waiting: ((place: Place) => void)[] = [];
  let isDisposed = false;
  const take = async (): Promise<Place> => free.pop() ?? new Promise((resolve) => waiting.push(resolve));
  const give = (place: Place): void => {
    if (isDisposed) end(place);
    const next = waiting.shift();
    if (next) next(place);
    else free.push(place);
  };
  return {
    size,
    async prepare(bytes, several) {
      const place = await take();
      try {
        if (isDisposed) throw new TabTuneError("cancelled", "Preparing was stopped.", "Prepare the data again.");
        place.thread ??= await open();
        return await prepareAt(place, place.thread, () => place.thread!.prepare(bytes, several));
      } finally {
        give(place);
      }
    },
    dispose() {
      isDisposed = true;
      free.forEach(end);
    },
  };
}

/** Where one picture at a time is prepared: a thread, after its death the next. */
interface Place {
  thread?: PictureThread;
}

function end(place: Place): void {
  place.thread?.worker.terminate();
  delete place.thread;
}

async function prepareAt(
  place: Place,
  { worker }: PictureThread,
  prepare: () => Promise<PreparedImage>,
): Promise<PreparedImage> {
  try {
    return await withWatchdog(worker, prepare, { silenceMs: SILENCE_MS, task: "decoding" });
  } catch (cause) {
    const { code, message, remedy, safe } = reportOf(cause);
    if (code !== "worker-died") throw new TabTuneError(code, message, remedy, safe, { cause });
    // The watchdog has ended it.
    delete place.thread;
    throw badImage(`cannot be decoded: ${message.replace(/\.$/, "")}`, cause);
  }
}
