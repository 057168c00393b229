/** The pictures of a pass through the cache: known tiles are put in their places, the others computed, and kept. */
import { sha256 } from "../../storage/sha256.ts";
import type { StepPosition, VisionEncoder } from "../encoder.ts";
import type { KeptFeatures } from "./kept-features.ts";

/** An encoder that keeps features. */
export interface KeepingEncoder {
  encoder: VisionEncoder;
  kept: KeptFeatures;
  at: StepPosition | undefined;
}

/** The pictures of a pass. */
interface Pictures {
  tiles: number;
  /** Of each picture. */
  pictureTiles: readonly number[];
  /** u8 RGB of all tiles. */
  pixels: Uint8Array;
}

interface Tiles {
  /** Of their pixels. */
  hashes: string[];
  /** [tiles, S, S, 3] */
  pixels: Uint8Array;
}

/** Leaves the features of all tiles in the table, as running both stages over them would. */
export async function encodeKept(e: KeepingEncoder, pictures: Pictures): Promise<void> {
  const { tiles, pictureTiles } = pictures;
  if (tiles === 0) return;
  const all = await hashed(pictures, 0, tiles);
  await e.kept.settled();
  const found = await lookUp(e, all);
  countPictures(e.kept, pictureTiles, all.hashes, found);
  if (e.kept.stage === "connector") return place(e, all, found);
  for (let first = 0; first < tiles; first += e.encoder.capacity) {
    const count = Math.min(e.encoder.capacity, tiles - first);
    await e.kept.settled();
    await place(e, await hashed(pictures, first, count), found.slice(first, first + count));
    await e.encoder.connect(count, first, e.at && { ...e.at, firstTile: e.at.firstTile + first });
  }
  if (e.kept.fleeting) await e.kept.settled();
}

/** The same of a run of tiles that fits the encoder at once, for a connector that learns: its backward reads them. */
export async function encodeKeptFrom(e: KeepingEncoder, pictures: Pictures, first: number, count: number) {
  const tiles = await hashed(pictures, first, count);
  await e.kept.settled();
  await place(e, tiles, await lookUp(e, tiles));
  await e.encoder.connect(count, first, e.at && { ...e.at, firstTile: e.at.firstTile + first });
}

/**
 * Before the passes of a step: computes and keeps what they would not find, so that the tower is done when the first of them takes its
 * memory. The cache has to hold all their tiles in memory at once.
 */
export async function encodeAhead(e: Omit<KeepingEncoder, "at">, passes: readonly Pictures[]): Promise<void> {
  const { encoder, kept } = e;
  await kept.settled();
  kept.ahead.clear();
  for (const pictures of passes.filter(({ tiles }) => tiles > 0)) {
    const all = await hashed(pictures, 0, pictures.tiles);
    const isUnknown = (hash: string, n: number): boolean => !kept.cache!.touch(hash) && all.hashes.indexOf(hash) === n;
    const unknown = all.hashes.flatMap((hash, n) => (isUnknown(hash, n) ? [n] : []));
    for (let at = 0; at < unknown.length; at += encoder.capacity) {
      const tiles = some(all, unknown.slice(at, at + encoder.capacity));
      await computeAndKeep(e, tiles);
      for (const hash of tiles.hashes) kept.ahead.add(hash);
    }
  }
}

/** Hashes of a pack's tiles; a backward asks again. */
const hashesOf = new WeakMap<Pictures, Promise<string[]>>();

async function hashed(pictures: Pictures, first: number, count: number): Promise<Tiles> {
  const { tiles, pixels } = pictures;
  const bytes = pixels.length / tiles;
  const of = (n: number): Uint8Array => pixels.subarray(n * bytes, (n + 1) * bytes);
  const all = hashesOf.get(pictures) ?? Promise.all(Array.from({ length: tiles }, (_, n) => sha256(of(n))));
  hashesOf.set(pictures, all);
  return {
    hashes: (await all).slice(first, first + count),
    pixels: pixels.subarray(first * bytes, (first + count) * bytes),
  };
}

