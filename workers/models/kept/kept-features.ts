/**
 * Features of frozen stages are computed once: a tile that was seen before gets them from a cache, and neither tower nor connector runs
 * for it. They are kept as they lie on the GPU, f32, so that a step with them is the step without, to the bit.
 */
import { type Allocator, type Counters, type Tensor, write } from "../../gpu/buffers.ts";
import type { Gpu } from "../../gpu/device.ts";
import { type Staging, stagingIn } from "../../gpu/staging.ts";
import type { Adapter } from "../adapter.ts";
import { featuresPerTile, towerRowsPerTile, type VlmConfig } from "../config.ts";
import type { FeatureCache } from "./feature-cache.ts";

export type KeptStage = "tower" | "connector";

/** Bytes that are read at once: small tiles share a wait, and the plan hardly grows. */
const READ_BYTES = 4e6;

/** Words that a stage gives for a tile. */
export function stageWords(config: VlmConfig, stage: KeptStage): number {
  const { tower, connector } = config;
  return stage === "tower" ? towerRowsPerTile(tower) * tower.hiddenSize : featuresPerTile(config) * connector.outSize;
}

/**
 * Whose output is kept: the connector's, which is what the language model takes, so that nothing at all is left to do; SmolVLM's is 21
 * times smaller than its tower's. The tower's where the connector learns, or where it is the smaller: a connector widens LLaVA-1.5's
 * rows from 1024 to 4096, and computing it again (7 % of the tower's work) costs less than keeping four times the bytes.
 * Nothing where an adapter changes the tower itself.
 */
export function keptStage(
  config: VlmConfig,
  adapter: Pick<Adapter, "vision" | "connector"> | undefined,
): KeptStage | undefined {
  if (adapter?.vision) return undefined;
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
  /** Words of a tile's features. */
  words: number;
  /** Where the stage leaves them, tile after tile. */
  place: Tensor;
  /** The rest of the pass overwrites that place. */
  fleeting: boolean;
  reading: Tensor;
  /** Hash of all that decides their bits; it reads through `staging`, so many bytes at once. */
  identity: (staging: Staging, bytes: number) => Promise<string>;
}

/** Opens what features of this identity are kept in. */
export type OpenFeatures = (of: { identity: string; tileBytes: number }) => Promise<FeatureCache>;

/** The way between a cache and the place on the GPU where a pass expects features. */
export class KeptFeatures {
  readonly stage: KeptStage;
  readonly fleeting: boolean;
  /** None until `open`: then everything is computed. */
  cache: FeatureCache | undefined;
  /** Tiles that were computed for the passes to come. */
  readonly ahead = new Set<string>();
  readonly #parts: KeptFeaturesParts;
  readonly #staging: Staging;
  readonly #atOnce: number;
  /** What is read while the step goes on. */
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: KeptFeaturesParts) {
    const { gpu, counters, stage, reading, words } = parts;
    this.stage = stage;
    this.fleeting = parts.fleeting;
    this.#parts = parts;
    this.#staging = stagingIn(gpu, counters, reading.buffer);
    this.#atOnce = Math.floor(reading.length / words);
  }

  async open(open: OpenFeatures): Promise<void> {
    const { identity, words, reading } = this.#parts;
    this.cache = await open({ identity: await identity(this.#staging, 4 * reading.length), tileBytes: 4 * words });
  }

  /** Queues a tile's features into row `tile` of the place. */
  put(tile: number, bytes: Uint8Array): void {
    const { gpu, counters, place, words } = this.#parts;
    write(gpu, place, bytes, counters, tile * words);
  }

  /** The first tiles' features, as the GPU has them once it is through with what was sent. */
  async read(tiles: number): Promise<Uint8Array[]> {
    const { place, words } = this.#parts;
    const read: Uint8Array[] = [];
    for (let first = 0; first < tiles; first += this.#atOnce) {
      const count = Math.min(this.#atOnce, tiles - first);
      const from = { ...place, offset: place.offset + 4 * words * first, length: count * words };
      const bytes = await this.#staging.read([from, 4 * words * count]);
      // Copies of their own: one that stays in memory would keep them all there.
      for (let n = 0; n < count; n++) read.push(new Uint8Array(bytes.slice(4 * words * n, 4 * words * (n + 1))));
    }
    return read;
  }

  /** Keeps the first tiles' features under these hashes, while the step goes on: `settled` waits for it. */
  keepSoon(hashes: readonly string[]): void {
    const keep = async (): Promise<void> => {
      const read = await this.read(hashes.length);
      for (const [n, bytes] of read.entries()) await this.cache!.keep(hashes[n]!, bytes);
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
