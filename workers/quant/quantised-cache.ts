/**
 * A checkpoint's tensors one after the other, 4-bit where the plan says so: from the cache when they were quantised before, else
 * from the checkpoint. Nothing is held beyond the tensor in hand, so a model larger than memory's half goes through.
 *
 * A cache file belongs to one checkpoint and one plan. Hashing whole checkpoints would cost as much as reading them, so identity is
 * the label, the headers (names, types, shapes, places) and 4 KiB from the middle of every quantised tensor: a fine-tune of the
 * same architecture differs in all of them. A change of a few numbers elsewhere in a tensor would go unseen.
 */
import { TabTuneError } from "../errors.ts";
import type { Checkpoint } from "../hub/checkpoint.ts";
import { type Dtype, toF32 } from "../hub/dtype.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import { type CacheOutcome, openCacheFile } from "./cache-file.ts";
import { doubleDequantise, doubleQuantise } from "./double-quant.ts";
import { type FourBitBlocks, type FourBitType, quantise } from "./nf4.ts";

export type { CacheOutcome } from "./cache-file.ts";

/** What is to become of one tensor. */
export type PlanEntry =
  | { name: string; how: "keep" }
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
}

/** Raised when the file layout, or what the same settings give, changes. */
const cacheVersion = 1;
const sampleBytes = 4096;

/**
 * Yields the tensors of `plan` in its order; what became of the cache is the generator's return value. Throws TabTuneError
 * "missing-tensor", or "bad-tensor" for one that cannot be quantised.
 */
export async function* loadOrQuantise(
  checkpoint: Checkpoint,
  plan: PlanEntry[],
  cache: FileCache | undefined,
  onProgress: (progress: QuantiseProgress) => void = () => undefined,
): AsyncGenerator<LoadedTensor, CacheOutcome> {
  const sizeOf = (name: string) => {
    const info = checkpoint.tensors.get(name);
    return info ? info.end - info.start : 0;
  };
  const total = plan.reduce((sum, { name }) => sum + sizeOf(name), 0);
  let bytes = 0;
  const useCache = cache !== undefined && plan.some(({ how }) => how !== "keep");
  const file = useCache ? await openCacheFile(cache, await cacheName(checkpoint, plan)) : undefined;
  try {
    for (const entry of plan) {
      const { name } = entry;
      const report = (phase: QuantiseProgress["phase"]) => onProgress({ phase, name, bytes, total });
      if (entry.how === "keep") {
        report("reading");
        const dense = await checkpoint.read(name);
        bytes += sizeOf(name);
        report("reading");
        yield { name, kind: "dense", ...dense };
        continue;
      }
      const shape = checkpoint.tensors.get(name)?.shape ?? [];
      const elements = shape.reduce((product, size) => product * size, 1);
      let blocks = await file?.read(name, Math.ceil(elements / entry.blockSize));
      const phase = blocks ? "cache" : "quantising";
      if (!blocks) {
        report("reading");
        const tensor = await checkpoint.read(name);
        report("quantising");
        blocks = quantiseTensor(tensor, entry);
      }
      await file?.put(name, blocks);
      bytes += sizeOf(name);
      report(phase);
      yield { name, shape, kind: "4bit", ...blocks };
    }
    return file ? await file.finish() : { cache: "off" };
  } finally {
    await file?.abort();
  }
}

function quantiseTensor(
  { dtype, bytes }: { dtype: Dtype; bytes: Uint8Array },
  entry: Exclude<PlanEntry, { how: "keep" }>,
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
    throw new TabTuneError(
      error.code,
      `${entry.name} cannot be quantised. ${error.message}`,
      error.remedy,
      error.safe,
      {
        cause: error,
      },
    );
  }
}

/** Name of the cache file for this checkpoint and plan. */
async function cacheName(checkpoint: Checkpoint, plan: PlanEntry[]): Promise<string> {
  const parts: unknown[] = [cacheVersion, checkpoint.label];
  for (const entry of plan) {
    const info = checkpoint.tensors.get(entry.name);
    if (entry.how === "keep" || !info) continue;
    const { name, how, blockSize, roundToF16First, doubleQuant } = entry;
    const { dtype, shape, file, start, end } = info;
    const middle = Math.max(0, Math.floor((end - start - sampleBytes) / 2));
    const sample = await checkpoint.readPart(name, middle, Math.min(middle + sampleBytes, end - start));
    parts.push([
      name,
      how,
      blockSize,
      roundToF16First,
      doubleQuant,
      dtype,
      shape,
      file,
      start,
      end,
      await sha256(sample),
    ]);
  }
  return `4bit-${await sha256(new TextEncoder().encode(JSON.stringify(parts)))}`;
}