/** A picture is read where all of its tiles are, and none was computed for this step. */
function countPictures(
  { cache, ahead }: KeptFeatures,
  pictureTiles: readonly number[],
  hashes: readonly string[],
  found: readonly (Uint8Array | undefined)[],
): void {
  let tile = 0;
  let read = 0;
  for (const tiles of pictureTiles) {
    const isRead = (n: number): boolean => found[n] !== undefined && !ahead.has(hashes[n]!);
    if (Array.from({ length: tiles }, (_, n) => tile + n).every(isRead)) read += 1;
    tile += tiles;
  }
  for (const hash of hashes) ahead.delete(hash);
  cache!.countPictures(read, pictureTiles.length - read);
}

/** What is kept of each tile. Before anything of an earlier session is believed, one of it is computed again. */
async function lookUp(e: KeepingEncoder, tiles: Tiles): Promise<(Uint8Array | undefined)[]> {
  const { kept } = e;
  const cache = kept.cache!;
  const found = await Promise.all(tiles.hashes.map((hash) => cache.find(hash)));
  const doubtful = found.findIndex((features) => features?.unproved);
  if (doubtful === -1) return found.map((features) => features?.bytes);
  await compute(e, some(tiles, [doubtful]), 0);
  const [now] = await kept.read(1);
  const before = found[doubtful]!.bytes;
  await cache.prove(now!.every((byte, n) => byte === before[n]));
  await cache.keep(tiles.hashes[doubtful]!, now!);
  return lookUp(e, tiles);
}

/** Tiles picked out of others. */
function some({ hashes, pixels }: Tiles, which: readonly number[]): Tiles {
  const bytes = pixels.length / hashes.length;
  const picked = new Uint8Array(which.length * bytes);
  for (const [at, n] of which.entries()) picked.set(pixels.subarray(n * bytes, (n + 1) * bytes), at * bytes);
  return { hashes: which.map((n) => hashes[n]!), pixels: picked };
}

/** Features of these tiles into the first rows of the stage's place. */
async function place(e: KeepingEncoder, tiles: Tiles, found: (Uint8Array | undefined)[]): Promise<void> {
  const { kept } = e;
  const { hashes } = tiles;
  const unknown = found.flatMap((features, n) => (features ? [] : [n]));
  if (unknown.length === hashes.length) {
    await computeAll(e, tiles);
    kept.keepSoon(hashes);
    return;
  }
  const computed = [...found];
  if (unknown.length > 0) {
    // Side by side, as the tower takes them, and from there to their places among the known ones.
    for (const [at, bytes] of (await computeAndKeep(e, some(tiles, unknown))).entries()) computed[unknown[at]!] = bytes;
  }
  for (const [n, bytes] of computed.entries()) kept.put(n, bytes!);
}

/** Through the first rows of the stage's place. */
async function computeAndKeep(e: Omit<KeepingEncoder, "at">, tiles: Tiles): Promise<Uint8Array[]> {
  await computeAll(e, tiles);
  const read = await e.kept.read(tiles.hashes.length);
  for (const [n, bytes] of read.entries()) await e.kept.cache!.keep(tiles.hashes[n]!, bytes);
  return read;
}

async function computeAll(e: Omit<KeepingEncoder, "at">, tiles: Tiles): Promise<void> {
  const { capacity } = e.encoder;
  const count = tiles.hashes.length;
  const bytes = tiles.pixels.length / count;
  for (let first = 0; first < count; first += capacity) {
    const end = Math.min(count, first + capacity);
    const part = { hashes: tiles.hashes.slice(first, end), pixels: tiles.pixels.subarray(first * bytes, end * bytes) };
    await compute(e, part, first);
  }
}

/** As many tiles as the encoder takes at once, their features from row `row` on. */
async function compute(
  { encoder, kept }: Omit<KeepingEncoder, "at">,
  { hashes, pixels }: Tiles,
  row: number,
): Promise<void> {
  const count = hashes.length;
  await encoder.see(encoder.pictures.normalise(pixels, count), count);
  if (kept.stage === "connector") await encoder.connect(count, row);
}
