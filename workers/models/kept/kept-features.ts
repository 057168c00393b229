/**
 * Features of frozen stages are computed once: a tile that was seen before gets them from a cache, and neither tower nor connector runs
 * for it. They are kept as they lie on the GPU, f32, so that a step with them is the step without, to the bit.
 */
import { type Allocator, type Counters, type Tensor, write } from "../../gpu/buffers.ts";
import type { Gpu } from "../../gpu/device.ts";
import { type Staging, stagingIn } from "../../gpu/staging.ts";
import type { Adapter } from "../adapter.ts";
import { deepstackOf, featuresPerTile, towerRowsPerTile, type VlmConfig } from "../config.ts";
import type { FeatureCache } from "./feature-cache.ts";

export type KeptStage = "tower" | "connector";

/** Bytes that are read at once: small tiles share a wait, and the plan hardly grows. */
const READ_BYTES = 4e6;

/** Words that a stage gives for a tile; of layers in between too. */
export function stageWords(config: VlmConfig, stage: KeptStage): number {
  const { tower, connector } = config;
  if (stage === "tower") return towerRowsPerTile(tower) * tower.hiddenSize;
  return featuresPerTile(config) * connector.outSize * (1 + deepstackOf(config).length);
}

/**
 * Whose output is kept: the connector's, which is what the language model takes, so that nothing at all is left to do; SmolVLM's is 21
 * times smaller than its tower's. The tower's where the connector learns, or where it is the smaller: a connector widens LLaVA-1.5's
 * rows from 1024 to 4096, and computing it again (7 % of the tower's work) costs less than keeping four times the bytes.
 * Nothing where an adapter changes the tower itself. Where layers in between give features as well, their connectors have run with the
 * tower: those features are kept with the connector's, and nothing where it learns.
 */
export function keptStage(
  config: VlmConfig,
  adapter: Pick<Adapter, "vision" | "connector"> | undefined,
): KeptStage | undefined {
  if (adapter?.vision) return undefined;
  if (deepstackOf(config).length > 0) return adapter?.connector ? undefined : "connector";
  const wider = stageWords(config, "connector") > stageWords(config, "tower");
  return adapter?.connector || wider ? "tower" : "connector";
}

/** What features are read through, for passes of at most so many tiles. */
export function allocateReading(alloc: Allocator, config: VlmConfig, tiles: number, stage: KeptStage): Tensor {
  const words = stageWords(config, stage);
  const atOnce = Math.max(1, Math.min(tiles, Math.floor(READ_BYTES / (4 * words))));
  return alloc.tensor("vision/features to read", atOnce * words, "to read");
}

export interface KeptFeaturesParts {
  gpu: Gpu;
  counters: Counters;
  stage: KeptStage;
  /** Words of a tile's features, in all places together. */
  words: number;
  /** Where the stage leaves them, tile after tile, as many words a tile in each. */
  places: readonly Tensor[];
  /** The rest of the pass overwrites these places. */
  fleeting: boolean;
  reading: Tensor;
  /** Hash of all that decides their bits; it reads through `staging`, so many bytes at once. */
  identity: (staging: Staging, bytes: number) => Promise<string>;
}

/** Opens what features of this identity are kept in. */
export type OpenFeatures = (of: { identity: string; tileBytes: number }) => Promise<FeatureCache>;

/** The way between a cache and the places on the GPU where a pass expects features. What is kept has place after place. */
export class KeptFeatures {
  readonly stage: KeptStage;
  readonly fleeting: boolean;
  /** None until `open`: then everything is computed. */
  cache: FeatureCache | undefined;
  /** Tiles that were computed for the passes to come. */
  readonly ahead = new Set<string>();
  readonly #parts: KeptFeaturesParts;
  readonly #staging: Staging;
  /** Words of a tile in one place, and tiles of one place that are read at once. */
  readonly #each: number;
  readonly #atOnce: number;
  /** What is read while the step goes on. */
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: KeptFeaturesParts) {
    const { gpu, counters, stage, reading, words, places } = parts;
    this.stage = stage;
    this.fleeting = parts.fleeting;
    this.#parts = parts;
    this.#staging = stagingIn(gpu, counters, reading.buffer);
    this.#each = words / places.length;
    this.#atOnce = Math.floor(reading.length / this.#each);
  }

  async open(open: OpenFeatures): Promise<void> {
    const { identity, words, reading } = this.#parts;
    this.cache = await open({ identity: await identity(this.#staging, 4 * reading.length), tileBytes: 4 * words });
  }

  /** Queues the features of so many tiles, from tile `first` of the places on. */
  put(first: number, tiles: number, bytes: Uint8Array): void {
    const { gpu, counters, places } = this.#parts;
    const size = 4 * this.#each * tiles;
    for (const [n, place] of places.entries()) {
      write(gpu, place, bytes.subarray(n * size, (n + 1) * size), counters, first * this.#each);
    }
  }

  /**
   * The features of the first tiles, as the GPU has them once it is through with what was sent: as many tiles as each of `units` says,
   * each with memory of its own: what is kept of one must not keep all of them in memory.
   */
  async read(units: readonly number[]): Promise<Uint8Array[]> {
    const { places } = this.#parts;
    const each = 4 * this.#each;
    const tiles = units.reduce((sum, count) => sum + count, 0);
    const read = units.map((count) => new Uint8Array(count * each * places.length));
    /** Of each tile: what takes it, and which of its tiles it is. */
    const to = units.flatMap((count, n) => Array.from({ length: count }, (_, i) => ({ unit: read[n]!, count, i })));
    for (const [p, place] of places.entries())
      for (let first = 0; first < tiles; first += this.#atOnce) {
        const count = Math.min(this.#atOnce, tiles - first);
        const from = { ...place, offset: place.offset + each * first, length: (count * each) / 4 };
        const bytes = new Uint8Array(await this.#staging.read([from, each * count]));
        for (let n = 0; n < count; n++) {
          const { unit, count: own, i } = to[first + n]!;
          unit.set(bytes.subarray(each * n, each * (n + 1)), (p * own + i) * each);
        }
      }
    return read;
  }

  /** Keeps the first tiles' features under the names of these, one after the other, while the step goes on: `settled` waits for it. */
  keepSoon(units: readonly { name: string; tiles: number }[]): void {
    const keep = async (): Promise<void> => {
      const read = await this.read(units.map(({ tiles }) => tiles));
      for (const [n, bytes] of read.entries()) await this.cache!.keep(units[n]!.name, bytes);
    };
    this.#reading = keep();
    // Whoever waits next is told: until then it is not unhandled.
    this.#reading.catch(() => undefined);
  }

  /** Nothing is read from the place any more: it may be written. */
  settled(): Promise<void> {
    return this.#reading;
  }

  /** Resolves when what was kept is stored. A lost GPU is told by whoever used it. */
  async close(): Promise<void> {
    await this.#reading.catch(() => undefined);
    await this.cache?.flush();
  }
}
