/**
 * A checkpoint's tensors one after the other, 4-bit where the plan says so: from the cache when they were prepared before, else from
 * the checkpoint. Nothing is held beyond the tensor in hand and a small window ahead of it, so a model larger than memory's half
 * goes through.
 *
 * A cache folder belongs to one checkpoint and one plan. The hub tells a hash of every file: identity is that, and what is read is
 * checked against it. Hashing whole folders would cost as much as reading them, so a folder's identity is its label, the headers
 * (names, types, shapes, places) and 4 KiB from the middle of every quantised tensor: a fine-tune of the same architecture differs
 * in all of them.
 */
import { TabTuneError } from "../errors.ts";
import type { Checkpoint } from "../hub/checkpoint.ts";
import { bytesOf, type Dtype, f32ToF16, toF32 } from "../hub/dtype.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import { doubleDequantise, doubleQuantise } from "./double-quant.ts";
import { type FourBitBlocks, type FourBitType, quantise } from "./nf4.ts";
import { isCheckable, openShardCheck, type ShardCheck } from "./shard-check.ts";
import { type CacheOutcome, openTensorCache, type TensorCache } from "./tensor-cache.ts";

export type { CacheOutcome } from "./tensor-cache.ts";

/** What is to become of one tensor. */
export type PlanEntry =
  | { name: string; how: "keep" }
  /** Dense, and rounded to f16. */
  | { name: string; how: "f16" }
  | {
      name: string;
      how: FourBitType;
      blockSize: number;
      /** As transformers does to checkpoints that are not f16. */
      roundToF16First: boolean;
      /** Give the absmax the values they have after 8-bit double quantisation. */
      doubleQuant: boolean;
    };

export type LoadedTensor =
  | { name: string; shape: number[]; kind: "4bit"; codes: Uint8Array; absmax: Float32Array }
  | { name: string; shape: number[]; kind: "dense"; dtype: Dtype; bytes: Uint8Array };

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
const cacheVersion = 3;
const sampleBytes = 4096;
/** Tensors in hand and read ahead together stay below this, unless a single one is larger. */
const windowBytes = 128e6;

/**
 * Yields the tensors of `wanted` in the order in which they lie in their files; what became of the cache is the generator's return
 * value. Throws TabTuneError "missing-tensor", "bad-tensor" for one that cannot be quantised, or "missing-file" for a file whose
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

  /** The prepared bytes of an entry where the cache has them, else the checkpoint's. */
  const fetchEntry = async (i: number): Promise<{ prepared?: Uint8Array; raw?: Uint8Array }> => {
    const entry = plan[i]!;
    const check = checkOf(entry.name);
    const believed = isCached(entry) && (check?.covers(entry.name) ?? true);
    const prepared = cache && believed && (await cache.read(keys[i]!, preparedBytes(checkpoint, entry), entry.name));
    if (prepared) return { prepared };
    report("reading", entry.name);
    return { raw: (await checkpoint.read(entry.name)).bytes };
  };

  const fileOf = (name: string): string | undefined => checkpoint.tensors.get(name)?.file;
  const checkOf = (name: string): ShardCheck | undefined => checks.get(fileOf(name) ?? "");

  let ahead: ReturnType<typeof fetchEntry> | undefined;
  for (const [i, entry] of plan.entries()) {
    const { name } = entry;
    const info = checkpoint.tensors.get(name);
    const { prepared, raw } = await (ahead ?? fetchEntry(i));
    ahead = undefined;
    const next = plan[i + 1];
    if (next && sizeOf(name) + sizeOf(next.name) <= windowBytes) {
      ahead = fetchEntry(i + 1);
      // Its failure is told when its turn comes; until then it is not unhandled.
      ahead.catch(() => undefined);
    }
    const { shape = [], dtype = "F32" } = info ?? {};
    if (raw && entry.how !== "keep") report("quantising", name);
    const tensor = prepared ? unpack(prepared, entry, shape, dtype) : prepare(raw!, entry, shape, dtype);
    if (raw && isCached(entry)) {
      await cache?.write(keys[i]!, tensor.kind === "4bit" ? [bytesOf(tensor.absmax), tensor.codes] : [tensor.bytes]);
    }
    const check = checkOf(name);
    if (check && info) {
      // Only now: what the progress covers has to be in the cache, or a cut here would have it read twice.
      if (raw) await check.add(info, raw);
      if (fileOf(plan[i + 1]?.name ?? "") !== info.file) await check.finish();
    }
    bytes += sizeOf(name);
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
    if (kept) prepared += preparedBytes(checkpoint, entry);
    if (kept && !present) toWrite += preparedBytes(checkpoint, entry);
    if (info && !present) toRead += info.end - info.start;
  }
  return { toRead, prepared, toWrite };
}

