/** A disk that is full: the browser lends the site a little, and something else of the site's fills it up. */
import type { Page } from "@playwright/test";
import { quotaOf } from "../fault-points.ts";

/** Bytes beyond what lies there: some forty checkpoints of the demo model. */
const LENT = 64e6;

/** Of each page: the browser's word ends with its session. */
const quotas = new WeakMap<Page, Awaited<ReturnType<typeof quotaOf>>>();

/**
 * Lends the page's site `LENT` bytes more than it has, from now on. Chromium goes by the room that it found for half a minute: this has to be
 * said before the disk is to be full, once a page.
 */
export async function lend(page: Page): Promise<void> {
  const quota = quotas.get(page) ?? (await quotaOf(page));
  quotas.set(page, quota);
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await quota(usage + LENT);
}

/** Writes until the browser refuses 16 kB. Returns the bytes that found room. */
export const fill = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const opening = indexedDB.open("ballast", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("ballast", { autoIncrement: true });
    const database = await new Promise<IDBDatabase>((resolve) => {
      opening.onsuccess = () => resolve(opening.result);
    });
    const write = (bytes: number): Promise<boolean> =>
      new Promise((resolve) => {
        const value = new Uint8Array(bytes);
        // What compresses well takes less than it says.
        for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(value.subarray(at, at + 65_536));
        const transaction = database.transaction("ballast", "readwrite");
        transaction.objectStore("ballast").add(value);
        transaction.oncomplete = () => resolve(true);
        transaction.onabort = () => resolve(false);
      });
    let written = 0;
    for (let size = 4 << 20; size >= 16 << 10; size /= 4) while (await write(size)) written += size;
    database.close();
    return written;
  });

/** Takes away what filled the disk. */
export async function free(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase("ballast");
        deleting.onsuccess = () => resolve();
        deleting.onerror = () => reject(deleting.error);
      }),
  );
  // Chromium counts what was deleted until it has tidied up.
  await lend(page);
}
