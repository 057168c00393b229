/** The pictures of a pass through the cache: known ones are put in their places, the others computed, and kept. */
import type { Grid } from "../../data/pictures/format.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { StepPosition, VisionEncoder } from "../encoder.ts";
import { type PackTiles, runsOf, type TileRun, tilesIn } from "../picture-runs.ts";
import type { KeptFeatures } from "./kept-features.ts";

/** An encoder that keeps features. */
export interface KeepingEncoder {
  encoder: VisionEncoder;
  kept: KeptFeatures;
  at: StepPosition | undefined;
}

/** The pictures of a pass. */
interface Pictures extends PackTiles {
  /** Of each picture. */
  pictureTiles: readonly number[];
  /** u8 RGB of all tiles. */
  pixels: Uint8Array;
}

/** What is kept as one: a tile; a picture, where its tiles see each other. */
interface Unit {
  /** What it is kept under: hash of its pixels, and the grid in which they lie where there is one. */
  name: string;
  firstTile: number;
  tiles: number;
  grid: Grid | undefined;
  /** [tiles, S, S, 3] */
  pixels: Uint8Array;
}

/** Leaves the features of all tiles in the tables, as running both stages over them would. */
export async function encodeKept(e: KeepingEncoder, pictures: Pictures): Promise<void> {
  if (pictures.tiles === 0) return;
  const all = await unitsOf(pictures);
  await e.kept.settled();
  const found = await lookUp(e, all);
  countPictures(e.kept, pictures.pictureTiles, all, found);
  if (e.kept.stage === "connector") return place(e, all, found);
  for (const run of runsOf(pictures, e.encoder.capacity)) {
    await e.kept.settled();
    const from = all.findIndex(({ firstTile }) => firstTile === run.firstTile);
    const units = unitsIn(all, run);
    await place(e, units, found.slice(from, from + units.length));
    await connect(e, run);
  }
  if (e.kept.fleeting) await e.kept.settled();
}

/** The same of a run of tiles, for a connector that learns: its backward reads them. */
export async function encodeKeptRun(e: KeepingEncoder, pictures: Pictures, run: TileRun): Promise<void> {
  const units = unitsIn(await unitsOf(pictures), run);
  await e.kept.settled();
  await place(e, units, await lookUp(e, units));
  await connect(e, run);
}

const connect = ({ encoder, at }: KeepingEncoder, run: TileRun): Promise<void> =>
  encoder.connect(run, at && { ...at, firstTile: at.firstTile + run.firstTile });

/**
 * Before the passes of a step: computes and keeps what they would not find, so that the tower is done when the first of them takes its
 * memory. The cache has to hold all their tiles in memory at once.
 */
export async function encodeAhead(e: Omit<KeepingEncoder, "at">, passes: readonly Pictures[]): Promise<void> {
  const { kept } = e;
  await kept.settled();
  kept.ahead.clear();
  for (const pictures of passes.filter(({ tiles }) => tiles > 0)) {
    const all = await unitsOf(pictures);
    const isFirst = ({ name }: Unit, n: number): boolean => all.findIndex((unit) => unit.name === name) === n;
    const unknown = all.filter((unit, n) => !kept.cache!.touch(unit.name) && isFirst(unit, n));
    for (const part of parts(e, unknown)) {
      await computeAndKeep(e, part);
      for (const { name } of part) kept.ahead.add(name);
    }
  }
}

/** Units of a pack; a backward asks again. */
const known = new WeakMap<Pictures, Promise<Unit[]>>();

function unitsOf(pictures: Pictures): Promise<Unit[]> {
  const units = known.get(pictures) ?? Promise.all(namelessOf(pictures).map(named));
  known.set(pictures, units);
  return units;
}

function namelessOf({ tiles, grids, pixels }: Pictures): Omit<Unit, "name">[] {
  const bytes = pixels.length / tiles;
  const cut: [tiles: number, grid: Grid | undefined][] =
    grids.length > 0 ? grids.map((grid) => [tilesIn(grid), grid]) : Array.from({ length: tiles }, () => [1, undefined]);
  let firstTile = 0;
  return cut.map(([own, grid]) => {
    const from = firstTile;
    firstTile += own;
    return { firstTile: from, tiles: own, grid, pixels: pixels.subarray(from * bytes, firstTile * bytes) };
  });
}

/** Pixels alone do not say how tiles lie: two plain pictures of other shapes may have the same. */
async function named(unit: Omit<Unit, "name">): Promise<Unit> {
  const { grid, pixels } = unit;
  const hash = await sha256(pixels);
  return { ...unit, name: grid ? `${hash}.${grid.rows}x${grid.columns}` : hash };
}

