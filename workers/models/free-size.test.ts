/**
 * A tower that sees pictures whole, with features of layers in between: against plain f64 loops over each picture alone, LoRA's gradients
 * against the slope of those loops. transformers: models/qwen3_vl/modeling_qwen3_vl.py, Qwen3VLVisionModel.
 */
import { describe, expect, test } from "vitest";
import type { Grid } from "../data/pictures/format.ts";
import { newCounters, type Tensor } from "../gpu/buffers.ts";
import { geluReference } from "../kernels/activation/reference.ts";
import { attentionReference } from "../kernels/attention/reference.ts";
import { forwardReference } from "../kernels/linear/reference.ts";
import { layerNormReference } from "../kernels/norm/reference.ts";
import { forcedVariants } from "../kernels/select.ts";
import { randomArray, relativeError, testBench } from "../testing/gpu.ts";
import { factsOf, fillAll, randomTensors } from "../testing/random-weights.ts";
import { KEEP, RECOMPUTE } from "./activations.ts";
import { allocateAdapter, type LoraModule, moduleMatrices } from "./adapter.ts";
import { readAdapter, writeAdapter } from "./adapter-slabs.ts";
import { type ConnectorConfig, deepstackOf, type FreeSize, type TowerConfig, type VlmConfig } from "./config.ts";
import { CONNECTOR, deepstackConnector, TOWER, towerLayer } from "./names.ts";
import { connectorWeights } from "./parts/connector.ts";
import { placesOf, rotaryOf } from "./parts/picture-places.ts";
import { towerWeights } from "./parts/tower.ts";
import { tilesIn } from "./picture-runs.ts";
import { configOf } from "./published.ts";
import {
  allocateVision,
  recordConnector,
  recordTower,
  recordVisionBackward,
  type VisionActivations,
} from "./vision.ts";
import type { Vlm } from "./vlm.ts";
import { WeightBuilder } from "./weight-builder.ts";

const bench = await testBench();

const tower: TowerConfig & { freeSize: FreeSize } = {
  ...{ hiddenSize: 16, intermediateSize: 24, numLayers: 3, layersUsed: 3, numHeads: 2 },
  // A tile is 2 x 2 patches.
  ...{ imageSize: 4, patchSize: 2, frames: 2, layerNormEps: 1e-6, activation: "gelu_pytorch_tanh" },
  ...{ classToken: "none", patchBias: true, preNorm: false, postNorm: false },
  freeSize: { tableSide: 5, ropeTheta: 100 },
  modules: { norm1: "norm1", norm2: "norm2", qkv: ["attn.qkv"], out: "attn.proj", fc1: "mlp.fc1", fc2: "mlp.fc2" },
};
const connector: ConnectorConfig = {
  ...{ inSize: 16, outSize: 12, shuffle: 2, hiddenSize: 20, activation: "gelu", bias: true },
  modules: ["fc1", "fc2"],
  norm: { over: "rows", eps: 1e-6 },
};
const between: ConnectorConfig = { ...connector, norm: { over: "shuffled", eps: 1e-6 } };
const base = configOf("bczhou/tiny-llava-v1-hf");
const config: VlmConfig = {
  ...{ ...base, tower, connector, decoder: { ...base.decoder, numLayers: 0 } },
  // The last layer's output too: what comes behind it is the connector.
  deepstack: [
    { layer: 0, connector: between },
    { layer: 2, connector: between },
  ],
  names: [
    ["vision_tower.", ["vision_tower."]],
    [`${CONNECTOR}.`, [`${CONNECTOR}.`]],
    ["deepstack_connectors.", ["deepstack_connectors."]],
  ],
};
const grids: Grid[] = [
  { rows: 2, columns: 3 },
  { rows: 1, columns: 5 },
  { rows: 4, columns: 3 },
];
const tiles = grids.reduce((sum, grid) => sum + tilesIn(grid), 0);
const area = 3 * tower.imageSize ** 2;
const lora = { rank: 4, alpha: 8, useRslora: false, targets: "all-linear" } as const;

