/** Pixel shuffle and one linear against plain loops: features, and the gradients of LoRA, of the weights in full and of the tower's rows. */
import { expect, test } from "vitest";
import { newCounters } from "../../gpu/buffers.ts";
import { forwardReference } from "../../kernels/linear/reference.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { allocateAdapter, type LoraModule, moduleMatrices } from "../adapter.ts";
import { readAdapter, readTrained, writeAdapter } from "../adapter-slabs.ts";
import type { ConnectorConfig, TowerConfig } from "../config.ts";
import { configOf } from "../published.ts";
import type { Vlm } from "../vlm.ts";
import { allocateConnector, connectorBackward, connectorForward } from "./connector.ts";
import { allocateOrder, shuffleOrder } from "./connector-input.ts";

const bench = await testBench();

const side = 6;
const tiles = 2;
const connector: ConnectorConfig = {
  ...{ inSize: 8, outSize: 12, shuffle: 3, activation: "gelu", bias: false },
  modules: ["modality_projection.proj"],
};
const llava = configOf("bczhou/tiny-llava-v1-hf");
const tower: TowerConfig = {
  ...{ ...llava.tower, hiddenSize: 8, intermediateSize: 8, numHeads: 2, numLayers: 1, layersUsed: 1 },
  ...{ imageSize: 4 * side, patchSize: 4, classToken: "none" },
};
const config = { ...llava, tower, connector, decoder: { ...llava.decoder, numLayers: 0 } };
const square = connector.shuffle ** 2;
const inSize = connector.inSize * square;
const features = (tiles * side ** 2) / square;

/** As transformers' pixel_shuffle moves them: [tiles * patches, C] -> [features, C * shuffle²]. */
function shuffled(rows: ArrayLike<number>): Float64Array {
  const { inSize: c, shuffle: s } = connector;
  const out: number[] = [];
  for (let t = 0; t < tiles; t++)
    for (let y = 0; y < side / s; y++)
      for (let x = 0; x < side / s; x++)
        for (let dy = 0; dy < s; dy++)
          for (let dx = 0; dx < s; dx++)
            for (let e = 0; e < c; e++) {
              out.push(rows[(t * side ** 2 + (y * s + dy) * side + x * s + dx) * c + e]!);
            }
  return Float64Array.from(out);
}

test("the order of shuffled rows names every row once", () => {
  const order = shuffleOrder(tower, connector, tiles);
  expect([...order.slice(0, square)]).toEqual([0, 1, 2, 6, 7, 8, 12, 13, 14]);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from(order, (_, i) => i));
});