/** Bytes of a tensor as the cache has it: as it is, or [absmax f32 | codes]. */
function preparedBytes(checkpoint: Checkpoint, entry: PlanEntry): number {
  const info = checkpoint.tensors.get(entry.name);
  if (!info) return 0;
  if (entry.how === "keep") return info.end - info.start;
  const elements = info.shape.reduce((product, size) => product * size, 1);
  if (entry.how === "f16") return 2 * elements;
  return 4 * Math.ceil(elements / entry.blockSize) + Math.ceil(elements / 2);
}

function unpack(bytes: Uint8Array, entry: PlanEntry, shape: number[], dtype: Dtype): LoadedTensor {
  const { name } = entry;
  if (entry.how === "keep") return { name, shape, kind: "dense", dtype, bytes };
  if (entry.how === "f16") return { name, shape, kind: "dense", dtype: "F16", bytes };
  const blocks = Math.ceil(shape.reduce((product, size) => product * size, 1) / entry.blockSize);
  const absmax = new Float32Array(bytes.buffer, bytes.byteOffset, blocks);
  return { name, shape, kind: "4bit", absmax, codes: bytes.subarray(4 * blocks) };
}

function prepare(bytes: Uint8Array, entry: PlanEntry, shape: number[], dtype: Dtype): LoadedTensor {
  const { name } = entry;
  if (entry.how === "keep") return { name, shape, kind: "dense", dtype, bytes };
  if (entry.how !== "f16") return { name, shape, kind: "4bit", ...quantiseTensor({ dtype, bytes }, entry) };
  return { name, shape, kind: "dense", dtype: "F16", bytes: bytesOf(f32ToF16(toF32(bytes, dtype))) };
}

function quantiseTensor(
  { dtype, bytes }: { dtype: Dtype; bytes: Uint8Array },
  entry: Extract<PlanEntry, { how: FourBitType }>,
): FourBitBlocks {
  try {
    const { codes, absmax } = quantise(toF32(bytes, dtype), {
      type: entry.how,
      blockSize: entry.blockSize,
      roundToF16First: entry.roundToF16First && dtype !== "F16",
    });
    return { codes, absmax: entry.doubleQuant ? doubleDequantise(doubleQuantise(absmax)) : absmax };
  } catch (error) {
    if (!(error instanceof TabTuneError)) throw error;
    const message = `${entry.name} cannot be quantised. ${error.message}`;
    throw new TabTuneError(error.code, message, error.remedy, error.safe, { cause: error });
  }
}

const hashOf = (value: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(value)));

/** Tensor names are long and come from strangers: their files are called by a hash. */
async function tensorKey(entry: PlanEntry): Promise<string> {
  return (await hashOf(entry)).slice(0, 32);
}

/** Name of the cache folder for this checkpoint and plan. */
async function cacheFolder(checkpoint: Checkpoint, plan: PlanEntry[]): Promise<string> {
  const { versionOf } = checkpoint;
  const parts: unknown[] = [cacheVersion, checkpoint.label];
  for (const entry of plan) {
    const info = checkpoint.tensors.get(entry.name);
    if ((entry.how === "keep" && !versionOf) || !info) continue;
    const { dtype, shape, file, start, end } = info;
    const middle = Math.max(0, Math.floor((end - start - sampleBytes) / 2));
    const content = versionOf
      ? versionOf(file)
      : await sha256(await checkpoint.readPart(entry.name, middle, Math.min(middle + sampleBytes, end - start)));
    parts.push([entry, dtype, shape, file, start, end, content]);
  }
  return `weights-${(await hashOf(parts)).slice(0, 32)}`;
}
