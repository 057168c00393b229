/** A small checkpoint of twelve tensors, and loads of it as one hash. Tests only. */

import type { FileCache } from "../storage/file-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";
import { type Checkpoint, openCheckpoint } from "../weights/hub/model-files.ts";
import { filesFromBlobs } from "../weights/hub/source.ts";
import { type LoadedTensor, loadOrQuantise, type PlanEntry } from "../weights/loading/quantised-cache.ts";
import { randomArray } from "./gpu.ts";

export const names = Array.from({ length: 12 }, (_, i) => `layer.${i}`);
export const TENSOR_BYTES = 512 * 128 * 4;
/** Over 1 MiB, so that tensors lie beyond the part that is kept with the header. */
export const weights = writeSafetensors(
  names.map((name, i) => ({ name, dtype: "F32", shape: [512, 128], data: randomArray(512 * 128, i) })),
);
export const plan: PlanEntry[] = names.map((name, i) =>
  i % 4 === 3 ? { name, how: "keep" } : { name, how: "nf4", blockSize: 64, roundToF16First: true, doubleQuant: false },
);

export const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Loads everything; `onTensor` hears the number of each tensor and may stop the load by throwing. */
export async function loadAll(
  checkpoint: Checkpoint,
  cache: FileCache | undefined,
  onTensor: (n: number) => void = () => undefined,
) {
  const tensors: LoadedTensor[] = [];
  const generator = loadOrQuantise(checkpoint, plan, cache);
  for (;;) {
    const { done, value } = await generator.next();
    if (done) return { hash: await hashOf(tensors), outcome: value };
    tensors.push(value);
    onTensor(tensors.length);
  }
}

/** What a load gives that nothing disturbs, without a cache. */
export async function undisturbedHash(): Promise<string> {
  const files = filesFromBlobs([{ path: "m/model.safetensors", blob: new Blob([weights as Uint8Array<ArrayBuffer>]) }]);
  return (await loadAll(await openCheckpoint(files), undefined)).hash;
}

async function hashOf(tensors: LoadedTensor[]): Promise<string> {
  const hashes = await Promise.all(
    tensors.flatMap((t) =>
      t.kind === "4bit"
        ? [sha256(t.codes), sha256(new Uint8Array(t.absmax.slice().buffer))]
        : [sha256(t.bytes.slice())],
    ),
  );
  return sha256(jsonBytes([tensors.map(({ name, kind }) => [name, kind]), hashes]));
}
