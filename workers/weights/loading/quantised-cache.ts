/**
 * A checkpoint's tensors one after the other, 4-bit where the plan says so: from the cache when they were prepared before, else from
 * the checkpoint, in pieces. Nothing is held beyond what became of the tensor in hand, two pieces, and a small window ahead; of a large
 * tensor that stays as it is, no more than the pieces.
 *
 * A cache folder belongs to one checkpoint and one plan. The hub tells a hash of every file: identity is that, and what is read is
 * checked against it. Hashing whole folders would cost as much as reading them, so a folder's identity is its label, the headers
 * (names, types, shapes, places) and 4 KiB from the middle of every quantised tensor: a fine-tune of the same architecture differs
 * in all of them.
 */

import type { FileCache } from "../../storage/file-cache.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Checkpoint } from "../hub/model-files.ts";
import {
  comesInPieces,
  type LoadedTensor,
  PIECE_BYTES,
  type PlanEntry,
  packed,
  preparation,
  preparedBytes,
  unpacked,
} from "./prepare-tensors.ts";
import { isCheckable, openShardCheck, type ShardCheck } from "./shard-check.ts";
import { type CacheOutcome, openTensorCache, type TensorCache } from "./tensor-cache.ts";

export type { LoadedTensor, PlanEntry } from "./prepare-tensors.ts";
export type { CacheOutcome } from "./tensor-cache.ts";

/** `bytes` of `total` bytes of the checkpoint are done; `name` is the tensor in hand. */
export interface QuantiseProgress {
  phase: "reading" | "quantising" | "cache";
  name: string;
  bytes: number;
  total: number;
  /** Bytes of the checkpoint that the cache did not have when the load began. */
  toRead: number;
}

/** Raised when the file layout, or what the same settings give, changes. */
const cacheVersion = 4;
const sampleBytes = 4096;
/** What was fetched of the entry in hand and of those read ahead stays below this together, unless a single one is larger. */
const WINDOW_BYTES = 200e6;
/** So that reading, hashing and uploading go on at the same time. */
const ENTRIES_AHEAD = 4;

/**
 * Yields the tensors of `wanted` in the order in which they lie in their files, large ones that stay as they are in pieces, which may
 * begin anew where the cache was damaged; what became of the cache is the generator's return value. Whoever does not take all of them
 * returns the generator. Throws TabTuneError "missing-tensor", "bad-tensor" for one that cannot be quantised, or "missing-file" for a file whose
 * content is not what was published: then nothing of it stays in the cache, and what was yielded is not to be used.
 */
