/** A layer of the decoder, with biases, norms of its heads and several positions, and without: against plain f64 loops, forward, backward and with a cache. */
import { describe, expect, test } from "vitest";
import { newCounters } from "../../gpu/buffers.ts";
import { swigluReference } from "../../kernels/activation/reference.ts";
import { attentionReference } from "../../kernels/attention/reference.ts";
import { ropeTable } from "../../kernels/attention/rope.ts";
import { forwardReference } from "../../kernels/linear/reference.ts";
import { rmsNormReference } from "../../kernels/norm/reference.ts";
import { zero } from "../../kernels/rows/copy.ts";
import { forcedVariants } from "../../kernels/select.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { factsOf, fillAll, randomTensors } from "../../testing/random-weights.ts";
import { allocateActivations, KEEP, RECOMPUTE } from "../activations.ts";
import { allocateAdapter, moduleMatrices } from "../adapter.ts";
import { readAdapter, writeAdapter } from "../adapter-slabs.ts";
import { axesOf, type DecoderConfig, qkvSize } from "../config.ts";
import { DECODER, decoderLayer } from "../names.ts";
import { configOf } from "../published.ts";
import type { Vlm } from "../vlm.ts";
import { WeightBuilder } from "../weight-builder.ts";
import { allocateGradients, decoderWeights, layerBackward, layerForward } from "./decoder.ts";

const bench = await testBench();

const config: DecoderConfig = {
  ...{ hiddenSize: 32, intermediateSize: 48, numLayers: 1, numHeads: 4, numKvHeads: 2, headSize: 8 },
  ...{ rmsNormEps: 1e-6, ropeTheta: 10000, qkvBias: true, maxPositions: 16, tiedHead: false },
  ...{ qkNorm: false, ropeAxes: undefined },
};
/** Qwen3-VL's kind. */
const normed = { ...config, qkvBias: false, qkNorm: true, ropeAxes: [0, 1, 2, 0] };
const names = [[DECODER, [DECODER]]] as const;
const lora = { rank: 2, alpha: 4, useRslora: false } as const;
const base = decoderLayer(0);
const rows = 7;
/** Two sequences, laid end to end. */
const starts = Uint32Array.of(0, 0, 0, 0, 4, 4, 4);
const ends = Uint32Array.of(4, 4, 4, 4, 7, 7, 7);
const positions = Uint32Array.of(0, 1, 2, 3, 0, 1, 2);
/** Time, row and column of each. */
const threePositions = Uint32Array.of(0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 0, 0, 0, 1, 2, 1, 1, 1, 3);
const positionsFor = (c: DecoderConfig): Uint32Array => (c.ropeAxes ? threePositions : positions);

type Matrices = ReadonlyMap<string, { loraA: ArrayLike<number>; loraB: ArrayLike<number> }>;

