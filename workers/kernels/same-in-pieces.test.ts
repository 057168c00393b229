/** A dispatch in pieces is the same dispatch: cut into single workgroups, every kernel that can be cut leaves the same bits. */
import { expect, test } from "vitest";
import { Arena, newCounters, readBack, type Tensor } from "../gpu/buffers.ts";
import { randomArray } from "../gpu/numbers.ts";
import { type Budget, whole } from "../gpu/pace.ts";
import { evaluate, Recorder } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import { testBench } from "../testing/gpu.ts";
import { attentionBackward, attentionForward } from "./attention/attention.ts";
import { linearBackwardInput, linearForward } from "./linear/linear.ts";
import { loraGradients } from "./linear/lora.ts";
import type { Weight } from "./linear/weight.ts";
import { linearWeightGradient } from "./linear/weight-gradient.ts";
import { forcedVariants } from "./select.ts";

type Record = (r: Recorder, arena: Arena) => Tensor[];

const bench = await testBench();
/** No workgroup is as short as this. */
const singly: Budget = { ...whole, dispatchMs: 1e-12, submitMs: 1e-12, leastFlops: 0, leastGroups: 1 };
const upload = (arena: Arena, length: number, seed: number): Tensor => arena.upload("x", randomArray(length, seed));

/** Runs it whole and in single workgroups, each in memory of its own; returns the kernels that were cut. */
async function sameInPieces(record: Record, variants: Variants): Promise<string[]> {
  const run = async (cut: boolean) => {
    const counters = newCounters();
    const arena = new Arena(bench.gpu, counters);
    const r = new Recorder(variants);
    const outputs = record(r, arena);
    const program = await r.build(arena, bench.pipelines);
    await program.run({}, { flopsPerSecond: 1e9 }, { budget: cut ? singly : whole });
    const values = await readBack(bench.gpu, outputs);
    arena.dispose();
    const groupsOf = (n: number): number =>
      r.specs[n]!.workgroups.reduce<number>((product, size) => product * evaluate(size ?? 1, {}), 1);
    const sliced = r.specs.map((spec, n) => ({ spec, groups: groupsOf(n) })).filter(({ spec }) => spec.kernel.sliced);
    return { values, counters, specs: r.specs, sliced };
  };
  const [once, cut] = [await run(false), await run(true)];
  const extra = cut.sliced.reduce((sum, { groups }) => sum + groups - 1, 0);
  expect(once.counters.dispatches).toBe(once.specs.length);
  expect(cut.counters.dispatches).toBe(cut.specs.length + extra);
  // Each is longer than a submit may be.
  expect(cut.counters.submits).toBe(cut.counters.dispatches);
  for (const values of once.values) expect(new Set(values).size).toBeGreaterThan(values.length / 2);
  expect(cut.values).toEqual(once.values);
  return cut.sliced.filter(({ groups }) => groups > 1).map(({ spec }) => spec.kernel.name);
}

const [rows, out, inSize, rank, groupStarts] = [150, 200, 136, 12, [0, 100, 140]];

function weightOf(arena: Arena, format: Weight["format"]): Weight {
  const words = (perWord: number, seed: number): Tensor =>
    arena.upload("w", randomArray((out * inSize) / perWord, seed, 0.1));
  // f16 words of numbers, not of bits at random: those would hold infinities.
  const halves = (): Tensor =>
    arena.upload(
      "w",
      Uint16Array.from(randomArray(out * inSize, 9), (v) => 0x3000 + Math.floor(Math.abs(v) * 0x7ff)),
    );
  if (format === "nf4" || format === "fp4") {
    const absmax = arena.upload("s", randomArray(Math.ceil((out * inSize) / 64), 8, 1));
    return { format, out, in: inSize, blockSize: 64, codes: words(8, 7), absmax, absmaxFormat: "f32" };
  }
  return { format, out, in: inSize, data: format === "f32" ? words(1, 7) : halves() };
}