export async function* loadOrQuantise(
  checkpoint: Checkpoint,
  wanted: PlanEntry[],
  fileCache: FileCache | undefined,
  onProgress: (progress: QuantiseProgress) => void = () => undefined,
): AsyncGenerator<LoadedTensor, CacheOutcome> {
  const plan = inFileOrder(checkpoint, wanted);
  const sizeOf = (name: string): number => {
    const info = checkpoint.tensors.get(name);
    return info ? info.end - info.start : 0;
  };
  const isCached = (entry: PlanEntry): boolean => isKept(checkpoint, entry);
  const useCache = fileCache !== undefined && plan.some(isCached);
  const cache = useCache
    ? await openTensorCache(fileCache, await cacheFolder(checkpoint, wanted), checkpoint.label)
    : undefined;
  const keys = await Promise.all(plan.map((entry) => tensorKey(entry)));
  const sum = (entries: PlanEntry[]): number => entries.reduce((bytes, { name }) => bytes + sizeOf(name), 0);
  const total = sum(plan);
  const toRead = sum(plan.filter((entry, i) => !(isCached(entry) && cache?.has(keys[i]!))));
  const checks = await openChecks(checkpoint, plan, keys, cache);
  let bytes = 0;
  const report = (phase: QuantiseProgress["phase"], name: string): void =>
    onProgress({ phase, name, bytes, total, toRead });

  const fileOf = (name: string): string | undefined => checkpoint.tensors.get(name)?.file;
  const checkOf = (name: string): ShardCheck | undefined => checks.get(fileOf(name) ?? "");
  const isThere = (i: number): boolean => {
    const entry = plan[i]!;
    return isCached(entry) && cache?.has(keys[i]!) === true && (checkOf(entry.name)?.covers(entry.name) ?? true);
  };

  const readPiece = (entry: PlanEntry, at: number): Promise<Uint8Array> =>
    checkpoint.readPart(entry.name, at, Math.min(at + PIECE_BYTES, sizeOf(entry.name)));
  /** The prepared bytes of an entry where the cache has them, else the first piece of the checkpoint's. */
  const fetchEntry = async (i: number): Promise<{ prepared?: Uint8Array; piece?: Uint8Array }> => {
    const entry = plan[i]!;
    if (isThere(i) && comesInPieces(entry, sizeOf(entry.name))) return {};
    const prepared = isThere(i) && (await cache?.read(keys[i]!, preparedSize(checkpoint, entry), entry.name));
    if (prepared) return { prepared };
    report("reading", entry.name);
    return { piece: await readPiece(entry, 0) };
  };
  const fetchBytes = (i: number): number => {
    const entry = plan[i]!;
    const isWhole = !comesInPieces(entry, sizeOf(entry.name));
    return isThere(i) && isWhole ? preparedSize(checkpoint, entry) : Math.min(PIECE_BYTES, sizeOf(entry.name));
  };

  const ahead = new Map<number, ReturnType<typeof fetchEntry>>();
  /** Fetches some of the entries behind `i`, of the checkpoint one at most: a cut must not cost more than one tensor. */
  const readAhead = (i: number): void => {
    let held = fetchBytes(i);
    for (let next = i + 1; next < plan.length && next <= i + ENTRIES_AHEAD; next++) {
      held += fetchBytes(next);
      if (held > WINDOW_BYTES) return;
      if (!ahead.has(next)) {
        const fetched = fetchEntry(next);
        // Its failure is told when its turn comes; until then it is not unhandled.
        fetched.catch(() => undefined);
        ahead.set(next, fetched);
      }
      if (!isThere(next)) return;
    }
  };
  /** A tensor that `comesInPieces`; `first` of the checkpoint, where it was read ahead. */
  async function* inPieces(i: number, first: Uint8Array | undefined): AsyncGenerator<LoadedTensor, void> {
    const { name } = plan[i]!;
    const info = checkpoint.tensors.get(name)!;
    const part = (piece: Uint8Array, at: number): LoadedTensor => ({
      ...{ name, shape: info.shape, kind: "dense", dtype: info.dtype, bytes: piece, at },
    });
    if (isThere(i)) {
      const pieces = cache!.pieces(keys[i]!, sizeOf(name), name);
      for (let at = 0; ; ) {
        const { done, value } = await pieces.next();
        if (done && !value) break;
        if (done) {
          bytes += sizeOf(name);
          report("cache", name);
          return readAhead(i);
        }
        yield part(value, at);
        at += value.byteLength;
      }
    }
    const check = checkOf(name);
    const kept = isCached(plan[i]!) ? await cache?.writeInPieces(keys[i]!) : undefined;
    try {
      let piece: Uint8Array | undefined = first ?? (await readPiece(plan[i]!, 0));
      for (let at = 0; piece; ) {
        const end: number = at + piece.byteLength;
        const coming = end < sizeOf(name) ? readPiece(plan[i]!, end) : undefined;
        coming?.catch(() => undefined);
        if (!coming) readAhead(i);
        await check?.take(info, piece);
        await kept?.take(piece);
        bytes += piece.byteLength;
        report("reading", name);
        yield part(piece, at);
        at = end;
        piece = await coming;
      }
      await kept?.end();
    } finally {
      await kept?.abort();
    }
    await check?.seal(info);
  }
  for (const [i, entry] of plan.entries()) {
    const { name } = entry;
    const info = checkpoint.tensors.get(name);
    const { shape = [], dtype = "F32" } = info ?? {};
    const check = checkOf(name);
    let { prepared, piece } = await (ahead.get(i) ?? fetchEntry(i));
    ahead.delete(i);
    let tensor: LoadedTensor | undefined;
    if (comesInPieces(entry, sizeOf(name))) {
      yield* inPieces(i, piece);
    } else if (prepared) {
      readAhead(i);
      tensor = unpacked(prepared, entry, shape, dtype);
      bytes += sizeOf(name);
    } else {
      const making = preparation(entry, shape, dtype);
      for (let at = 0; piece; ) {
        at += piece.byteLength;
        const coming = at < sizeOf(name) ? readPiece(entry, at) : undefined;
        coming?.catch(() => undefined);
        if (!coming) readAhead(i);
        if (entry.how !== "keep") report("quantising", name);
        making.take(piece);
        if (info) await check?.take(info, piece);
        bytes += piece.byteLength;
        piece = await coming;
      }
      tensor = making.done();
      if (isCached(entry)) await cache?.write(keys[i]!, packed(tensor));
      // Only now: what the progress covers has to be in the cache, or a cut here would have it read twice.
      if (info) await check?.seal(info);
    }
    if (check && info && fileOf(plan[i + 1]?.name ?? "") !== info.file) await check.finish();
    if (!tensor) continue;
    report(prepared ? "cache" : entry.how === "keep" ? "reading" : "quantising", name);
    yield tensor;
  }
  return cache ? cache.outcome() : { cache: "off" };
}