test.each([
  ["LoRA", { targets: "all-linear" }],
  ["trained in full", { targets: "all-linear", trainProjector: true }],
] as const)("%s: forward, and backward to the tower", async (_, targets) => {
  const lora = { rank: 4, alpha: 8, useRslora: false, ...targets };
  const model = { gpu: bench.gpu, counters: newCounters() } as Vlm;
  const adapter = allocateAdapter(bench.arena, config, lora, { training: true });
  const given = adapter.params.map(({ length }, n) => randomArray(length, 50 + n));
  const w = randomArray(connector.outSize * inSize, 1);
  const module = "multi_modal_projector.modality_projection.proj";
  const matrices = (m: LoraModule) => moduleMatrices(m, lora.rank, given);
  writeAdapter(model, adapter, matrices, (name) => (name === `${module}.weight` ? w : undefined));
  const kept = allocateConnector(
    bench.arena,
    connector,
    { rows: features, rank: lora.rank, backward: true, blends: false },
    allocateOrder(bench.arena, config, features),
  );
  const put = (tensor: { buffer: GPUBuffer; offset: number }, values: ArrayBufferView): void =>
    bench.gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, values as Float32Array<ArrayBuffer>);
  put(kept.input.shuffle!.order, shuffleOrder(tower, connector, tiles));
  // Feature i is read by token i + 1; the last by none.
  const rows = Int32Array.from({ length: features }, (_, i) => (i === features - 1 ? -1 : i + 1));
  put(kept.gradients!.featureRows, rows);
  const x = randomArray(tiles * side ** 2 * connector.inSize, 2);
  const dTokens = randomArray((features + 1) * connector.outSize, 3);
  const to = bench.arena.tensor("to", (features + 2) * connector.outSize);
  const dx = bench.arena.upload("dx", new Float32Array(x.length).fill(7));
  const weight = { format: "f32", out: connector.outSize, in: inSize, data: bench.arena.upload("w", w) } as const;
  const pass = {
    ...{ config: connector, weights: { out: { weight, bias: undefined } }, kept },
    ...{ features: bench.arena.upload("x", x), lora: adapter.vision?.connector, trained: adapter.connector },
    ...{ rows: features, dropout: undefined, rowsPerTile: features / tiles },
  };
  const t = bench.arena.tensor("t", features * lora.rank);
  const [table, dRows] = await bench.run(
    (r) => {
      connectorForward(r, to, 2, pass);
      connectorBackward(r, bench.arena.upload("dTokens", dTokens), { to: dx, adds: false }, t, pass);
    },
    [to, dx],
  );

  // The whole weight, with LoRA's part in it.
  const isFull = "trainProjector" in targets;
  const own = adapter.modules.find((m) => m.module === module);
  expect(own === undefined).toBe(isFull);
  const { loraA, loraB } = own ? matrices(own) : { loraA: new Float32Array(4 * inSize), loraB: new Float32Array(48) };
  const scale = lora.alpha / lora.rank;
  const whole = Float64Array.from(w, (value, at) => {
    const [o, i] = [Math.floor(at / inSize), at % inSize];
    let low = 0;
    for (let r = 0; r < lora.rank; r++) low += loraB[o * lora.rank + r]! * loraA[r * inSize + i]!;
    return value + scale * low;
  });
  const input = shuffled(x);
  const shape = { rows: features, out: connector.outSize, inSize };
  expect(relativeError(table!.slice(2 * connector.outSize), forwardReference(input, whole, shape))).toBeLessThan(1e-6);

  const dy = Float64Array.from({ length: features * connector.outSize }, (_, i) => {
    const row = rows[Math.floor(i / connector.outSize)]!;
    return row < 0 ? 0 : dTokens[row * connector.outSize + (i % connector.outSize)]!;
  });
  const dInput = new Float64Array(input.length);
  const dW = new Float64Array(w.length);
  for (let m = 0; m < features; m++)
    for (let o = 0; o < connector.outSize; o++)
      for (let i = 0; i < inSize; i++) {
        dInput[m * inSize + i]! += dy[m * connector.outSize + o]! * whole[o * inSize + i]!;
        dW[o * inSize + i]! += dy[m * connector.outSize + o]! * input[m * inSize + i]!;
      }
  // The shuffle only moves rows, so the gradient's rows moved the same way are those of the linear's input.
  expect(relativeError(shuffled(dRows!), dInput)).toBeLessThan(1e-6);
  if (isFull) {
    const [values] = await readTrained(model, adapter, adapter.grads);
    expect(values!.name).toBe(`${module}.weight`);
    expect(relativeError(values!.values, dW)).toBeLessThan(1e-6);
    return;
  }
  const gradient = (await readAdapter(model, adapter, adapter.grads)).find((m) => m.module === module)!;
  const dA = Float64Array.from(loraA, (_, at) => {
    const [r, i] = [Math.floor(at / inSize), at % inSize];
    let sum = 0;
    for (let o = 0; o < connector.outSize; o++) sum += scale * loraB[o * lora.rank + r]! * dW[o * inSize + i]!;
    return sum;
  });
  const dB = Float64Array.from(loraB, (_, at) => {
    const [o, r] = [Math.floor(at / lora.rank), at % lora.rank];
    let sum = 0;
    for (let i = 0; i < inSize; i++) sum += scale * dW[o * inSize + i]! * loraA[r * inSize + i]!;
    return sum;
  });
  expect(relativeError(gradient.loraA, dA)).toBeLessThan(2e-6);
  expect(relativeError(gradient.loraB, dB)).toBeLessThan(2e-6);
});