const linear =
  (format: Weight["format"]): Record =>
  (r, arena) => {
    const weight = weightOf(arena, format);
    const width = groupStarts.length * rank;
    const weights = {
      rank,
      scale: 0.5,
      groupStarts,
      a: upload(arena, width * inSize, 3),
      b: upload(arena, out * rank, 4),
    };
    const [x, dy] = [upload(arena, rows * inSize, 5), upload(arena, rows * out, 6)];
    const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
    const [xa, t] = [arena.tensor("xa", rows * width), arena.tensor("t", rows * width)];
    const [dA, dB] = [arena.tensor("dA", width * inSize), arena.tensor("dB", out * rank)];
    linearForward(r, { y, x, weight, lora: { weights, xa }, rows });
    linearBackwardInput(r, { dx, dy, weight, lora: { weights, t }, rows });
    loraGradients(r, { dA, dB, x, dy, xa, t, weights, accumulate: 0, rows });
    return [y, dx, xa, t, dA, dB];
  };

const decode: Record = (r, arena) => {
  const [x, y] = [upload(arena, inSize, 5), arena.tensor("y", out)];
  linearForward(r, { y, x, weight: weightOf(arena, "nf4"), rows: 1, tile: "decode" });
  return [y];
};

const fullGradient: Record = (r, arena) => {
  const [dW, db] = [arena.tensor("dW", out * inSize), arena.tensor("db", out)];
  const [x, dy] = [upload(arena, rows * inSize, 5), upload(arena, rows * out, 6)];
  linearWeightGradient(r, { dW, db, dy, x, out, in: inSize, accumulate: 0, rows });
  return [dW, db];
};

const attention: Record = (r, arena) => {
  const shape = { heads: 6, kvHeads: 3, headSize: 32, causal: true, rows };
  const starts = Uint32Array.from({ length: rows }, (_, m) => (m < 90 ? 0 : 90));
  const ends = Uint32Array.from({ length: rows }, (_, m) => (m < 90 ? 90 : rows));
  const [width, all] = [12 * 32, { starts: arena.upload("s", starts), ends: arena.upload("e", ends) }];
  const [qkv, dOut] = [upload(arena, rows * width, 1), upload(arena, rows * 6 * 32, 2)];
  const [attended, dQkv] = [arena.tensor("out", rows * 6 * 32), arena.tensor("dQkv", rows * width)];
  const [lse, delta] = [arena.tensor("lse", rows * 6), arena.tensor("delta", rows * 6)];
  attentionForward(r, { ...shape, ...all, out: attended, lse, qkv });
  attentionBackward(r, { ...shape, ...all, dQkv, dOut, out: attended, lse, delta, qkv });
  return [attended, dQkv];
};

const oneRowAttention: Record = (r, arena) => {
  const [qkv, kv] = [upload(arena, 12 * 32, 1), upload(arena, 40 * 6 * 32, 2)];
  const [attended, lse] = [arena.tensor("o", 6 * 32), arena.tensor("lse", 6)];
  const [starts, ends] = [arena.tensor("s", 40), arena.upload("e", new Uint32Array(40).fill(40))];
  const shape = { heads: 6, kvHeads: 3, headSize: 32, causal: true, rows: 1, tile: "decode" } as const;
  attentionForward(r, { ...shape, out: attended, lse, qkv, cache: { kv, past: 39 }, starts, ends });
  return [attended];
};

const software = forcedVariants("software", "software");
const gpu = forcedVariants("32x32", "gpu");

test.each([
  ["4-bit linear", software, linear("nf4"), 5],
  ["f16 linear", software, linear("f16"), 5],
  ["f16 linear, GPU family", gpu, linear("f16"), 5],
  ["4-bit linear, one row", software, decode, 1],
  ["4-bit linear, one row by a workgroup", forcedVariants("software", "software", "workgroup"), decode, 1],
  ["gradient of a linear trained in full", software, fullGradient, 1],
  ["attention", software, attention, 3],
  ["attention, GPU family", gpu, attention, 3],
  ["attention, one row", software, oneRowAttention, 1],
] as const)("%s", async (_, variants, record, kernels) => {
  expect(await sameInPieces(record, variants)).toHaveLength(kernels);
});
