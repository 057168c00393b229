/**
 * Rows of a data set that were prepared when they were asked for, under `dataset/<id>/row/<position>`, as many as a budget takes: the
 * oldest are let go first, and made again when they are wanted. One worker writes; others may read.
 */
import { TabTuneError } from "../../errors.ts";
import { sealBytes, unsealBytes } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import type { Example } from "../example.ts";
import { decodeExample, encodeExample } from "./codec.ts";

const prefixOf = (id: string) => `dataset/${id}/row/`;
const rowKey = (id: string, position: number) => `${prefixOf(id)}${position}`;

/** Undefined where the row is not there. One whose bytes have changed is removed: it is made again. */
export async function cachedRow(store: Store, id: string, position: number): Promise<Example | undefined> {
  const key = rowKey(id, position);
  const sealed = await store.get(key);
  const bytes = sealed && (await unsealBytes(sealed));
  if (sealed && !bytes) await store.delete([key]);
  return bytes && decodeExample(bytes);
}

export interface CachedRows {
  rows: number;
  bytes: number;
  /** Bytes that are kept at most. */
  budget: number;
}

/** How many rows are cached, and about how many bytes: rows of one data set are nearly of one size, and one of them is looked at. */
export async function cacheSize(store: Store, id: string): Promise<Omit<CachedRows, "budget">> {
  const keys = await store.keys(prefixOf(id));
  return { rows: keys.length, bytes: keys.length * (await bytesOfOne(store, keys)) };
}

async function bytesOfOne(store: Store, [key]: readonly string[]): Promise<number> {
  return (key === undefined ? undefined : await store.get(key))?.length ?? 0;
}

export class RowCache {
  readonly #store: Store;
  readonly #id: string;
  readonly #budget: number;
  readonly #least: number;
  /** Bytes by position, the oldest first. */
  readonly #sizes = new Map<number, number>();
  #bytes = 0;

  private constructor(store: Store, id: string, budget: number, least: number) {
    this.#store = store;
    this.#id = id;
    this.#budget = budget;
    this.#least = least;
  }

  /**
   * @param budget bytes
   * @param least rows that were put last, which are kept even where they have more: somebody is about to read them
   */
  static async open(store: Store, id: string, budget: number, least = 64): Promise<RowCache> {
    const cache = new RowCache(store, id, budget, least);
    const keys = await store.keys(prefixOf(id));
    const each = await bytesOfOne(store, keys);
    for (const key of keys) cache.#note(Number(key.slice(prefixOf(id).length)), each);
    return cache;
  }

  get size(): CachedRows {
    return { rows: this.#sizes.size, bytes: this.#bytes, budget: this.#budget };
  }

  /** Whoever found a row damaged has removed it: the store is asked, too. */
  async has(position: number): Promise<boolean> {
    return this.#sizes.has(position) && (await this.#store.get(rowKey(this.#id, position))) !== undefined;
  }

  /** A full disk costs the older half of the cache; throws "storage-full" where that is not enough. */
  async put(position: number, example: Example): Promise<void> {
    const sealed = await sealBytes(encodeExample(example));
    const entry: [string, Uint8Array][] = [[rowKey(this.#id, position), sealed]];
    try {
      await this.#store.set(entry, "relaxed");
    } catch (error) {
      if (!(error instanceof TabTuneError && error.code === "storage-full") || this.#sizes.size === 0) throw error;
      await this.#shrinkTo(this.#bytes / 2);
      await this.#store.set(entry, "relaxed");
    }
    this.#note(position, sealed.length);
    await this.#shrinkTo(this.#budget, this.#least);
  }

  #note(position: number, size: number): void {
    this.#bytes += size - (this.#sizes.get(position) ?? 0);
    this.#sizes.delete(position);
    this.#sizes.set(position, size);
  }

  async #shrinkTo(bytes: number, least = 0): Promise<void> {
    const gone: string[] = [];
    for (const [position, size] of this.#sizes) {
      if (this.#bytes <= bytes || this.#sizes.size <= least) break;
      this.#sizes.delete(position);
      this.#bytes -= size;
      gone.push(rowKey(this.#id, position));
    }
    await this.#store.delete(gone);
  }
}
