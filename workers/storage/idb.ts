/**
 * The store in IndexedDB. idb-keyval does the requests; the connection is ours, because a checkpoint needs what idb-keyval's own
 * does not offer: `durability: "strict"`, a put that fails after an earlier one must abort the transaction, quota errors must be
 * told apart, and a database that the browser evicted or another tab upgraded must not be reopened empty behind a run's back.
 *
 * A put may succeed and its transaction still abort for quota: only `oncomplete` counts (W3C IndexedDB, section 5.4).
 */
import { delMany, get, promisifyRequest, type UseStore } from "idb-keyval";
import { TabTuneError, wordsOf } from "../errors.ts";
import { migrate, STORE_VERSION } from "./migrations.ts";
import { type Durability, describeEntries, orStorageFull, type Store, storeClosed } from "./store.ts";

const tableName = "values";

/** How long another tab may take to let go of the database before it is upgraded. */
const BLOCKED_MS = 3000;

/**
 * Opens (or creates) the database `name`, upgraded to the layout of today (migrations.ts): pages of an earlier layout let go of it then,
 * and none of them opens it again, so that no two layouts are ever written to one store. After an eviction or a version change every call throws, until a new store is opened.
 * `factory` is for tests.
 */
export async function openIdbStore(name: string, factory: IDBFactory = indexedDB): Promise<Store> {
  const database = await openDatabase(name, factory);
  let ended: TabTuneError | undefined;
  database.onclose = () => {
    ended ??= new TabTuneError(
      "storage-gone",
      "The browser closed this site's storage: it was cleared, or evicted to free disk space.",
      "Reload the page; free disk space first if it is short.",
      "What is in memory goes on; runs and models that were stored may be gone.",
    );
  };
  database.onversionchange = () => {
    // Without closing, the other tab would wait for ever.
    database.close();
    ended ??= new TabTuneError(
      "storage-upgraded",
      "Another tab, with a newer version of this page, upgraded this site's storage or deleted it, so this tab let go of it.",
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
  const request = factory.open(name, STORE_VERSION);
  request.onupgradeneeded = ({ oldVersion }) => {
    const table =
      oldVersion === 0 ? request.result.createObjectStore(tableName) : request.transaction!.objectStore(tableName);
    migrate(table, oldVersion);
  };
  try {
    return await orStorageFull("this site's database", () =>
      Promise.race([promisifyRequest(request), blockedFor(request, BLOCKED_MS)]),
    );
  } catch (error) {
    if (error instanceof TabTuneError) throw error;
    if (error instanceof DOMException && error.name === "VersionError") throw ofNewerVersion(error);
    throw new TabTuneError(
      "internal",
      `The browser would not open this site's storage (${wordsOf(error)}).`,
      "Allow the site to store data (private windows may forbid it), then reload.",
      "",
      { cause: error },
    );
  }
}

/** A page before this one does not let go: it is frozen, say. Should it do so later, the connection is not left open. */
function blockedFor(request: IDBOpenDBRequest, milliseconds: number): Promise<never> {
  return new Promise((_, reject) => {
    request.addEventListener("blocked", () => {
      const timer = setTimeout(() => {
        request.addEventListener("success", () => request.result.close());
        reject(
          new TabTuneError(
            "run-locked",
            "Another tab of this site, with an older version of it, holds the storage and does not let go.",
            "Close the other tabs of this site, then reload this one.",
            "What is stored is as it was.",
          ),
        );
      }, milliseconds);
      request.addEventListener("success", () => clearTimeout(timer));
    });
  });
}

const ofNewerVersion = (cause: unknown): TabTuneError =>
  new TabTuneError(
    "internal",
    "This site's storage was written by a newer version of this page, which this one cannot read.",
    "Close all tabs of this site, then open it again: you get the newer version.",
    "What is stored is as it was.",
    { cause },
  );

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