/** File by file, from the beginning to the end of each: what a disk reads fastest, and what a running hash needs. */
function inFileOrder({ tensors }: Checkpoint, plan: PlanEntry[]): PlanEntry[] {
  const place = ({ name }: PlanEntry): [string, number] => {
    const info = tensors.get(name);
    return info ? [info.file, info.start] : ["", 0];
  };
  return plan.toSorted((a, b) => {
    const [[fileA, startA], [fileB, startB]] = [place(a), place(b)];
    return fileA < fileB ? -1 : fileA > fileB ? 1 : startA - startB;
  });
}

/** A check for each file that has a published hash and is used for the better part. */
async function openChecks(
  checkpoint: Checkpoint,
  plan: PlanEntry[],
  keys: string[],
  cache: TensorCache | undefined,
): Promise<Map<string, ShardCheck>> {
  const used = new Map<string, number>();
  for (const { name } of plan) {
    const info = checkpoint.tensors.get(name);
    if (info) used.set(info.file, (used.get(info.file) ?? 0) + info.end - info.start);
  }
  const checks = new Map<string, ShardCheck>();
  for (const [name, bytes] of used) {
    const file = checkpoint.files.get(name);
    if (!isCheckable(file, bytes)) continue;
    const key = await progressKey(name);
    const store = {
      read: async () => cache?.read(key, undefined, name),
      write: async (progress: Uint8Array) => cache?.write(key, [progress]),
      discard: async () => {
        const tensors = keys.filter((_, i) => checkpoint.tensors.get(plan[i]!.name)?.file === name);
        await cache?.remove([key, ...tensors]);
        await file.forget();
      },
    };
    checks.set(name, await openShardCheck(name, file, store));
  }
  return checks;
}

/** Where a file's progress lies in the cache folder. */
const progressKey = async (file: string): Promise<string> => (await hashOf(["hashed", file])).slice(0, 32);

/** A dense tensor is not worth a copy of a file that lies on the same disk. */
const isKept = (checkpoint: Checkpoint, { how }: PlanEntry): boolean =>
  how !== "keep" || checkpoint.versionOf !== undefined;

/** Bytes of the checkpoint that a load would read because the cache lacks them, and of what the cache would then hold and get anew. */
export async function loadCost(
  checkpoint: Checkpoint,
  plan: PlanEntry[],
  fileCache: FileCache,
): Promise<{ toRead: number; prepared: number; toWrite: number }> {
  const cache = await openTensorCache(fileCache, await cacheFolder(checkpoint, plan), checkpoint.label);
  let toRead = 0;
  let prepared = 0;
  let toWrite = 0;
  for (const entry of plan) {
    const info = checkpoint.tensors.get(entry.name);
    const kept = isKept(checkpoint, entry);
    const present = kept && cache.has(await tensorKey(entry));
    if (kept) prepared += preparedSize(checkpoint, entry);
    if (kept && !present) toWrite += preparedSize(checkpoint, entry);
    if (info && !present) toRead += info.end - info.start;
  }
  return { toRead, prepared, toWrite };
}

function preparedSize(checkpoint: Checkpoint, entry: PlanEntry): number {
  const info = checkpoint.tensors.get(entry.name);
  return info ? preparedBytes(entry, info.shape, info.end - info.start) : 0;
}

const hashOf = (value: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(value)));

/** Tensor names are long and come from strangers: their files are called by a hash. */
async function tensorKey(entry: PlanEntry): Promise<string> {
  return (await hashOf(entry)).slice(0, 32);
}

/** Name of the cache folder for this checkpoint and plan. */
async function cacheFolder(checkpoint: Checkpoint, plan: PlanEntry[]): Promise<string> {
  const { versionOf } = checkpoint;
  /** What tells a tensor apart. The samples are read at the same time: there are hundreds, and each takes its way. */
  const identityOf = async (entry: PlanEntry): Promise<unknown[]> => {
    const info = checkpoint.tensors.get(entry.name);
    if ((entry.how === "keep" && !versionOf) || !info) return [];
    const { dtype, shape, file, start, end } = info;
    const middle = Math.max(0, Math.floor((end - start - sampleBytes) / 2));
    const content = versionOf
      ? versionOf(file)
      : await sha256(await checkpoint.readPart(entry.name, middle, Math.min(middle + sampleBytes, end - start)));
    return [[entry, dtype, shape, file, start, end, content]];
  };
  const identities = await Promise.all(plan.map(identityOf));
  return `weights-${(await hashOf([cacheVersion, checkpoint.label, ...identities.flat()])).slice(0, 32)}`;
}