const tensors = new Map([
  ...randomTensors(config, "vision_tower"),
  ...randomTensors(config, CONNECTOR),
  ...randomTensors(config, "deepstack_connectors"),
]);
const of = (name: string): Float32Array => tensors.get(name)!.values;

type Matrices = ReadonlyMap<string, { loraA: ArrayLike<number>; loraB: ArrayLike<number> }>;
const noAdapter: Matrices = new Map();

function linear(x: ArrayLike<number>, module: string, adapter: Matrices, inSize: number, out: number): Float64Array {
  const weight = Float64Array.from(of(`${module}.weight`));
  const own = adapter.get(module);
  for (let o = 0; own && o < out; o++)
    for (let i = 0; i < inSize; i++)
      for (let r = 0; r < lora.rank; r++) {
        weight[o * inSize + i]! +=
          (lora.alpha / lora.rank) * own.loraB[o * lora.rank + r]! * own.loraA[r * inSize + i]!;
      }
  return forwardReference(x, weight, { rows: x.length / inSize, out, inSize, bias: of(`${module}.bias`) });
}

const norm = (x: Float64Array, module: string, size: number): Float64Array =>
  layerNormReference(x, of(`${module}.weight`), of(`${module}.bias`), x.length / size, 1e-6).y;

/** Row and column of each patch, tile by tile. */
const places = ({ rows, columns }: Grid): [row: number, column: number][] =>
  Array.from({ length: 4 * rows * columns }, (_, i) => {
    const tile = Math.floor(i / 4);
    const [row, column] = [Math.floor(tile / columns), tile % columns];
    return [2 * row + (Math.floor(i / 2) % 2), 2 * column + (i % 2)];
  });

/** The learned positions of a picture: the map of 5 x 5 stretched over its patches, corner on corner. */
function positionsOf(grid: Grid): number[] {
  const map = of(`${TOWER}.embeddings.position_embedding.weight`);
  const size = tower.hiddenSize;
  return places(grid).flatMap(([row, column]) => {
    const y = (row * 4) / (2 * grid.rows - 1);
    const x = (column * 4) / (2 * grid.columns - 1);
    const near = (a: number, b: number): number => Math.max(0, 1 - Math.abs(a - b));
    return Array.from({ length: size }, (_, e) => {
      let sum = 0;
      for (let i = 0; i < 25; i++) sum += near(y, Math.floor(i / 5)) * near(x, i % 5) * map[i * size + e]!;
      return sum;
    });
  });
}

/** [rows, 3 C] with query and key heads turned: of a head's 4 pairs (i, i + 4) two by the row, two by the column. */
function turned(qkv: Float64Array, grid: Grid): Float64Array {
  const out = Float64Array.from(qkv);
  for (const [m, place] of places(grid).entries())
    for (let head = 0; head < 4; head++)
      for (let i = 0; i < 4; i++) {
        const angle = place[i < 2 ? 0 : 1]! * 100 ** (-(i % 2) / 2);
        const at = m * 48 + head * 8 + i;
        const [a, b] = [qkv[at]!, qkv[at + 4]!];
        out[at] = a * Math.cos(angle) - b * Math.sin(angle);
        out[at + 4] = b * Math.cos(angle) + a * Math.sin(angle);
      }
  return out;
}

