/**
 * Features that are kept: of a tile what the last frozen stage gave for it, under the hash of its pixels; where the tiles of a picture see
 * each other, of the picture, under a name that says its grid as well (`tilesOfName`). Those used last lie in memory;
 * all lie in storage, sealed, as many as a budget takes, and are found there by later runs.
 *
 * Storage is not believed blindly: what an earlier session wrote is read only after one of its entries was computed again here and came
 * out the same to the bit (`prove`), because no browser tells that a driver was updated.
 * When the budget is used up nothing more of this model is written: rows come round in every epoch, and letting the oldest go for the
 * newest would let each go just before it is wanted. What other models left for the same rows goes first.
 */
import { toReport } from "../../errors.ts";
import { sealBytes, unsealBytes } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";

/** In memory, by default. */
export const MEMORY_BYTES = 256e6;
/** In front of what is sealed: a hash and a line end (storage/sealed.ts). */
const SEAL = 65;
/** What waits to be written, before whoever adds to it has to wait. */
const WAITING_BYTES = 32e6;

/** Where features of a data set's pictures lie; all of them go with it. */
export const featuresPrefix = (datasetId: string): string => `dataset/${datasetId}/features/`;

/** What was kept, for the user. */
export interface FeatureCounts {
  /** Pictures whose features were read, and computed, since the run began. */
  read: number;
  made: number;
  /** Tiles whose kept features were damaged, or not what this GPU computes now, and were made again. */
  again: number;
  /** Tiles that had no room in storage. */
  beyond: number;
  /** Tiles in storage for this model, their bytes, and how many bytes there may be. */
  tiles: number;
  bytes: number;
  budget: number;
  /** Why nothing is read from storage or written there any more; "" while it is. */
  trouble: string;
}

/** What a data set's pictures have in storage, of all models. */
export async function storedFeatures(store: Store, datasetId: string): Promise<{ tiles: number; bytes: number }> {
  const keys = await store.keys(featuresPrefix(datasetId));
  return { tiles: keys.reduce((sum, key) => sum + tilesOfName(key), 0), bytes: await bytesOf(store, keys) };
}

/** A tile's features are of one size in a model: one entry of each is looked at. */
async function bytesOf(store: Store, keys: readonly string[]): Promise<number> {
  const each = new Map<string, number>();
  let bytes = 0;
  for (const key of keys) {
    const folder = key.slice(0, key.lastIndexOf("/"));
    const tiles = tilesOfName(key);
    if (!each.has(folder)) each.set(folder, (((await store.get(key))?.length ?? SEAL) - SEAL) / tiles);
    bytes += tiles * each.get(folder)! + SEAL;
  }
  return bytes;
}

export interface FeatureStorage {
  store: Store;
  /** `featuresPrefix` of the data set. */
  prefix: string;
  /** Bytes. */
  budget: number;
}

/** Tiles whose features lie under a name: "hash" for one tile, "hash.3x4" for a picture of 3 rows and 4 columns. */
export function tilesOfName(name: string): number {
  const grid = /\.(\d+)x(\d+)$/.exec(name);
  return grid ? Number(grid[1]) * Number(grid[2]) : 1;
}

export interface FeatureCacheOptions {
  /** Everything that decides the bits beside the pixels (feature-identity.ts). */
  identity: string;
  /** Bytes of a tile's features. */
  tileBytes: number;
  memoryBytes?: number | undefined;
  /** None: memory only. */
  storage?: FeatureStorage | undefined;
}

/** Features that were found, and whether they come from storage that nobody has proved yet. */
export interface FoundFeatures {
  bytes: Uint8Array;
  unproved: boolean;
}

export class FeatureCache {
  readonly tileBytes: number;
  readonly memoryBytes: number;
  /** None, or none any more. */
  #storage: FeatureStorage | undefined;
  readonly #folder: string;
  /** The one used last at the end. */
  readonly #memory = new Map<string, Uint8Array>();
  /** In storage, or on the way there; and those of them that this session has written. */
  readonly #stored = new Set<string>();
  #storedTiles = 0;
  #memoryUsed = 0;
  readonly #own = new Set<string>();
  readonly #beyond = new Set<string>();
  #beyondTiles = 0;
  /** Keys that other models left, and about what they take. */
  #others: string[] = [];
  #othersBytes = 0;
  #proved = false;
  #trouble = "";
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #counts = { read: 0, made: 0, again: 0 };

  private constructor({ identity, tileBytes, memoryBytes = MEMORY_BYTES, storage }: FeatureCacheOptions) {
    this.tileBytes = tileBytes;
    this.memoryBytes = memoryBytes;
    this.#storage = storage;
    this.#folder = `${storage?.prefix}${identity}/`;
  }

