/** A store that lives in a Map: the reference of the conformance test, and what other tests write to. */
import { describeEntries, type Store, storageFull, storeClosed } from "./store.ts";

/**
 * An empty store. `quotaBytes` bounds the sum of all values: a `set` that would pass it fails as a full disk does,
 * leaving everything as it was.
 */
export function memoryStore(options: { quotaBytes?: number } = {}): Store {
  const { quotaBytes = Number.POSITIVE_INFINITY } = options;
  let values = new Map<string, Uint8Array>();
  let closed = false;
  const open = () => {
    if (closed) throw storeClosed();
  };
  return {
    async get(key) {
      open();
      return values.get(key)?.slice();
    },
    async set(entries) {
      open();
      const next = new Map(values);
      for (const [key, bytes] of entries) next.set(key, bytes.slice());
      let total = 0;
      for (const bytes of next.values()) total += bytes.byteLength;
      if (total > quotaBytes) throw storageFull(describeEntries(entries), undefined);
      values = next;
    },
    async delete(keys) {
      open();
      for (const key of keys) values.delete(key);
    },
    async keys(prefix) {
      open();
      return [...values.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
    close() {
      closed = true;
    },
  };
}