/** The layer in f64; `x` [rows, h]. transformers: models/qwen2/modeling_qwen2.py, Qwen2DecoderLayer; models/qwen3_vl/modeling_qwen3_vl.py. */
function layerReference(
  c: DecoderConfig,
  of: (name: string) => Float32Array,
  x: ArrayLike<number>,
  adapter: Matrices,
): Float64Array {
  const { hiddenSize: h, intermediateSize: f, headSize } = c;
  const linear = (values: ArrayLike<number>, module: string, inSize: number, out: number, bias: boolean) => {
    const weight = Float64Array.from(of(`${base}.${module}.weight`));
    const { loraA, loraB } = adapter.get(`${base}.${module}`)!;
    for (let o = 0; o < out; o++)
      for (let i = 0; i < inSize; i++)
        for (let r = 0; r < lora.rank; r++)
          weight[o * inSize + i]! += (lora.alpha / lora.rank) * loraB[o * lora.rank + r]! * loraA[r * inSize + i]!;
    return forwardReference(values, weight, {
      ...{ rows, out, inSize, bias: bias ? of(`${base}.${module}.bias`) : undefined },
    });
  };
  const norm = (values: ArrayLike<number>, name: string) =>
    rmsNormReference(values, of(`${base}.${name}.weight`), rows, c.rmsNormEps).y;
  const beside = (...parts: ArrayLike<number>[]): Float64Array =>
    Float64Array.from(
      Array.from({ length: rows }, (_, m) =>
        parts.flatMap((p) => Array.from(p).slice((m * p.length) / rows, ((m + 1) * p.length) / rows)),
      ).flat(),
    );
  /** Of q or k: each head normalised, where the model does so, and rotated. */
  const headsOf = (projected: Float64Array, which: string): Float64Array => {
    const half = headSize / 2;
    const values = c.qkNorm
      ? rmsNormReference(
          projected,
          of(`${base}.self_attn.${which}_norm.weight`),
          projected.length / headSize,
          c.rmsNormEps,
        ).y
      : projected;
    const out = Float64Array.from(values);
    const width = values.length / rows;
    for (let m = 0; m < rows; m++)
      for (let head = 0; head < width; head += headSize)
        for (let i = 0; i < half; i++) {
          const position = positionsFor(c)[m * axesOf(c) + (c.ropeAxes?.[i] ?? 0)]!;
          const angle = position * c.ropeTheta ** (-i / half);
          const at = m * width + head + i;
          out[at] = values[at]! * Math.cos(angle) - values[at + half]! * Math.sin(angle);
          out[at + half] = values[at + half]! * Math.cos(angle) + values[at]! * Math.sin(angle);
        }
    return out;
  };
  const sum = (a: ArrayLike<number>, b: ArrayLike<number>) => Float64Array.from(a, (value, i) => value + b[i]!);
  const [q, kv] = [c.numHeads * headSize, c.numKvHeads * headSize];
  const normed = norm(x, "input_layernorm");
  const { out } = attentionReference(
    beside(
      headsOf(linear(normed, "self_attn.q_proj", h, q, c.qkvBias), "q"),
      headsOf(linear(normed, "self_attn.k_proj", h, kv, c.qkvBias), "k"),
      linear(normed, "self_attn.v_proj", h, kv, c.qkvBias),
    ),
    { starts, ends, rows, causal: true, heads: c.numHeads, kvHeads: c.numKvHeads, headSize },
  );
  const x1 = sum(x, linear(out, "self_attn.o_proj", q, h, false));
  const normed2 = norm(x1, "post_attention_layernorm");
  const gateUp = beside(linear(normed2, "mlp.gate_proj", h, f, false), linear(normed2, "mlp.up_proj", h, f, false));
  return sum(x1, linear(swigluReference(gateUp, rows, f), "mlp.down_proj", f, h, false));
}

/** A layer's weights and adapter on the GPU, and their values. */
async function layerOf(c: DecoderConfig) {
  const whole = { ...configOf("bczhou/tiny-llava-v1-hf"), decoder: c, names };
  const tensors = randomTensors(whole, base);
  const norm = new Map([[`${DECODER}.norm.weight`, { shape: [c.hiddenSize], values: randomArray(c.hiddenSize, 1) }]]);
  const all = new Map([...tensors, ...norm]);
  const build = new WeightBuilder(bench.arena, factsOf(all), names, undefined);
  const weights = decoderWeights(build, c).layers[0]!;
  await fillAll(bench.gpu, build, all);
  expect(build.fills.size).toBe(all.size);
  const model = { gpu: bench.gpu, counters: newCounters() } as Vlm;
  const adapter = allocateAdapter(bench.arena, whole, lora, { training: true });
  const given = adapter.params.map(({ length }, n) => randomArray(length, 100 + n, 0.3));
  writeAdapter(model, adapter, (m) => moduleMatrices(m, lora.rank, given));
  const matrices: Matrices = new Map(
    adapter.modules.map((m) => [m.module, moduleMatrices(m, lora.rank, given)] as const),
  );
  const of = (name: string): Float32Array => tensors.get(name)!.values;
  return { weights, adapter, model, matrices, of, names: [...tensors.keys()] };
}

const facts = (c: DecoderConfig, length = rows) => ({
  starts: bench.arena.upload("starts", starts.slice(0, length)),
  ends: bench.arena.upload("ends", ends.slice(0, length)),
  positions: bench.arena.upload("positions", positionsFor(c).slice(0, length * axesOf(c))),
  ropeTable: bench.arena.upload("rope", ropeTable(c.maxPositions, c.headSize, c.ropeTheta, c.ropeAxes)),
});

test("a checkpoint's biases of q, k and v are read, and none of other linears", async () => {
  const biases = (await layerOf(config)).names.filter((name) => name.endsWith(".bias"));
  expect(biases).toEqual(["q", "k", "v"].map((p) => `${base}.self_attn.${p}_proj.bias`));
  expect((await layerOf({ ...config, qkvBias: false })).names.some((name) => name.endsWith(".bias"))).toBe(false);
});

