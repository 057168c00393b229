/** The tower's switches: features against plain f64 loops, LoRA's gradients against the slope of those loops. */
import { describe, expect, test } from "vitest";
import { newCounters } from "../../gpu/buffers.ts";
import { geluReference } from "../../kernels/activation/reference.ts";
import { attentionReference } from "../../kernels/attention/reference.ts";
import { forwardReference } from "../../kernels/linear/reference.ts";
import { layerNormReference } from "../../kernels/norm/reference.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { randomTower } from "../../testing/random-weights.ts";
import { allocateAdapter, type LoraModule, moduleMatrices } from "../adapter.ts";
import { type ModuleMatrices, readAdapter, writeAdapter } from "../adapter-slabs.ts";
import { patchesPerTile, type TowerConfig, tokensPerTile, towerRowsPerTile } from "../config.ts";
import { TOWER, towerLayer } from "../names.ts";
import { configOf } from "../published.ts";
import type { Vlm } from "../vlm.ts";
import { allocateTower, tileBorders, towerBackward, towerForward } from "./tower.ts";

const bench = await testBench();

/** SigLIP's kind: 14 pixels in patches of 4, so that two lines and columns are not seen. */
const siglip: TowerConfig = {
  hiddenSize: 16,
  intermediateSize: 24,
  numLayers: 3,
  layersUsed: 2,
  numHeads: 2,
  imageSize: 14,
  patchSize: 4,
  layerNormEps: 1e-6,
  activation: "gelu_pytorch_tanh",
  classToken: "none",
  patchBias: true,
  preNorm: false,
  postNorm: true,
};
const clip: TowerConfig = {
  ...siglip,
  ...{ activation: "quick_gelu", layerNormEps: 1e-5 },
  ...{ classToken: "dropped", patchBias: false, preNorm: true, postNorm: false },
};

const lora = { rank: 2, alpha: 4, useRslora: false, targets: "all-linear" } as const;
const tiles = 2;

type Matrices = ReadonlyMap<string, { loraA: Float32Array | Float64Array; loraB: Float32Array | Float64Array }>;

/** One tile through the tower in f64. `pixels` [3, S, S]. */
function towerReference(
  c: TowerConfig,
  of: (name: string) => Float32Array,
  pixels: Float32Array,
  adapter: Matrices,
): Float64Array {
  const { hiddenSize: size, imageSize, patchSize, layerNormEps: eps } = c;
  const grid = Math.floor(imageSize / patchSize);
  const patches: number[] = [];
  for (let patch = 0; patch < grid * grid; patch++)
    for (let i = 0; i < 3 * patchSize ** 2; i++) {
      const [channel, inside] = [Math.floor(i / patchSize ** 2), i % patchSize ** 2];
      const y = Math.floor(patch / grid) * patchSize + Math.floor(inside / patchSize);
      const x = (patch % grid) * patchSize + (inside % patchSize);
      patches.push(pixels[(channel * imageSize + y) * imageSize + x]!);
    }
  const embeddings = `${TOWER}.embeddings`;
  const embedded = forwardReference(patches, of(`${embeddings}.patch_embedding.weight`), {
    ...{ rows: grid * grid, out: size, inSize: 3 * patchSize ** 2 },
    bias: c.patchBias ? of(`${embeddings}.patch_embedding.bias`) : undefined,
  });
  const classRow = c.classToken === "none" ? [] : [...of(`${embeddings}.class_embedding`)];
  const rows = tokensPerTile(c);
  let x = Float64Array.from([...classRow, ...embedded]);
  const positions = of(`${embeddings}.position_embedding.weight`);
  x = x.map((value, i) => value + positions[i]!);
  const norm = (values: Float64Array, base: string): Float64Array =>
    layerNormReference(values, of(`${base}.weight`), of(`${base}.bias`), rows, eps).y;
  const linear = (values: ArrayLike<number>, module: string, inSize: number, out: number): Float64Array => {
    const weight = Float64Array.from(of(`${module}.weight`));
    const { loraA, loraB } = adapter.get(module)!;
    for (let o = 0; o < out; o++)
      for (let i = 0; i < inSize; i++)
        for (let r = 0; r < lora.rank; r++) {
          weight[o * inSize + i]! += (lora.alpha / lora.rank) * loraB[o * lora.rank + r]! * loraA[r * inSize + i]!;
        }
    return forwardReference(values, weight, { rows, out, inSize, bias: of(`${module}.bias`) });
  };
  const sum = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + b[i]!);
  if (c.preNorm) x = norm(x, `${TOWER}.pre_layrnorm`) as typeof x;
  for (let n = 0; n < c.layersUsed; n++) {
    const base = towerLayer(n);
    const normed = norm(x, `${base}.layer_norm1`);
    const qkv = ["q", "k", "v"].map((p) => linear(normed, `${base}.self_attn.${p}_proj`, size, size));
    const packed = Array.from({ length: rows }, (_, m) => qkv.flatMap((p) => [...p.slice(m * size, (m + 1) * size)]));
    const { out } = attentionReference(packed.flat(), {
      ...{ starts: Array(rows).fill(0), ends: Array(rows).fill(rows), rows, causal: false },
      ...{ heads: c.numHeads, kvHeads: c.numHeads, headSize: size / c.numHeads },
    });
    x = sum(x, linear(out, `${base}.self_attn.out_proj`, size, size)) as typeof x;
    const wide = linear(norm(x, `${base}.layer_norm2`), `${base}.mlp.fc1`, size, c.intermediateSize);
    const active = wide.map((value) => geluReference(value, c.activation));
    x = sum(x, linear(active, `${base}.mlp.fc2`, c.intermediateSize, size)) as typeof x;
  }
  if (c.postNorm) x = norm(x, `${TOWER}.post_layernorm`) as typeof x;
  return c.classToken === "dropped" ? x.slice(size) : x;
}

