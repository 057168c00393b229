/** What the dataset worker has open: the browser's stores. */
import { openPageStore } from "../engine/page-store.ts";
import { RANGES_DIRECTORY } from "../engine/storage-names.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import type { Store } from "../storage/store.ts";

let opened: Promise<Store> | undefined;
export const store = (): Promise<Store> => {
  opened ??= openPageStore().catch((error: unknown) => {
    // Whoever asks next tries again.
    opened = undefined;
    throw error;
  });
  return opened;
};

let ranges: Promise<FileCache> | undefined;
/** Ranges of files of a hub. */
export const rangeCache = (): Promise<FileCache> => {
  ranges ??= openOpfsCache(RANGES_DIRECTORY);
  return ranges;
};

/** Calls `then` ten times a second at most: progress that is reported row by row would cost more than the rows. */
export function sparingly<A extends unknown[]>(then: (...args: A) => void): (...args: A) => void {
  let reported = 0;
  return (...args) => {
    const time = performance.now();
    if (time - reported < 100) return;
    reported = time;
    then(...args);
  };
}