const kernels = [
  ["software kernels", forcedVariants("software", "software")],
  ["gpu kernels", forcedVariants("32x32", "gpu", "workgroup")],
] as const;

describe.each([
  ["with biases of q, k and v", config],
  ["without", { ...config, qkvBias: false }],
  ["with norms of heads and three positions", normed],
] as const)("%s", (_, c) => {
  test.each(kernels)("output, gradient of the input and LoRA's gradients: %s", async (_, variants) => {
    const { weights, adapter, model, matrices, of } = await layerOf(c);
    const x = randomArray(rows * c.hiddenSize, 5);
    const dy = randomArray(rows * c.hiddenSize, 6);
    const loss = (input: ArrayLike<number>, by: Matrices): number =>
      layerReference(c, of, input, by).reduce((sum, value, i) => sum + value * dy[i]!, 0);
    for (const [policy, fresh] of [
      [KEEP, true],
      [KEEP, false],
      [RECOMPUTE, false],
    ] as const) {
      const { layers, last } = allocateActivations(bench.arena, c, {
        ...{ rank: lora.rank, rows, policy, cacheRows: rows },
      });
      const kept = { ...layers[0]!, x: bench.arena.upload("x", x) };
      const g = allocateGradients(bench.arena, c, { rank: lora.rank, rows, dropout: false });
      bench.gpu.device.queue.writeBuffer(g.dx.buffer, g.dx.offset, dy);
      const pass = { config: c, weights, kept, lora: adapter.layers[0]!, tokens: facts(c), rows };
      const [y, dx] = await bench.run(
        (r) => {
          layerForward(r, last, pass);
          // Later layers take what is shared.
          if (c.qkNorm && !fresh) zero(r, { x: kept.qkv, count: kept.qkv.length });
          layerBackward(r, g, { ...pass, accumulate: 0, inputGradient: true, fresh });
        },
        [last, g.dx],
        {},
        variants,
      );
      expect(relativeError(y!, layerReference(c, of, x, matrices))).toBeLessThan(2e-6);
      const slope = (moved: (by: number) => number): number => (moved(1e-4) - moved(-1e-4)) / 2e-4;
      const largest = Math.max(...dx!.map(Math.abs));
      for (const at of [0, 37, 70, 133, 200]) {
        const input = Float64Array.from(x);
        const expected = slope((by) => {
          input[at] = x[at]! + by;
          return loss(input, matrices);
        });
        expect(Math.abs(dx![at]! - expected) / largest, `dx ${at}`).toBeLessThan(1e-4);
      }
      for (const got of await readAdapter(model, adapter, adapter.grads)) {
        for (const part of ["loraA", "loraB"] as const) {
          const most = Math.max(...got[part].map(Math.abs));
          for (const at of [3, 14]) {
            const expected = slope((by) => {
              const own = { ...matrices.get(got.module)! };
              const values = Float64Array.from(own[part]);
              values[at]! += by;
              return loss(x, new Map(matrices).set(got.module, { ...own, [part]: values }));
            });
            expect(Math.abs(got[part][at]! - expected) / most, `${got.module} ${part} ${at}`).toBeLessThan(1e-4);
          }
        }
      }
    }
  });

  test.each(kernels)("token by token behind a cache it is what it is at once: %s", async (_, variants) => {
    const { weights, adapter, matrices, of } = await layerOf(c);
    const x = randomArray(rows * c.hiddenSize, 5);
    const { layers, last } = allocateActivations(bench.arena, c, {
      ...{ rank: lora.rank, rows, policy: "chat", cacheRows: rows },
    });
    expect(layers[0]!.kv!.length).toBe(rows * (qkvSize(c) - c.numHeads * c.headSize));
    const kept = layers[0]!;
    const pass = { config: c, weights, kept, lora: adapter.layers[0]!, tokens: facts(c, 4) };
    const expected = layerReference(c, of, x, matrices);
    for (const [past, count, tile] of [
      [0, 2, "prefill"],
      [2, 1, "decode"],
      [3, 1, "decode"],
    ] as const) {
      const [from, to] = [past * c.hiddenSize, (past + count) * c.hiddenSize];
      bench.gpu.device.queue.writeBuffer(kept.x.buffer, kept.x.offset, x.slice(from, to));
      const [y] = await bench.run(
        (r) => layerForward(r, last, { ...pass, rows: count, past, tile }),
        [last],
        {},
        variants,
      );
      expect(relativeError(y!.subarray(0, to - from), expected.subarray(from, to))).toBeLessThan(2e-6);
    }
  });
});
