/**
 * One file of quantised tensors: [absmax f32 | codes] of each, then an index in JSON with a SHA-256 for each, then a fixed footer
 * with the index's own SHA-256. The index comes last because tensors are written as they are made. What fails its check is made
 * anew and the file rewritten, with everything that was sound copied over.
 */

import { bytesOf } from "../hub/dtype.ts";
import type { FileCache, FileWriter } from "../storage/file-cache.ts";
import type { RangeReader } from "../storage/range-reader.ts";
import { sha256 } from "../storage/sha256.ts";
import type { FourBitBlocks } from "./nf4.ts";

/** What became of the cache during a load; `reason` says what was wrong. */
export type CacheOutcome =
  | { cache: "off" | "hit" | "stored" }
  | { cache: "rebuilt"; reason: string }
  | { cache: "not-stored"; reason: string };

export interface CacheFile {
  /** The tensor of this name if it is there and sound. `blocks` is the length of its absmax. */
  read(name: string, blocks: number): Promise<FourBitBlocks | undefined>;
  /** To be called for each tensor, read or made, in turn: writes it where a file is being written. */
  put(name: string, tensor: FourBitBlocks): Promise<void>;
  /** Commits what was written. */
  finish(): Promise<CacheOutcome>;
  /** Drops what was written; harmless after `finish`. */
  abort(): Promise<void>;
}

interface Entry {
  name: string;
  start: number;
  end: number;
  sha256: string;
}

const magic = "TabTune4";
/** 64 hexadecimal digits, the index's length in 8 decimal ones, the magic. */
const footerBytes = 64 + 8 + magic.length;

/** Opens the file `name` of the cache, or prepares to write it. */
export async function openCacheFile(cache: FileCache, name: string): Promise<CacheFile> {
  const reader = await cache.open(name);
  const index = reader && (await readIndex(reader));
  /** Why the file must be written; undefined as long as it is a hit. */
  let damage = reader && !index ? "its index is damaged" : undefined;
  const sound: Entry[] = [];
  const written: Entry[] = [];
  let writer: FileWriter | undefined;
  let failure: string | undefined;
  let at = 0;

  async function append(tensorName: string, parts: Uint8Array[], hash: string): Promise<void> {
    const start = at;
    for (const part of parts) {
      await writer!.write(part);
      at += part.byteLength;
    }
    written.push({ name: tensorName, start, end: at, sha256: hash });
  }

  /** Nobody needs a cache to train: what goes wrong in writing it ends the writing, and is told by the outcome. */
  async function attempt(write: () => Promise<void>): Promise<void> {
    if (failure !== undefined) return;
    try {
      await write();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      await writer?.abort();
      if (damage !== undefined) await cache.delete(name);
    }
  }

  return {
    async read(tensorName, blocks) {
      const entry = index?.get(tensorName);
      if (!reader || !entry) {
        if (index) damage ??= `${tensorName} is not in it`;
        return undefined;
      }
      const bytes = await reader.read(entry.start, entry.end);
      if (bytes.byteLength < 4 * blocks || (await sha256(bytes)) !== entry.sha256) {
        damage ??= `${tensorName} in it is damaged`;
        return undefined;
      }
      if (!writer) sound.push(entry);
      return { absmax: new Float32Array(bytes.buffer, bytes.byteOffset, blocks), codes: bytes.subarray(4 * blocks) };
    },
    async put(tensorName, { absmax, codes }) {
      if (reader && damage === undefined) return;
      await attempt(async () => {
        if (!writer) {
          writer = await cache.create(name);
          for (const entry of sound)
            await append(entry.name, [await reader!.read(entry.start, entry.end)], entry.sha256);
        }
        const parts = [bytesOf(absmax), codes];
        await append(tensorName, parts, await sha256(joined(parts)));
      });
    },
    async finish() {
      await attempt(async () => {
        if (!writer) return;
        const text = new TextEncoder().encode(JSON.stringify(written));
        await writer.write(text);
        await writer.write(
          new TextEncoder().encode((await sha256(text)) + String(text.length).padStart(8, "0") + magic),
        );
        await writer.commit();
      });
      if (failure !== undefined) return { cache: "not-stored", reason: failure };
      if (damage !== undefined) return { cache: "rebuilt", reason: `The cached weights were made anew: ${damage}.` };
      return { cache: reader ? "hit" : "stored" };
    },
    async abort() {
      await writer?.abort();
    },
  };
}

/** The index by tensor name, or undefined when it is not one. */
async function readIndex(reader: RangeReader): Promise<Map<string, Entry> | undefined> {
  const indexEnd = reader.size - footerBytes;
  if (indexEnd < 0) return undefined;
  const footer = new TextDecoder().decode(await reader.read(indexEnd, reader.size));
  const length = Number(footer.slice(64, 72));
  if (footer.slice(72) !== magic || !Number.isSafeInteger(length) || length < 0 || length > indexEnd) return undefined;
  const text = await reader.read(indexEnd - length, indexEnd);
  if ((await sha256(text)) !== footer.slice(0, 64)) return undefined;
  const entries = JSON.parse(new TextDecoder().decode(text)) as Entry[];
  return new Map(entries.map((entry) => [entry.name, entry]));
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
