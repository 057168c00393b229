/**
 * The SHA-256 that the hub tells of a weight file, checked while its tensors come one by one: they are taken in file order, and what
 * lies between those that the model uses (header, unused tensors) is read and hashed too. The state of the hash is kept after each
 * tensor, so a load that was cut off goes on without reading anything again; a tensor that has to be read again later, because its
 * cached copy was damaged, is compared with the hash of its own bytes that is kept beside.
 */
import { createSHA256, type IHasher } from "hash-wasm";
import { TabTuneError } from "../../errors.ts";
import { sha256, sha256OfPieces } from "../../storage/sha256.ts";
import type { TensorInfo } from "../formats/safetensors.ts";
import type { WeightFile } from "../hub/model-files.ts";

/** Bytes between tensors that are held at a time. */
const gapWindowBytes = 16e6;

/** What is kept of the check of one file between visits. */
interface Progress {
  /** Bytes [0, at) are in the hash. */
  at: number;
  /** The hasher's own state, base64; "" once the whole file was found right. */
  state: string;
  /** SHA-256 of the SHA-256s of the pieces of each tensor that is in the hash, by name. */
  tensors: Record<string, string>;
}

/** Where `Progress` is kept. Without a cache, none of these does anything. */
export interface ProgressStore {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  /** Drops the progress and all that was made of the file. */
  discard(): Promise<void>;
}

export interface ShardCheck {
  /** Whether the bytes of this tensor are in the hash: only then a prepared copy of it may be used. */
  covers(name: string): boolean;
  /** Takes in the next piece of a tensor that is read from the file; pieces are cut at the same places each time. */
  take(info: TensorInfo, piece: Uint8Array): Promise<void>;
  /** The tensor is whole. Throws "missing-file" when it differs from what was read before. */
  seal(info: TensorInfo): Promise<void>;
  /** Takes in the rest of the file. Throws "missing-file" when the file is not the published one. */
  finish(): Promise<void>;
}

/**
 * Whether a file can be checked at a fair price: a hash is known, and what the model uses is at least half of the file (of a
 * checkpoint in 4 bits, whose tensors are read another way, or of a file that carries another model beside, it is not).
 */
export function isCheckable(file: WeightFile | undefined, usedBytes: number): file is WeightFile & { sha256: string } {
  return file?.sha256 !== undefined && 2 * usedBytes >= file.size;
}

/** Goes on with the check of `file` where `store` says. `name` is for messages. */
export async function openShardCheck(
  name: string,
  file: WeightFile & { sha256: string },
  store: ProgressStore,
): Promise<ShardCheck> {
  const kept = await store.read();
  const progress: Progress = kept
    ? (JSON.parse(new TextDecoder().decode(kept)) as Progress)
    : { at: 0, state: "", tensors: {} };
  const hashes = new Map(Object.entries(progress.tensors));
  let { at } = progress;
  let done = at > 0 && progress.state === "";
  /** SHA-256 of the pieces of the tensor in hand. */
  let pieces: string[] = [];
  const hasher: IHasher = await createSHA256();
  if (progress.state === "") hasher.init();
  else hasher.load(Uint8Array.from(atob(progress.state), (c) => c.charCodeAt(0)));

  const keep = (): Promise<void> => {
    const state = done ? "" : btoa(String.fromCharCode(...hasher.save()));
    const value: Progress = { at, state, tensors: Object.fromEntries(hashes) };
    return store.write(new TextEncoder().encode(JSON.stringify(value)));
  };

  async function refuse(): Promise<never> {
    await store.discard();
    throw notAsPublished(name);
  }

  async function skipTo(end: number): Promise<void> {
    while (at < end) {
      const next = Math.min(end, at + gapWindowBytes);
      hasher.update(await file.read(at, next));
      at = next;
    }
  }

  return {
    covers: (tensor) => hashes.has(tensor),
    async take({ name: tensor, start }, piece) {
      if (!hashes.has(tensor)) {
        if (pieces.length === 0) {
          await skipTo(start);
          if (at !== start) throw new Error(`${tensor} begins at ${start}, but ${name} is hashed up to ${at}`);
        }
        hasher.update(piece);
        at += piece.byteLength;
      }
      pieces.push(await sha256(piece));
    },
    async seal({ name: tensor }) {
      const hash = await sha256OfPieces(pieces);
      pieces = [];
      const before = hashes.get(tensor);
      if (before !== undefined && before !== hash) await refuse();
      if (before !== undefined) return;
      hashes.set(tensor, hash);
      await keep();
    },
    async finish() {
      if (done) return;
      await skipTo(file.size);
      if (hasher.digest() !== file.sha256) await refuse();
      done = true;
      await keep();
    },
  };
}

function notAsPublished(name: string): TabTuneError {
  return new TabTuneError(
    "missing-file",
    `${name} did not come as it was published: its content does not match the hash that the hub tells.`,
    "Load the model again; if it stays, choose another hub address in the settings.",
    "What was prepared of this file is dropped; everything else is kept.",
  );
}
