import { expect, test } from "vitest";
import { write } from "../../gpu/buffers.ts";
import { type Dims, Recorder } from "../../gpu/program.ts";
import { randomArray, testBench } from "../../testing/gpu.ts";
import { unsignedDynamicMap } from "../../weights/nf4/tables.ts";
import { adamw8bit, moment8Words, momentMaps } from "./adamw-8bit.ts";
import { type AdamW8bitState, adamw8bitReference } from "./adamw-8bit-reference.ts";
import golden from "./fixtures/adamw-8bit.json";

const bench = await testBench();
type Scalars = "lr" | "wd" | "bc1" | "bc2Sqrt";

const scalars = (lr: number, wd: number, t: number): Dims<Scalars> => ({
  lr,
  wd,
  bc1: 1 - 0.9 ** t,
  bc2Sqrt: Math.sqrt(1 - 0.999 ** t),
});

async function optimizer(start: ArrayLike<number>) {
  const count = start.length;
  const words = moment8Words(count);
  const param = bench.arena.upload("param", Float32Array.from(start));
  const grad = bench.arena.tensor("grad", count);
  const mCodes = bench.arena.tensor("m", words.codes);
  const vCodes = bench.arena.tensor("v", words.codes);
  const absmax = bench.arena.tensor("absmax", words.absmax);
  const clip = bench.arena.upload("clip", Float32Array.of(1, 1, 0, 0));
  const recorder = new Recorder<Scalars>();
  adamw8bit(recorder, {
    param,
    grad,
    mCodes,
    vCodes,
    absmax,
    maps: bench.arena.upload("maps", momentMaps()),
    count,
    clip,
    learningRate: (d) => d.lr,
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weightDecay: (d) => d.wd,
    biasCorrection1: (d) => d.bc1,
    biasCorrection2Sqrt: (d) => d.bc2Sqrt,
  });
  const program = await recorder.build(bench.arena, bench.pipelines);
  return {
    clip,
    async step(gradient: ArrayLike<number>, dims: Dims<Scalars>) {
      write(bench.gpu, grad, Float32Array.from(gradient));
      await program.run(dims, { flopsPerSecond: 1e9 });
      const [p, m, v, scales] = await bench.run(() => {}, [param, mCodes, vCodes, absmax]);
      const bytes = (words: Float32Array) => [...new Uint8Array(words.buffer, words.byteOffset, count)];
      return { param: [...p!], mCodes: bytes(m!), vCodes: bytes(v!), absmax: [...scales!] };
    },
  };
}

/** Codes may fall to the neighbour where f32 and f64 round a midpoint apart: how many do, and that none goes further. */
function differentCodes(actual: number[], expected: number[]): number {
  const off = actual.map((code, i) => Math.abs(code - expected[i]!));
  expect(Math.max(...off)).toBeLessThanOrEqual(1);
  return off.filter((n) => n > 0).length;
}

test("the unsigned map is bitsandbytes' map", () => {
  expect([...unsignedDynamicMap]).toEqual(golden.unsigned.map(Math.fround));
});

test("bitsandbytes' trace of five steps: codes, scales, parameters", async () => {
  const { step } = await optimizer(golden.p0);
  let t = 0;
  for (const expected of golden.steps) {
    t += 1;
    const actual = await step(expected.grad, scalars(expected.lr, expected.wd, t));
    expect(differentCodes(actual.mCodes, expected.m)).toBeLessThanOrEqual(1);
    expect(differentCodes(actual.vCodes, expected.v)).toBeLessThanOrEqual(1);
    expected.absmax[0]!.forEach((value, block) => {
      expect(actual.absmax[2 * block]! / value).toBeCloseTo(1, 5);
      expect(actual.absmax[2 * block + 1]! / expected.absmax[1]![block]!).toBeCloseTo(1, 5);
    });
    const worst = Math.max(...actual.param.map((p, i) => Math.abs(p - expected.param[i]!) / expected.lr));
    expect(worst).toBeLessThan(2e-3);
  }
});

test.each([1, 3, 255, 256, 257, 1021])("%i values agree with the f64 reference", async (count) => {
  const start = randomArray(count, 1);
  const { step } = await optimizer(start);
  const blocks = Math.ceil(count / 256);
  const state: AdamW8bitState = {
    param: [...start],
    mCodes: Array(count).fill(0),
    vCodes: Array(count).fill(0),
    mAbsmax: Array(blocks).fill(0),
    vAbsmax: Array(blocks).fill(0),
  };
  for (let t = 1; t <= 3; t++) {
    const grad = randomArray(count, 10 + t);
    const s = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, t, clip: 1 };
    adamw8bitReference(state, grad, s);
    const actual = await step(grad, scalars(1e-2, 0.1, t));
    expect(differentCodes(actual.mCodes, state.mCodes)).toBeLessThanOrEqual(2);
    expect(differentCodes(actual.vCodes, state.vCodes)).toBeLessThanOrEqual(2);
    expect(Math.max(...actual.param.map((p, i) => Math.abs(p - state.param[i]!)))).toBeLessThan(2e-4);
  }
});

test("gradients that are not finite change nothing", async () => {
  const { step, clip } = await optimizer([1, 2, 3]);
  const before = await step([0.1, 0.2, 0.3], scalars(1e-3, 0, 1));
  write(bench.gpu, clip, Float32Array.of(Number.NaN, 1, 1, 0));
  expect(await step([Number.NaN, 1, 1], scalars(1e-3, 0, 2))).toEqual(before);
});