  /** Looks what storage has; reads none of it but one entry of another model's. */
  static async open(options: FeatureCacheOptions): Promise<FeatureCache> {
    const cache = new FeatureCache(options);
    const { storage } = options;
    if (!storage) return cache;
    for (const key of await storage.store.keys(storage.prefix)) {
      if (key.startsWith(cache.#folder)) cache.#addStored(key.slice(cache.#folder.length));
      else cache.#others.push(key);
    }
    cache.#othersBytes = await bytesOf(storage.store, cache.#others);
    return cache;
  }

  get counts(): FeatureCounts {
    return {
      ...this.#counts,
      beyond: this.#beyondTiles,
      ...{ tiles: this.#storedTiles, bytes: this.#storedBytes, budget: this.#storage?.budget ?? 0 },
      trouble: this.#trouble,
    };
  }

  countPictures(read: number, made: number): void {
    this.#counts.read += read;
    this.#counts.made += made;
  }

  /** Whether there is something of this tile, which then stays in memory longest. `find` may still find it damaged. */
  touch(tile: string): boolean {
    const inMemory = this.#memory.get(tile);
    if (inMemory) this.#remember(tile, inMemory);
    return inMemory !== undefined || this.#stored.has(tile);
  }

  /** Of a tile or a picture, by its name; undefined where it has to be computed. Damaged ones are removed and counted. */
  async find(tile: string): Promise<FoundFeatures | undefined> {
    const inMemory = this.#memory.get(tile);
    if (inMemory) {
      this.#remember(tile, inMemory);
      return { bytes: inMemory, unproved: false };
    }
    if (!this.#stored.has(tile)) return undefined;
    // What is on its way there is not there yet.
    await this.#writing;
    const sealed = await this.#withStore((store) => store.get(this.#folder + tile));
    const bytes = sealed && (await unsealBytes(sealed));
    if (bytes?.length === this.#bytesOf(tile)) {
      const unproved = !this.#proved && !this.#own.has(tile);
      if (!unproved) this.#remember(tile, bytes);
      return { bytes, unproved };
    }
    this.#dropStored(tile);
    this.#own.delete(tile);
    if (sealed) {
      this.#counts.again += tilesOfName(tile);
      await this.#withStore((store) => store.delete([this.#folder + tile]));
    }
    return undefined;
  }

  /** An entry of storage was computed again: if it is the same, the others are believed; if not, they are removed. */
  async prove(isSame: boolean): Promise<void> {
    this.#proved = true;
    if (isSame) return;
    const gone = [...this.#stored].filter((tile) => !this.#own.has(tile));
    for (const tile of gone) {
      this.#dropStored(tile);
      this.#counts.again += tilesOfName(tile);
    }
    await this.#withStore((store) => store.delete(gone.map((tile) => this.#folder + tile)));
  }

  /** Keeps the features of a tile, or a picture; resolves at once, or when there is room for more to wait to be written. */
  async keep(tile: string, bytes: Uint8Array): Promise<void> {
    const expected = this.#bytesOf(tile);
    if (bytes.length !== expected) throw new Error(`features of ${bytes.length} bytes, not ${expected}`);
    this.#remember(tile, bytes);
    if (!this.#storage || this.#stored.has(tile)) return;
    if (this.#storedBytes + this.#sealedBytes(tile) > this.#storage.budget) {
      if (!this.#beyond.has(tile)) this.#beyondTiles += tilesOfName(tile);
      this.#beyond.add(tile);
      return;
    }
    this.#addStored(tile);
    this.#own.add(tile);
    this.#waiting += bytes.length;
    this.#writing = this.#writing.then(() => this.#write(tile, bytes));
    if (this.#waiting > WAITING_BYTES) await this.#writing;
  }

  /** Resolves when all that was kept is written. */
  flush(): Promise<void> {
    return this.#writing;
  }

  /** Takes everything out of storage, and writes nothing more: a checkpoint needs the room. Says whether that freed any. */
  async makeRoom(): Promise<boolean> {
    await this.#writing;
    const gone = [...this.#others, ...[...this.#stored].map((tile) => this.#folder + tile)];
    await this.#withStore((store) => store.delete(gone));
    this.#giveUp("Storage is full: the features of pictures made way for a checkpoint.");
    return gone.length > 0;
  }

  #bytesOf(name: string): number {
    return tilesOfName(name) * this.tileBytes;
  }

  get #storedBytes(): number {
    return this.#storedTiles * this.tileBytes + this.#stored.size * SEAL;
  }

  #sealedBytes(name: string): number {
    return this.#bytesOf(name) + SEAL;
  }

  #addStored(name: string): void {
    this.#stored.add(name);
    this.#storedTiles += tilesOfName(name);
  }

  #dropStored(name: string): void {
    if (this.#stored.delete(name)) this.#storedTiles -= tilesOfName(name);
  }

  async #write(tile: string, bytes: Uint8Array): Promise<void> {
    this.#waiting -= bytes.length;
    await this.#withStore(async (store) => {
      const sealed = await sealBytes(bytes);
      if (this.#othersBytes + this.#storedBytes > this.#storage!.budget) await this.#dropOthers(store);
      await store.set([[this.#folder + tile, sealed]], "relaxed");
    });
  }

  async #dropOthers(store: Store): Promise<void> {
    const gone = this.#others;
    this.#others = [];
    this.#othersBytes = 0;
    await store.delete(gone);
  }

  /** A storage that is full or broken costs the cache, never the run; it is told. */
  async #withStore<T>(work: (store: Store) => Promise<T>): Promise<T | undefined> {
    if (!this.#storage) return undefined;
    try {
      return await work(this.#storage.store);
    } catch (error) {
      this.#giveUp(toReport(error).message);
      return undefined;
    }
  }

  #giveUp(trouble: string): void {
    this.#trouble = trouble;
    this.#storage = undefined;
    this.#others = [];
    this.#stored.clear();
    this.#storedTiles = 0;
    this.#own.clear();
  }

  #remember(tile: string, bytes: Uint8Array): void {
    this.#forget(tile);
    this.#memory.set(tile, bytes);
    this.#memoryUsed += bytes.length;
    for (const [oldest] of this.#memory) {
      if (this.#memoryUsed <= this.memoryBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(tile: string): void {
    this.#memoryUsed -= this.#memory.get(tile)?.length ?? 0;
    this.#memory.delete(tile);
  }
}
