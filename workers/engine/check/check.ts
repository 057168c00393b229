/** The check of all that is stored: every entry and every file is read, and held against its hash. It changes nothing. */
import type { FileCache } from "../../storage/file-cache.ts";
import type { Store } from "../../storage/store.ts";
import { labelsOfFolders } from "../stored-items.ts";
import type { Damage } from "./damage.ts";
import { damageInModels, damageInRanges } from "./files.ts";
import { damageInStore } from "./store.ts";

export interface Stored {
  store: Store;
  models?: FileCache | undefined;
  ranges?: FileCache | undefined;
}

const EVERY_MS = 200;

/** `onProgress` hears how many entries and files of how many were read. */
export async function checkStorage(
  { store, models, ranges }: Stored,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<{ checked: number; damage: Damage[] }> {
  const files = [...((await models?.list()) ?? []), ...((await ranges?.list()) ?? [])];
  const of = (await store.keys("")).length + files.length;
  let done = 0;
  let told = performance.now();
  const looked = (): void => {
    done += 1;
    if (performance.now() - told < EVERY_MS) return;
    told = performance.now();
    onProgress(done, Math.max(of, done));
  };
  const damage: Damage[] = [];
  for await (const one of damageInStore(store, looked)) damage.push(one);
  if (models) {
    const labels = await labelsOfFolders(models);
    for await (const one of damageInModels(models, (folder) => labels.get(folder) ?? folder, looked)) damage.push(one);
  }
  if (ranges) for await (const one of damageInRanges(ranges, looked)) damage.push(one);
  onProgress(done, done);
  return { checked: done, damage: onePerItem(damage) };
}

/** Where the whole item goes there is nothing else to mend of it. */
function onePerItem(damage: readonly Damage[]): Damage[] {
  const idOf = ({ kind, item }: Damage): string => `${kind} ${item}`;
  const gone = new Set(damage.filter(({ whole }) => whole).map(idOf));
  const told = new Set<string>();
  return damage.filter((one) => {
    if (!gone.has(idOf(one))) return true;
    if (!one.whole || told.has(idOf(one))) return false;
    told.add(idOf(one));
    return true;
  });
}
