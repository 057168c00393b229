/** The page's store. It is not upgraded while another tab works with the layout before it: that tab's run would lose its storage. */
import { TabTuneError } from "../errors.ts";
import { openIdbStore } from "../storage/idb.ts";
import { STORE_VERSION } from "../storage/migrations.ts";
import type { Store } from "../storage/store.ts";
import { isWorkLock, STORE_NAME } from "./storage-names.ts";

/** @throws TabTuneError "run-locked" where another tab trains or answers rows with an older layout, or does not let go of it */
export async function openPageStore(): Promise<Store> {
  if ((await layoutOf(STORE_NAME)) < STORE_VERSION && (await someoneWorks())) {
    throw new TabTuneError(
      "run-locked",
      "A run or a job is going on in another tab, with an older version of this page.",
      "Let it end there, or stop and save it, then reload this tab.",
      "It is not disturbed: the storage is brought to this version when it has ended.",
    );
  }
  return openIdbStore(STORE_NAME);
}

/** Of the database as it lies; today's where there is none. */
async function layoutOf(name: string): Promise<number> {
  const known = await indexedDB.databases();
  return known.find((database) => database.name === name)?.version ?? STORE_VERSION;
}

/** No worker that opens the store has begun to work. */
const someoneWorks = async (): Promise<boolean> =>
  ((await navigator.locks.query()).held ?? []).some(({ name }) => isWorkLock(name ?? ""));
