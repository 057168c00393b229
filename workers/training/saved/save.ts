/**
 * Saving: chunks first, each in a relaxed write of its own; then one strict write of manifest and `latest`, which is the moment
 * the checkpoint exists; then, and only then, older generations go. A kill between any two writes leaves the previous one whole.
 */
import { TabTuneError } from "../../errors.ts";
import { sealJson } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import {
  type ChunkInfo,
  chunkKey,
  FORMAT,
  generationPrefix,
  generationsOf,
  latestEntry,
  type Manifest,
  manifestKey,
  readManifest,
} from "./format.ts";

export interface SavedTensor {
  name: string;
  data: Uint8Array;
}

export interface Generation {
  /** Optimizer steps done. */
  step: number;
  /** JSON: everything that is not a tensor. */
  state: unknown;
  /** May be an async generator that reads one tensor after the other back from the GPU. */
  tensors: Iterable<SavedTensor> | AsyncIterable<SavedTensor>;
}

export interface SaveOptions {
  /** Size of a chunk; 64 MiB. */
  chunkBytes?: number;
  /** Told after each chunk: bytes written so far. */
  onChunk?: (bytes: number) => void;
  /** Generations that are kept, this one among them; 2: the newest and the one to fall back to. */
  kept?: number;
  /** That of this step is kept besides. */
  best?: number | undefined;
}

/**
 * Writes a checkpoint and removes all but the last ones. One save of a run at a time.
 * @returns the generation number and its bytes.
 * @throws what the store throws ("storage-full" …); the previous checkpoint is whole then, and the torn one is swept later.
 */
export async function saveGeneration(
  store: Store,
  runId: string,
  { step, state, tensors }: Generation,
  options: SaveOptions = {},
): Promise<{ generation: number; bytes: number }> {
  const { chunkBytes = 64 << 20, onChunk } = options;
  // Never a number that was in use, not even by a torn save: chunks of a good generation are never written over.
  const before = await generationsOf(store, runId);
  const generation = Math.max(0, ...before.keys()) + 1;
  // What a save left that found the disk full would be missing now.
  for (const [g, hasManifest] of before) if (!hasManifest) await deleteGeneration(store, runId, g);

  const chunks: ChunkInfo[] = [];
  const names: { name: string; bytes: number }[] = [];
  let bytes = 0;
  for await (const chunk of cut(tensors, names, chunkBytes)) {
    await store.set([[chunkKey(runId, generation, chunks.length), chunk]], "relaxed");
    chunks.push({ bytes: chunk.length, sha256: await sha256(chunk) });
    bytes += chunk.length;
    onChunk?.(bytes);
  }
  const createdAt = new Date().toISOString();
  const manifest: Manifest = { format: FORMAT, generation, step, createdAt, state, tensors: names, chunks };
  await store.set(
    [[manifestKey(runId, generation), await sealJson(manifest)], await latestEntry(runId, generation)],
    "strict",
  );

  await keepNewest(store, runId, options);
  return { generation, bytes };
}

/** Removes all whole generations but the newest, and that of the best evaluation. */
export async function keepNewest(
  store: Store,
  runId: string,
  { kept = 2, best }: Pick<SaveOptions, "kept" | "best">,
): Promise<void> {
  const complete = [...(await generationsOf(store, runId))].filter(([, hasManifest]) => hasManifest).map(([g]) => g);
  for (const g of complete.slice(0, Math.max(0, complete.length - kept))) {
    if (!(await isOfStep(store, runId, g, best))) await deleteGeneration(store, runId, g);
  }
}

async function isOfStep(store: Store, runId: string, g: number, step: number | undefined): Promise<boolean> {
  if (step === undefined) return false;
  const manifest = await readManifest(store, runId, g);
  return typeof manifest === "object" && manifest.step === step;
}

/** What a chunk has room for at first: most adapters are far smaller than a whole one. */
const FIRST_BYTES = 1 << 20;

/**
 * Tensors laid end to end, in pieces of at most `chunkBytes`; `names` is filled on the way. A piece is good until the next is asked
 * for, and so may a tensor of the caller's be.
 */
async function* cut(
  tensors: Generation["tensors"],
  names: { name: string; bytes: number }[],
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(Math.min(chunkBytes, FIRST_BYTES));
  let size = 0;
  for await (const { name, data } of tensors) {
    names.push({ name, bytes: data.length });
    for (let from = 0; from < data.length; ) {
      const part = data.subarray(from, from + chunkBytes - size);
      if (size + part.length > chunk.length) {
        const larger = new Uint8Array(Math.min(chunkBytes, Math.max(size + part.length, 2 * chunk.length)));
        larger.set(chunk.subarray(0, size));
        chunk = larger;
      }
      chunk.set(part, size);
      size += part.length;
      from += part.length;
      if (size === chunkBytes) {
        yield chunk;
        size = 0;
      }
    }
  }
  // A copy: stores that clone a view clone the whole buffer behind it.
  if (size > 0) yield chunk.slice(0, size);
}

/** What to tell a user whose run waits for room on the disk. */
export const noRoomFor = (step: number, cause: TabTuneError): TabTuneError =>
  new TabTuneError(
    "storage-full",
    `The disk, or what the browser lends to this site, is full: the checkpoint of step ${step} was not written.`,
    "Delete old runs or free disk space, then press Resume.",
    "The run is paused, nothing of it is lost, and the checkpoint before is kept.",
    { cause },
  );

/** The manifest goes first, so that a removal that is cut off leaves orphans and not a generation with holes. */
export async function deleteGeneration(store: Store, runId: string, g: number): Promise<void> {
  await store.delete([manifestKey(runId, g)]);
  await store.delete(await store.keys(generationPrefix(runId, g)));
}
