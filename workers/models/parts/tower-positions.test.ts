/** A tile's features are the same bits wherever it lies among others: they may be kept and read again. */
import { expect, test } from "vitest";
import { forcedVariants } from "../../kernels/select.ts";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { randomTower } from "../../testing/random-weights.ts";
import { type TowerConfig, tokensPerTile, towerRowsPerTile } from "../config.ts";
import { allocateTower, tileBorders, towerForward } from "./tower.ts";

const bench = await testBench();

/** 50 tokens: neither 4 nor 32, the blocks of rows of the two families, divide them. */
const tower: TowerConfig = {
  ...{ hiddenSize: 16, intermediateSize: 24, numLayers: 3, layersUsed: 2, numHeads: 2 },
  ...{ imageSize: 28, patchSize: 4, layerNormEps: 1e-5, activation: "quick_gelu" },
  ...{ classToken: "dropped", patchBias: false, preNorm: true, postNorm: false },
};
const TILES = 3;

test.each([
  ["software", forcedVariants("software", "software")],
  ["gpu", forcedVariants("32x32", "gpu")],
] as const)("%s kernels", async (_, variants) => {
  const { weights } = await randomTower(bench, tower);
  const kept = allocateTower(bench.arena, tower, {
    ...{ tiles: TILES, rank: 0, backward: "none", dropout: false, droppedLeast: 0 },
  });
  const { queue } = bench.gpu.device;
  const { starts, ends } = tileBorders(tower, TILES);
  queue.writeBuffer(kept.starts.buffer, kept.starts.offset, starts as Uint32Array<ArrayBuffer>);
  queue.writeBuffer(kept.ends.buffer, kept.ends.offset, ends as Uint32Array<ArrayBuffer>);
  const area = 3 * tower.imageSize ** 2;
  const pixels = randomArray(TILES * area, 7);
  const perTile = towerRowsPerTile(tower) * tower.hiddenSize;
  expect(tokensPerTile(tower)).toBe(50);

  /** Features of these tiles, laid in this order. */
  const featuresOf = async (order: number[]): Promise<Float32Array> => {
    const laid = new Float32Array(order.length * area);
    for (const [at, tile] of order.entries()) laid.set(pixels.subarray(tile * area, (tile + 1) * area), at * area);
    queue.writeBuffer(kept.pixels.buffer, kept.pixels.offset, laid);
    const pass = { config: tower, weights, kept, lora: undefined, tiles: order.length, dropout: undefined };
    const [features] = await bench.run((r) => towerForward(r, pass), [kept.features], {}, variants);
    return features!.slice(0, order.length * perTile);
  };
  const alone = [await featuresOf([0]), await featuresOf([1]), await featuresOf([2])];
  for (const order of [
    [0, 1],
    [2, 0, 1],
    [1, 1, 2],
  ]) {
    const together = await featuresOf(order);
    for (const [at, tile] of order.entries()) {
      expect(together.slice(at * perTile, (at + 1) * perTile), `tile ${tile} of ${order}`).toEqual(alone[tile]);
    }
  }
});
