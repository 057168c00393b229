import { expect, test } from "vitest";
import { write } from "../../gpu/buffers.ts";
import { type Dims, Recorder } from "../../gpu/program.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { adamw } from "./adamw.ts";
import { adamwReference } from "./adamw-reference.ts";
import golden from "./fixtures/adamw.json";
import { gradNorm, gradNormPartials } from "./grad-norm.ts";

const bench = await testBench();
type Scalars = "lr" | "wd" | "bc1" | "bc2Sqrt" | "maxNorm";
const pace = { flopsPerSecond: 1e9 };

/** The dims of one optimizer step. */
const scalars = (lr: number, wd: number, t: number, maxNorm = 0): Dims<Scalars> => ({
  lr,
  wd,
  maxNorm,
  bc1: 1 - 0.9 ** t,
  bc2Sqrt: Math.sqrt(1 - 0.999 ** t),
});

/** Parameters on the GPU with a recorded gradNorm + AdamW step. */
async function optimizer(start: ArrayLike<number>) {
  const count = start.length;
  const param = bench.arena.upload("param", Float32Array.from(start));
  const [grad, m, v] = [1, 2, 3].map((i) => bench.arena.tensor(`${i}`, count));
  const clip = bench.arena.tensor("clip", 4);
  const partials = bench.arena.tensor("partials", gradNormPartials([count]));
  const recorder = new Recorder<Scalars>();
  gradNorm(recorder, { partials, gradients: [grad!], out: clip, maxNorm: (d) => d.maxNorm });
  adamw(recorder, {
    param,
    grad: grad!,
    m: m!,
    v: v!,
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
  return async (gradient: ArrayLike<number>, dims: Dims<Scalars>) => {
    write(bench.gpu, grad!, Float32Array.from(gradient));
    await program.run(dims, pace);
    const [p, first, second, norm] = await bench.run(() => {}, [param, m!, v!, clip]);
    return { p: p!, m: first!, v: second!, norm: norm![0]!, flag: norm![2]! };
  };
}

test.each(golden.traces.map((trace, i) => ({ i, trace })))("PyTorch's trace $i, five steps", async ({ trace }) => {
  const step = await optimizer(trace.p0);
  // Moments and parameters that change sign keep the rounding error of what they were: the largest value so far is the scale.
  const largest = { p: trace.p0.map(Math.abs), m: trace.p0.map(() => 0) };
  let t = 0;
  for (const expected of trace.steps) {
    t += 1;
    const dims = scalars(expected.lr, trace.weight_decay, t, trace.max_grad_norm ?? 0);
    const actual = await step(expected.grad, dims);
    expected.p.forEach((p, i) => {
      const [m, v] = [expected.m[i]!, expected.v[i]!];
      largest.p[i] = Math.max(largest.p[i]!, Math.abs(p));
      largest.m[i] = Math.max(largest.m[i]!, Math.abs(m));
      expect(Math.abs(actual.m[i]! - m)).toBeLessThanOrEqual(3e-7 * largest.m[i]!);
      expect(Math.abs(actual.v[i]! - v)).toBeLessThanOrEqual(5e-7 * v);
      expect(Math.abs(actual.p[i]! - p)).toBeLessThanOrEqual(2.4e-7 * largest.p[i]! + 1e-6 * expected.lr);
    });
    if (expected.grad_norm_before_clip !== null) {
      expect(Math.abs(actual.norm / expected.grad_norm_before_clip - 1)).toBeLessThan(3e-7);
    }
  }
});

test.each([1, 63, 65, 4099])("%i parameters against the formula, with decay and clipping", async (count) => {
  const start = randomArray(count, 1);
  const step = await optimizer(start);
  const state = { param: [...start], m: start.map(() => 0), v: start.map(() => 0) };
  const reference = { param: state.param, m: [...state.m], v: [...state.v] };
  for (let t = 1; t <= 3; t++) {
    const gradient = randomArray(count, 10 + t);
    const norm = Math.hypot(...gradient);
    const actual = await step(gradient, scalars(1e-2, 0.1, t, norm / 2));
    const fixed = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
    adamwReference(reference, gradient, { ...fixed, t, clip: norm / 2 / (norm + 1e-6) });
    expect(relativeError(actual.p, reference.param)).toBeLessThan(3e-7);
    expect(relativeError(actual.m, reference.m)).toBeLessThan(1e-6);
    expect(relativeError(actual.v, reference.v)).toBeLessThan(2e-6);
  }
});

test("a gradient that is not finite changes nothing", async () => {
  const step = await optimizer([1, 2, 3]);
  const before = await step([0.1, -0.2, 0.3], scalars(1e-3, 0.1, 1, 1));
  const after = await step([0.1, Number.NaN, 0.3], scalars(1e-3, 0.1, 2, 1));
  expect(after.flag).toBe(1);
  expect([after.p, after.m, after.v]).toEqual([before.p, before.m, before.v]);
});