/** The features of one picture, and those of layers in between. */
function reference(pixels: Float32Array, grid: Grid, adapter: Matrices): Float64Array[] {
  const [c, f, count] = [tower.hiddenSize, tower.intermediateSize, 4 * tilesIn(grid)];
  const patches: number[] = [];
  for (let patch = 0; patch < count; patch++)
    for (let i = 0; i < 24; i++) {
      const [channel, y, x] = [Math.floor(i / 8), Math.floor(i / 2) % 2, i % 2];
      const [line, column] = [2 * (Math.floor(patch / 2) % 2) + y, 2 * (patch % 2) + x];
      patches.push(pixels[((Math.floor(patch / 4) * 3 + channel) * 4 + line) * 4 + column]!);
    }
  const merged = (x: Float64Array, module: string, cfg: ConnectorConfig): Float64Array => {
    const normed = norm(x, `${module}.norm`, cfg.norm!.over === "rows" ? c : 4 * c);
    const hidden = linear(normed, `${module}.fc1`, adapter, 4 * c, 20).map((v) => geluReference(v, "gelu"));
    return linear(hidden, `${module}.fc2`, adapter, 20, 12);
  };
  const learned = positionsOf(grid);
  const embedded = linear(patches, `${TOWER}.embeddings.patch_embedding`, noAdapter, 24, c);
  let x = embedded.map((v, i) => v + learned[i]!);
  const features: Float64Array[] = [];
  for (let n = 0; n < tower.layersUsed; n++) {
    const layer = towerLayer(n);
    const qkv = turned(linear(norm(x, `${layer}.norm1`, c), `${layer}.attn.qkv`, adapter, c, 3 * c), grid);
    const { out } = attentionReference(qkv, {
      ...{ starts: Array(count).fill(0), ends: Array(count).fill(count), rows: count, causal: false },
      ...{ heads: 2, kvHeads: 2, headSize: 8 },
    });
    const attended = linear(out, `${layer}.attn.proj`, adapter, c, c);
    x = x.map((v, i) => v + attended[i]!);
    const wide = linear(norm(x, `${layer}.norm2`, c), `${layer}.mlp.fc1`, adapter, c, f);
    const active = wide.map((v) => geluReference(v, tower.activation));
    const mlp = linear(active, `${layer}.mlp.fc2`, adapter, f, c);
    x = x.map((v, i) => v + mlp[i]!);
    for (const [k, d] of deepstackOf(config).entries()) {
      if (d.layer === n) features[1 + k] = merged(x, deepstackConnector(k), d.connector);
    }
  }
  features[0] = merged(x, CONNECTOR, connector);
  return features;
}

const pixels = randomArray(tiles * area, 7);
const pixelsOf = (n: number): Float32Array => {
  const first = grids.slice(0, n).reduce((sum, grid) => sum + tilesIn(grid), 0);
  return pixels.subarray(first * area, (first + tilesIn(grids[n]!)) * area);
};
/** All pictures: [main, the first between, the second], each [tiles, 12]. */
const allOf = (adapter: Matrices): Float64Array[] => {
  const each = grids.map((grid, n) => reference(pixelsOf(n), grid, adapter));
  return [0, 1, 2].map((k) => Float64Array.from(each.flatMap((f) => [...f[k]!])));
};

const put = (tensor: Tensor, values: ArrayBufferView): void =>
  bench.gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, values as Float32Array<ArrayBuffer>);

function putPictures(kept: VisionActivations, own: readonly Grid[], values: Float32Array): void {
  const at = placesOf(tower, own);
  put(kept.tower.starts, at.starts);
  put(kept.tower.ends, at.ends);
  put(kept.tower.places!.positions, at.positions);
  put(kept.tower.places!.taps.rows, at.taps.rows);
  put(kept.tower.places!.taps.weights, at.taps.weights);
  put(kept.tower.places!.rotary, rotaryOf(tower, tiles));
  put(kept.tower.pixels, values);
}

const build = new WeightBuilder(bench.arena, factsOf(tensors), config.names, undefined);
const weights = {
  tower: towerWeights(build, tower),
  connector: connectorWeights(build, connector),
  deepstack: deepstackOf(config).map((d, k) => connectorWeights(build, d.connector, deepstackConnector(k))),
};
await fillAll(bench.gpu, build, tensors);

const tables = [0, 1, 2].map((k) => bench.arena.tensor(`features ${k}`, tiles * 12));
const pass = (kept: VisionActivations, count: number) => ({
  ...{ config, weights, kept, lora: undefined, connector: undefined, tiles: count, pictures: 3 },
});

