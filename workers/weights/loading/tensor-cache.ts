/**
 * Prepared tensors between visits: one file a tensor, its hash behind its bytes. A file appears when it is whole (FileCache), so a
 * load that is cut off goes on where it stopped, and what fails its check is made anew by itself. Nobody needs a cache to train:
 * what goes wrong in writing it ends the writing, and is told by the outcome.
 */
import { TabTuneError, wordsOf } from "../../errors.ts";
import type { FileCache, FileWriter } from "../../storage/file-cache.ts";
import { HASH_BYTES, piecesOfHashed, readHashed } from "../../storage/hashed-file.ts";
import { parsed } from "../../storage/sealed.ts";
import { sha256, sha256InPieces, sha256OfPieces } from "../../storage/sha256.ts";

/** What became of the cache during a load; `reason` says what was wrong. */
export type CacheOutcome =
  | { cache: "off" | "hit" | "stored" }
  | { cache: "rebuilt"; reason: string }
  | { cache: "not-stored"; reason: string };

export interface TensorCache {
  has(key: string): boolean;
  /** What is stored under `key` if it is there, sound, and `size` bytes long where that is known. `name` is for the outcome's words. */
  read(key: string, size: number | undefined, name: string): Promise<Uint8Array | undefined>;
  /** The same piece by piece: what was given is to be used only if the end is true. */
  pieces(key: string, size: number, name: string): AsyncGenerator<Uint8Array, boolean>;
  /** Writes what was made; after a failure it does nothing. */
  write(key: string, parts: Uint8Array[]): Promise<void>;
  /** The same piece by piece, each but the last of `PIECE_BYTES` (storage/sha256.ts). */
  writeInPieces(key: string): Promise<PieceWriter>;
  remove(keys: string[]): Promise<void>;
  outcome(): CacheOutcome;
}

export interface PieceWriter {
  take(piece: Uint8Array): Promise<void>;
  /** Now it is there. */
  end(): Promise<void>;
  /** Drops what was taken; harmless after `end`. */
  abort(): Promise<void>;
}

/** What the storage list shows of a model: stored beside its tensors. */
export interface CachedModel {
  label: string;
  /** Date of the first load, ISO. */
  createdAt: string;
}

export const aboutFile = "about";

/** Of a model's `aboutFile`, which may have a hash behind it like any other file; undefined where it is damaged. */
export const parsedAbout = (bytes: Uint8Array): CachedModel | undefined =>
  parsed(bytes.subarray(0, bytes.lastIndexOf("}".charCodeAt(0)) + 1)) as CachedModel | undefined;

/** The tensors of one model under `folder`, which is part of every file's name. */
export async function openTensorCache(cache: FileCache, folder: string, label: string): Promise<TensorCache> {
  const place = (key: string): string => `${folder}/${key}`;
  const present = new Set((await cache.list(`${folder}/`)).map(({ name }) => name));
  let damage: string | undefined;
  let failure: string | undefined;
  let wrote = false;

  async function store(key: string, parts: Uint8Array[]): Promise<void> {
    const writer = await cache.create(place(key));
    try {
      for (const part of parts) await writer.write(part);
      await writer.commit();
    } finally {
      await writer.abort();
    }
    present.add(place(key));
  }

  function damaged(key: string, name: string): void {
    present.delete(place(key));
    damage ??= `${name} in it is damaged`;
  }

  async function writeAbout(): Promise<void> {
    if (present.has(place(aboutFile))) return;
    const about: CachedModel = { label, createdAt: new Date().toISOString() };
    await store(aboutFile, [new TextEncoder().encode(JSON.stringify(about))]);
  }

  async function attempt(write: () => Promise<void>): Promise<void> {
    if (failure !== undefined) return;
    try {
      await write();
    } catch (error) {
      // The file's own name, which the error tells, says nothing to a user.
      const isFull = error instanceof TabTuneError && error.code === "storage-full";
      failure = isFull ? "there is no room left for them." : wordsOf(error);
    }
  }

  return {
    has: (key) => present.has(place(key)),
    async read(key, expected, name) {
      if (!present.has(place(key))) return undefined;
      const reader = await cache.open(place(key));
      const fits = reader && (expected === undefined || reader.size === expected + HASH_BYTES);
      const bytes = fits && (await readHashed(reader));
      if (bytes) return bytes;
      damaged(key, name);
      return undefined;
    },
    async *pieces(key, expected, name) {
      if (!present.has(place(key))) return false;
      const reader = await cache.open(place(key));
      const sound = reader?.size === expected + HASH_BYTES && (yield* piecesOfHashed(reader));
      if (!sound) damaged(key, name);
      return sound;
    },
    async write(key, parts) {
      await attempt(async () => {
        await writeAbout();
        const hash = await sha256InPieces(parts.length === 1 ? parts[0]! : joined(parts));
        await store(key, [...parts, new TextEncoder().encode(hash)]);
        wrote = true;
      });
    },
    async writeInPieces(key) {
      let writer: FileWriter | undefined;
      const hashes: string[] = [];
      await attempt(async () => {
        await writeAbout();
        writer = await cache.create(place(key));
      });
      return {
        take: (piece) =>
          attempt(async () => {
            await writer!.write(piece);
            hashes.push(await sha256(piece));
          }),
        end: () =>
          attempt(async () => {
            await writer!.write(new TextEncoder().encode(await sha256OfPieces(hashes)));
            await writer!.commit();
            present.add(place(key));
            wrote = true;
          }),
        abort: async () => writer?.abort(),
      };
    },
    async remove(keys) {
      for (const key of keys) {
        present.delete(place(key));
        await cache.delete(place(key));
      }
    },
    outcome() {
      if (failure !== undefined) return { cache: "not-stored", reason: failure };
      if (damage !== undefined) return { cache: "rebuilt", reason: `The cached weights were made anew: ${damage}.` };
      return { cache: wrote ? "stored" : "hit" };
    },
  };
}

function joined(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
