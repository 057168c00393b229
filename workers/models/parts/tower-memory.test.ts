/** Where no backward follows, a tower's layers work in memory that is used again and again, the MLP in chunks: the features are those of memory used once, to the bit. */
import { describe, expect, test } from "vitest";
import { newCounters, Planner } from "../../gpu/buffers.ts";
import { sharedMemory } from "../../gpu/shared-memory.ts";
import { forcedVariants } from "../../kernels/select.ts";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { randomTower } from "../../testing/random-weights.ts";
import { allocateAdapter, moduleMatrices } from "../adapter.ts";
import { writeAdapter } from "../adapter-slabs.ts";
import { type TowerConfig, tokensPerTile, towerRowsPerTile } from "../config.ts";
import { configOf } from "../published.ts";
import type { Vlm } from "../vlm.ts";
import { allocateTower, tileBorders, towerForward, towerPhases } from "./tower.ts";

const bench = await testBench();

/** Four times as wide within as without, as published towers are, so that the MLP takes its rows in two chunks. */
const siglip: TowerConfig = {
  ...{ hiddenSize: 16, intermediateSize: 64, numLayers: 3, layersUsed: 3, numHeads: 2 },
  ...{ imageSize: 28, patchSize: 4, layerNormEps: 1e-6, activation: "gelu_pytorch_tanh" },
  ...{ classToken: "none", patchBias: true, preNorm: false, postNorm: true },
};
const clip: TowerConfig = {
  ...siglip,
  ...{ activation: "quick_gelu", classToken: "dropped", patchBias: false, preNorm: true, postNorm: false },
};
const lora = { rank: 4, alpha: 8, useRslora: false, targets: "all-linear" } as const;
const TILES = 4;
const capacity = { tiles: TILES, rank: lora.rank, dropout: false, droppedLeast: 0 };

describe.each([
  ["SigLIP", siglip],
  ["CLIP", clip],
] as const)("%s", (_, tower) => {
  test.each([
    ["software", forcedVariants("software", "software")],
    ["gpu", forcedVariants("32x32", "gpu")],
  ] as const)("%s kernels", async (_, variants) => {
    const { weights } = await randomTower(bench, tower);
    const config = { ...configOf("bczhou/tiny-llava-v1-hf"), tower };
    const small = { ...config, decoder: { ...config.decoder, numLayers: 0 } };
    const adapter = allocateAdapter(bench.arena, small, lora, { training: false });
    const given = adapter.params.map(({ length }, n) => randomArray(length, 100 + n, 0.3));
    writeAdapter({ gpu: bench.gpu, counters: newCounters() } as Vlm, adapter, (m) =>
      moduleMatrices(m, lora.rank, given),
    );
    const apart = allocateTower(bench.arena, tower, { ...capacity, backward: "keep" });
    const lean = sharedMemory(bench.arena, towerPhases, ({ kept, ...phases }) =>
      allocateTower(kept, tower, { ...capacity, backward: "none" }, { phases }),
    );
    expect(apart.layers[0]!.chunks.length).toBe(1);
    expect(lean.layers[0]!.chunks.length).toBe(2);
    const { starts, ends } = tileBorders(tower, TILES);
    const pixels = randomArray(TILES * 3 * tower.imageSize ** 2, 7);
    const featuresOf = async (kept: typeof lean, tiles: number, adapted: boolean): Promise<Float32Array> => {
      for (const [place, values] of [
        [kept.starts, starts],
        [kept.ends, ends],
        [kept.pixels, pixels],
      ] as const) {
        bench.gpu.device.queue.writeBuffer(place.buffer, place.offset, values as Float32Array<ArrayBuffer>);
      }
      const pass = { config: tower, weights, kept, lora: adapted ? adapter.vision!.layers : undefined, tiles };
      const [features] = await bench.run(
        (r) => towerForward(r, { ...pass, dropout: undefined }),
        [kept.features],
        {},
        variants,
      );
      return features!.slice(0, tiles * towerRowsPerTile(tower) * tower.hiddenSize);
    };
    // One tile leaves the second chunk nothing to do.
    for (const tiles of [TILES, 1])
      for (const adapted of [false, true]) {
        const expected = await featuresOf(apart, tiles, adapted);
        expect(new Set(expected).size).toBeGreaterThan(expected.length / 2);
        expect(await featuresOf(lean, tiles, adapted), `${tiles} tiles, adapted ${adapted}`).toEqual(expected);
      }
  });
});

test.each([
  // q|k|v, which is three, the layer's input and a norm's rows; of tiles also what patches are made of.
  ["Qwen/Qwen3-VL-2B-Instruct", 1000, 5.2],
  ["bczhou/tiny-llava-v1-hf", 8, 6.3],
] as const)("%s: the tower takes so many times its layer's input", (repo, tiles, times) => {
  const { tower } = configOf(repo);
  const planner = new Planner();
  sharedMemory(planner, towerPhases, ({ kept, ...phases }) =>
    allocateTower(kept, tower, { ...capacity, tiles, rank: 0, backward: "none" }, { phases }),
  );
  const input = 4 * tiles * tokensPerTile(tower) * tower.hiddenSize;
  expect(planner.totalBytes / input).toBeLessThan(times);
});