describe.each<[string, TowerConfig]>([
  ["SigLIP, behind its last norm", siglip],
  ["SigLIP, before its last norm", { ...siglip, postNorm: false }],
  ["CLIP, without its class token", clip],
  ["CLIP, with its class token", { ...clip, classToken: "kept" }],
  ["a class token and a last norm", { ...clip, postNorm: true }],
])("%s", (_, tower) => {
  test.each(["keep", "recompute"] as const)("features and LoRA's gradients (%s)", async (backward) => {
    const { tensors, build, weights } = await randomTower(bench, tower);
    const of = (name: string): Float32Array => tensors.get(name)!.values;
    // Layers behind the last that is run, and a last norm that is not taken, have no place.
    expect(build.fills.size).toBeLessThan(tensors.size);

    const model = { gpu: bench.gpu, counters: newCounters() } as Vlm;
    const config = { ...configOf("bczhou/tiny-llava-v1-hf"), tower };
    const small = { ...config, decoder: { ...config.decoder, numLayers: 0 } };
    const adapter = allocateAdapter(bench.arena, small, lora, { training: true });
    const given = adapter.params.map(({ length }, n) => randomArray(length, 100 + n, 0.3));
    writeAdapter(model, adapter, (m: LoraModule) => moduleMatrices(m, lora.rank, given));
    const matrices: Matrices = new Map(
      adapter.modules.map((m) => [m.module, moduleMatrices(m, lora.rank, given)] as const),
    );

    const kept = allocateTower(bench.arena, tower, {
      ...{ tiles, rank: lora.rank, backward, dropout: false, droppedLeast: 0 },
    });
    const { starts, ends } = tileBorders(tower, tiles);
    const area = 3 * tower.imageSize ** 2;
    const pixels = randomArray(tiles * area, 7);
    const perTile = towerRowsPerTile(tower) * tower.hiddenSize;
    const dFeatures = randomArray(tiles * perTile, 8);
    for (const [place, values] of [
      [kept.starts, starts],
      [kept.ends, ends],
      [kept.pixels, pixels],
      [kept.gradients!.dFeatures, dFeatures],
    ] as const) {
      bench.gpu.device.queue.writeBuffer(place.buffer, place.offset, values as Float32Array<ArrayBuffer>);
    }
    const pass = { config: tower, weights, kept, lora: adapter.vision!.layers, tiles, dropout: undefined };
    const [features] = await bench.run(
      (r) => {
        towerForward(r, pass);
        towerBackward(r, pass);
      },
      [kept.features],
    );
    expect(patchesPerTile(tower)).toBe(9);
    const reference = (with_: Matrices): Float64Array =>
      Float64Array.from(
        Array.from({ length: tiles }, (_, t) => [
          ...towerReference(tower, of, pixels.subarray(t * area, (t + 1) * area), with_),
        ]).flat(),
      );
    expect(relativeError(features!, reference(matrices))).toBeLessThan(2e-6);

    const gradients = new Map((await readAdapter(model, adapter, adapter.grads)).map((m) => [m.module, m]));
    const loss = (with_: Matrices): number =>
      reference(with_).reduce((sum, value, i) => sum + value * dFeatures[i]!, 0);
    /** The slope of the loss along one element of a module's matrix. */
    const slope = (module: string, part: "loraA" | "loraB", at: number): number => {
      const step = 1e-4;
      const moved = (by: number): number => {
        const own = { ...matrices.get(module)! };
        own[part] = Float64Array.from(own[part]);
        own[part][at]! += by;
        return loss(new Map(matrices).set(module, own));
      };
      return (moved(step) - moved(-step)) / (2 * step);
    };
    const modules = ["self_attn.q_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2"];
    for (const module of [0, 1].flatMap((n) => modules.map((name) => `${towerLayer(n)}.${name}`))) {
      const got = gradients.get(module) as ModuleMatrices;
      for (const part of ["loraA", "loraB"] as const) {
        const largest = Math.max(...got[part].map(Math.abs));
        for (const at of [3, 12]) {
          const error = Math.abs(got[part][at]! - slope(module, part, at)) / largest;
          expect(error, `${module} ${part} ${at}`).toBeLessThan(1e-4);
        }
      }
    }
  });
});
