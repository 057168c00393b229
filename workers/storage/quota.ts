/** What may be kept of things that can be made again. */

/** `bytes`, or a quarter of what this site may store where that is less; on Node, which has no such limit, `bytes`. */
export async function withinQuota(bytes: number): Promise<number> {
  const estimate = await globalThis.navigator?.storage?.estimate?.();
  return Math.min(bytes, (estimate?.quota ?? Number.POSITIVE_INFINITY) / 4);
}

/** Bytes that this site may still store, as the browser guesses; unbounded on Node. */
export async function freeBytes(): Promise<number> {
  const estimate = await globalThis.navigator?.storage?.estimate?.();
  if (estimate?.quota === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(0, estimate.quota - (estimate.usage ?? 0));
}
