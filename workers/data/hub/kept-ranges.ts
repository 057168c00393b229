/**
 * What was fetched of data sets of a hub, kept as files "<folder>/<file>/<start>-<end>", a folder for each commit. All of it can be
 * fetched again: a folder that was not used for long goes when there is no room within the budget.
 */
import { TabTuneError } from "../../errors.ts";
import { bytesByFolder, type FileCache } from "../../storage/file-cache.ts";
import { HASH_BYTES, readHashed, withHash } from "../../storage/hashed-file.ts";
import { parsed } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { ByteRange, KeptRanges } from "./block-reader.ts";

/** Bytes over all data sets. */
export const KEPT_BYTES = 4e9;

interface About {
  label: string;
  /** ISO 8601. */
  usedAt: string;
}

/** What is kept of one data set. */
export interface KeptDataSet extends About {
  /** Names it for `forgetRanges`. */
  key: string;
  bytes: number;
}

const hashOf = async (parts: string[]): Promise<string> =>
  (await sha256(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 32);

/** Where the ranges of one commit lie. */
export interface RangeFolder {
  /** Of all its files together. */
  bytes: number;
  /** `name`: the file's path in its repository. */
  rangesOf(name: string): Promise<KeptRanges>;
}

export interface FolderOptions {
  /** Bytes over all data sets. */
  budget?: number;
  /** What becomes of the ranges, where it is not what people would expect; one sentence, once each. */
  tell?: (words: string) => void;
}

/** Opens the folder of the commit that `place` names (endpoint, repository, commit), and marks it as used now. */
export async function openRanges(
  cache: FileCache,
  place: string[],
  label: string,
  { budget = KEPT_BYTES, tell = () => {} }: FolderOptions = {},
): Promise<RangeFolder> {
  const folder = await hashOf(place);
  const all = await cache.list();
  const here = all.filter(({ name }) => name.startsWith(`${folder}/`));
  const own = here.filter((file) => !hasNoHash(file));
  // What an older version kept cannot be checked.
  for (const { name } of here.filter(hasNoHash)) await cache.delete(name);
  let total = sum(all) - sum(here) + sum(own);
  let full = false;
  await keepFile(cache, `${folder}/about`, encode({ label, usedAt: new Date().toISOString() } satisfies About));

  /** Other data sets go, the one that was used longest ago first; false where that is not enough. */
  async function madeRoom(bytes: number): Promise<boolean> {
    if (total + bytes <= budget) return true;
    for (const other of (await listRanges(cache)).reverse()) {
      if (other.key === folder) continue;
      await forgetRanges(cache, other.key);
      tell(`What was kept of ${other.label} made room for ${label}.`);
      total -= other.bytes;
      if (total + bytes <= budget) return true;
    }
    return false;
  }

  async function keep(name: string, bytes: Uint8Array): Promise<boolean> {
    if (full) return false;
    const kept = (await madeRoom(bytes.length)) && (await keepFile(cache, name, bytes));
    if (kept) total += bytes.length;
    else {
      full = true;
      tell(
        `There is no room to keep all that is read of ${label}: the rest is fetched from the hub again whenever it is read again.`,
      );
    }
    return kept;
  }

  /** One after the other, so that they count each other. */
  let queue: Promise<unknown> = Promise.resolve();
  return {
    bytes: sum(own),
    async rangesOf(file) {
      const prefix = `${folder}/${await hashOf([file])}/`;
      const ranges = own.flatMap(({ name, bytes }): ByteRange[] => {
        const [, start, end] = (name.startsWith(prefix) && /^(\d+)-(\d+)$/.exec(name.slice(prefix.length))) || [];
        const range = { start: Number(start), end: Number(end) };
        return range.end - range.start + HASH_BYTES === bytes ? [range] : [];
      });
      const nameOf = ({ start, end }: ByteRange): string => `${prefix}${start}-${end}`;
      return {
        ranges,
        async read(range) {
          const reader = await cache.open(nameOf(range));
          const bytes = reader?.size === range.end - range.start + HASH_BYTES && (await readHashed(reader));
          if (bytes) return bytes;
          // A damaged one is fetched again.
          if (reader) await cache.delete(nameOf(range));
          return undefined;
        },
        keep(range, bytes) {
          const mine = queue.then(async () => keep(nameOf(range), await withHash(bytes)));
          queue = mine.catch(() => undefined); // told to whoever asked
          return mine;
        },
      };
    },
  };
}

/** A range of an older version: its bytes and no more. */
function hasNoHash({ name, bytes }: { name: string; bytes: number }): boolean {
  const [, start, end] = /\/(\d+)-(\d+)$/.exec(name) ?? [];
  return start !== undefined && Number(end) - Number(start) === bytes;
}

/** Bytes that are kept of the commit that `place` names. */
export async function keptBytes(cache: FileCache, place: string[]): Promise<number> {
  return sum(await cache.list(`${await hashOf(place)}/`));
}

/** What is kept, the data set that was used last first. */
export async function listRanges(cache: FileCache): Promise<KeptDataSet[]> {
  const kept: KeptDataSet[] = [];
  for (const [key, bytes] of await bytesByFolder(cache)) {
    const about = await aboutOf(cache, key);
    kept.push({ key, bytes, label: about?.label ?? "a data set of the hub", usedAt: about?.usedAt ?? "" });
  }
  return kept.sort((a, b) => b.usedAt.localeCompare(a.usedAt));
}

/** Undefined where it is missing, or damaged: it is then of no name, and used longest ago. */
async function aboutOf(cache: FileCache, key: string): Promise<About | undefined> {
  const reader = await cache.open(`${key}/about`);
  return reader && (parsed(await reader.read(0, reader.size)) as About | undefined);
}

/** Removes what is kept of a data set. Whoever reads it fetches again. */
export async function forgetRanges(cache: FileCache, key: string): Promise<void> {
  const about = `${key}/about`;
  for (const { name } of await cache.list(`${key}/`)) if (name !== about) await cache.delete(name);
  // What names it goes last: a removal that is cut off stays in the list.
  await cache.delete(about);
}

/** False where there is no room. */
async function keepFile(cache: FileCache, name: string, bytes: Uint8Array): Promise<boolean> {
  let writer: Awaited<ReturnType<FileCache["create"]>> | undefined;
  try {
    writer = await cache.create(name);
    await writer.write(bytes);
    await writer.commit();
    return true;
  } catch (error) {
    if (error instanceof TabTuneError && error.code === "storage-full") return false;
    throw error;
  } finally {
    await writer?.abort();
  }
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const sum = (files: readonly { bytes: number }[]): number => files.reduce((all, { bytes }) => all + bytes, 0);
