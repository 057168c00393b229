/**
 * The store in IndexedDB. idb-keyval does the requests; the connection is ours, because a checkpoint needs what idb-keyval's own
 * does not offer: `durability: "strict"`, a put that fails after an earlier one must abort the transaction, quota errors must be
 * told apart, and a database that the browser evicted or another tab upgraded must not be reopened empty behind a run's back.
 *
 * A put may succeed and its transaction still abort for quota: only `oncomplete` counts (W3C IndexedDB, section 5.4).
 */
import { delMany, get, promisifyRequest, type UseStore } from "idb-keyval";
import { TabTuneError, wordsOf } from "../errors.ts";
import { type Durability, describeEntries, orStorageFull, type Store, storeClosed } from "./store.ts";

const tableName = "values";

/**
 * Opens (or creates) the database `name`. After an eviction or a version change every call throws, until a new store is opened.
 * `factory` is for tests.
 */
export async function openIdbStore(name: string, factory: IDBFactory = indexedDB): Promise<Store> {
  const database = await openDatabase(name, factory);
  let ended: TabTuneError | undefined;
  database.onclose = () => {
    ended ??= new TabTuneError(
      "internal",
      "The browser closed this site's storage: it was cleared, or evicted to free disk space.",
      "Reload the page; free disk space first if it is short.",
      "What is in memory goes on; runs and models that were stored may be gone.",
    );
  };
  database.onversionchange = () => {
    // Without closing, the other tab would wait for ever.
    database.close();
    ended ??= new TabTuneError(
      "internal",
      "Another tab upgraded or deleted this site's storage, so this tab let go of it.",
      "Reload this tab.",
      "Complete checkpoints are kept unless the other tab deleted them.",
    );
  };

  const use =
    (durability: Durability): UseStore =>
    async (mode, callback) => {
      if (ended) throw ended;
      try {
        return await callback(database.transaction(tableName, mode, { durability }).objectStore(tableName));
      } catch (error) {
        throw ended ?? error; // an eviction shows in whatever was under way as a nameless abort
      }
    };

  return {
    get: (key) => get<Uint8Array>(key, use("relaxed")),
    async set(entries, durability) {
      if (entries.length === 0) return;
      await orStorageFull(describeEntries(entries), () =>
        use(durability)("readwrite", (table) => {
          const complete = completion(table.transaction);
          try {
            for (const [key, bytes] of entries) table.put(ownBytes(bytes), key);
          } catch (error) {
            complete.catch(() => undefined); // the abort below is told by the error thrown here
            table.transaction.abort();
            throw error;
          }
          return complete;
        }),
      );
    },
    delete: (keys) => (keys.length === 0 ? Promise.resolve() : delMany(keys, use("relaxed"))),
    async keys(prefix) {
      const keys = await use("relaxed")("readonly", (table) =>
        promisifyRequest(table.getAllKeys(IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
      );
      return (keys as string[]).filter((key) => key.startsWith(prefix));
    },
    close() {
      ended ??= storeClosed();
      database.close();
    },
  };
}

async function openDatabase(name: string, factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(tableName);
  try {
    return await orStorageFull("this site's database", () => promisifyRequest(request));
  } catch (error) {
    if (error instanceof TabTuneError) throw error;
    throw new TabTuneError(
      "internal",
      `The browser would not open this site's storage (${wordsOf(error)}).`,
      "Allow the site to store data (private windows may forbid it), then reload.",
      "",
      { cause: error },
    );
  }
}

/** Resolves when the transaction is complete, rejects with the reason of its abort. */
function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    let requestError: unknown;
    transaction.onerror = (event) => {
      requestError = (event.target as IDBRequest).error;
    };
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(
        transaction.error ?? requestError ?? new Error("The browser aborted a storage transaction without a reason."),
      );
  });
}

/** The structured clone of a view copies its whole buffer: cut it first. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