const unitsIn = (all: readonly Unit[], { firstTile, tiles }: TileRun): Unit[] =>
  all.filter((unit) => unit.firstTile >= firstTile && unit.firstTile < firstTile + tiles);

/** A picture is read where all of its tiles are, and none was computed for this step. */
function countPictures(
  { cache, ahead }: KeptFeatures,
  pictureTiles: readonly number[],
  units: readonly Unit[],
  found: readonly (Uint8Array | undefined)[],
): void {
  const isRead = units.map(({ name }, n) => found[n] !== undefined && !ahead.has(name));
  let first = 0;
  let read = 0;
  for (const tiles of pictureTiles) {
    const end = first + tiles;
    if (units.every(({ firstTile }, n) => firstTile < first || firstTile >= end || isRead[n])) read += 1;
    first = end;
  }
  for (const { name } of units) ahead.delete(name);
  cache!.countPictures(read, pictureTiles.length - read);
}

/** What is kept of each unit. Before anything of an earlier session is believed, one of it is computed again. */
async function lookUp(e: KeepingEncoder, units: readonly Unit[]): Promise<(Uint8Array | undefined)[]> {
  const { kept } = e;
  const cache = kept.cache!;
  const found = await Promise.all(units.map(({ name }) => cache.find(name)));
  const doubtful = found.findIndex((features) => features?.unproved);
  if (doubtful === -1) return found.map((features) => features?.bytes);
  const unit = units[doubtful]!;
  await compute(e, [unit], 0);
  const [now] = await kept.read([unit.tiles]);
  const before = found[doubtful]!.bytes;
  await cache.prove(now!.every((byte, n) => byte === before[n]));
  await cache.keep(unit.name, now!);
  return lookUp(e, units);
}

/** Features of these units into the first rows of the stage's places. */
async function place(e: KeepingEncoder, units: readonly Unit[], found: (Uint8Array | undefined)[]): Promise<void> {
  const { kept } = e;
  const unknown = found.flatMap((features, n) => (features ? [] : [n]));
  if (unknown.length === units.length) {
    await computeAll(e, units);
    kept.keepSoon(units);
    return;
  }
  const computed = [...found];
  if (unknown.length > 0) {
    // Side by side, as the tower takes them, and from there to their places among the known ones.
    const made = await computeAndKeep(
      e,
      unknown.map((n) => units[n]!),
    );
    for (const [at, bytes] of made.entries()) computed[unknown[at]!] = bytes;
  }
  let tile = 0;
  for (const [n, { tiles }] of units.entries()) {
    kept.put(tile, tiles, computed[n]!);
    tile += tiles;
  }
}

/** Through the first rows of the stage's places. */
async function computeAndKeep(e: Omit<KeepingEncoder, "at">, units: readonly Unit[]): Promise<Uint8Array[]> {
  await computeAll(e, units);
  const read = await e.kept.read(units.map(({ tiles }) => tiles));
  for (const [n, bytes] of read.entries()) await e.kept.cache!.keep(units[n]!.name, bytes);
  return read;
}

async function computeAll(e: Omit<KeepingEncoder, "at">, units: readonly Unit[]): Promise<void> {
  let tile = 0;
  for (const part of parts(e, units)) {
    await compute(e, part, tile);
    tile += tilesOf(part);
  }
}

const tilesOf = (units: readonly Unit[]): number => units.reduce((sum, { tiles }) => sum + tiles, 0);

/** Units in order, as many at a time as the encoder takes at once. */
function parts({ encoder }: Omit<KeepingEncoder, "at">, units: readonly Unit[]): Unit[][] {
  const made: Unit[][] = [];
  for (const unit of units) {
    const last = made.at(-1);
    if (last && tilesOf(last) + unit.tiles <= encoder.capacity) last.push(unit);
    else made.push([unit]);
  }
  return made;
}

/** No more tiles than the encoder takes at once, their features from tile `firstTile` on. */
async function compute(
  { encoder, kept }: Omit<KeepingEncoder, "at">,
  units: readonly Unit[],
  firstTile: number,
): Promise<void> {
  const tiles = tilesOf(units);
  const [first] = units;
  const pixels = new Uint8Array((tiles * first!.pixels.length) / first!.tiles);
  let at = 0;
  for (const unit of units) {
    pixels.set(unit.pixels, at);
    at += unit.pixels.length;
  }
  const run = { firstTile, tiles, grids: units.flatMap(({ grid }) => grid ?? []) };
  await encoder.see(encoder.pictures.normalise(pixels, tiles), run);
  if (kept.stage === "connector") await encoder.connect(run);
}