describe.each([
  ["software", forcedVariants("software", "software")],
  ["gpu", forcedVariants("32x32", "gpu")],
] as const)("%s kernels", (_, variants) => {
  test("features of three pictures in one pass, and of each alone", async () => {
    const kept = allocateVision(bench.arena, config, tiles);
    const run = async (own: readonly Grid[], values: Float32Array): Promise<Float32Array[]> => {
      putPictures(kept, own, values);
      const count = own.reduce((sum, grid) => sum + tilesIn(grid), 0);
      const got = await bench.run(
        (r) => {
          recordTower(r, pass(kept, count), { tables: tables.slice(1), row: 0 });
          recordConnector(r, tables[0]!, 0, pass(kept, count));
        },
        tables,
        {},
        variants,
      );
      return got.map((table) => table.slice(0, count * 12));
    };
    const together = await run(grids, pixels);
    const expected = allOf(noAdapter);
    for (const [k, table] of together.entries()) expect(relativeError(table, expected[k]!)).toBeLessThan(2e-6);
    let first = 0;
    for (const [n, grid] of grids.entries()) {
      const alone = await run([grid], pixelsOf(n));
      const end = first + tilesIn(grid);
      // To the bit, so that they may be kept and read again.
      for (const [k, table] of alone.entries()) expect(table).toEqual(together[k]!.slice(12 * first, 12 * end));
      first = end;
    }
  });
});

test.each([
  ["keep", KEEP],
  ["recompute", RECOMPUTE],
])("LoRA's gradients in tower and all connectors (%s)", async (_, policy) => {
  const model = { gpu: bench.gpu, counters: newCounters() } as Vlm;
  const adapter = allocateAdapter(bench.arena, config, lora, { training: true });
  const given = adapter.params.map(({ length }, n) => randomArray(length, 100 + n, 0.3));
  writeAdapter(model, adapter, (m: LoraModule) => moduleMatrices(m, lora.rank, given));
  const matrices: Matrices = new Map(adapter.modules.map((m) => [m.module, moduleMatrices(m, lora.rank, given)]));
  const kept = allocateVision(bench.arena, config, tiles, { lora, policy });
  putPictures(kept, grids, pixels);
  // Feature i is read by token i + 1; the last by none.
  const rows = Int32Array.from({ length: tiles }, (_, i) => (i === tiles - 1 ? -1 : i + 1));
  for (const c of [kept.connector, ...kept.deepstack]) put(c.gradients!.featureRows, rows);
  const dTokens = [0, 1, 2].map((k) => randomArray((tiles + 1) * 12, 20 + k));
  const [main, ...inBetween] = dTokens.map((values, k) => bench.arena.upload(`dTokens ${k}`, values));
  const learning = { ...pass(kept, tiles), lora: adapter.vision };
  const got = await bench.run((r) => {
    recordTower(r, learning, { tables: tables.slice(1), row: 0 });
    recordConnector(r, tables[0]!, 0, learning);
    recordVisionBackward(r, main!, inBetween, learning);
  }, tables);
  const expected = allOf(matrices);
  for (const [k, table] of got.entries()) expect(relativeError(table, expected[k]!)).toBeLessThan(2e-6);

  const gradients = new Map((await readAdapter(model, adapter, adapter.grads)).map((m) => [m.module, m]));
  const loss = (adapted: Matrices): number =>
    allOf(adapted).reduce(
      (sum, table, k) =>
        table.slice(0, (tiles - 1) * 12).reduce((s, value, i) => s + value * dTokens[k]![i + 12]!, sum),
      0,
    );
  const modules = [
    ...[0, 1, 2].flatMap((n) => ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"].map((m) => `${towerLayer(n)}.${m}`)),
    ...[CONNECTOR, deepstackConnector(0), deepstackConnector(1)].flatMap((m) => [`${m}.fc1`, `${m}.fc2`]),
  ];
  expect([...gradients.keys()].sort()).toEqual([...modules].sort());
  for (const module of modules)
    for (const part of ["loraA", "loraB"] as const) {
      const own = gradients.get(module)![part];
      const largest = Math.max(...own.map(Math.abs));
      for (const at of [3, 12]) {
        const moved = (by: number): number => {
          const changed = { ...matrices.get(module)! };
          changed[part] = Float64Array.from(changed[part], (v, i) => (i === at ? v + by : v));
          return loss(new Map(matrices).set(module, changed));
        };
        const slope = (moved(1e-4) - moved(-1e-4)) / 2e-4;
        expect(Math.abs(own[at]! - slope) / largest, `${module} ${part} ${at}`).toBeLessThan(1e-4);
      }
    }
});
