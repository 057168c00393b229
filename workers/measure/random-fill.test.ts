import { expect, test } from "vitest";
import { readBack } from "../gpu/buffers.ts";
import { testBench } from "../testing/gpu.ts";
import { toF32 } from "../weights/formats/dtype.ts";
import { randomFill, randomReference } from "./random-fill.ts";
import { randomModel, valuesOf } from "./random-model.ts";
import { demo } from "./sizes.ts";

const bench = await testBench();
const bytesOf = (words: Float32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

test("bits are those of the CPU, and what lies around the part stays", async () => {
  const y = bench.arena.tensor("y", 3000);
  const [words] = await bench.run((r) => randomFill(r, y, { kind: "bits", seed: 7 }, 100, 2500), [y]);
  const got = [...new Uint32Array(words!.buffer)];
  expect(got.slice(100, 2600)).toEqual(randomReference({ kind: "bits", seed: 7 }, 2500));
  expect([...got.slice(0, 100), ...got.slice(2600)].every((v) => v === 0)).toBe(true);
});

test.each([
  ["f32", "F32", 1e-6],
  ["f16", "F16", 1e-3],
  ["bf16", "BF16", 8e-3],
] as const)("values in %s are those of the CPU, rounded", async (kind, dtype, relative) => {
  const y = bench.arena.tensor("y", 500);
  const fill = { kind, seed: 0xdeadbeef, scale: 0.25, offset: 1 };
  const [words] = await bench.run((r) => randomFill(r, y, fill), [y]);
  const got = toF32(bytesOf(words!), dtype);
  const expected = randomReference(fill, 500);
  expect(got.length).toBe(expected.length);
  expect(Math.max(...expected.map((v, i) => Math.abs(got[i]! - v) / v))).toBeLessThan(relative);
  expect(new Set(got).size).toBeGreaterThan(90);
});

test("a random model has its weights where the loader would put them, of the size they should have", async () => {
  const model = await randomModel(bench.gpu, demo);
  const { layers, norm, head, embed } = model.weights;
  const qkv = layers[0]!.linears.qkv.weight;
  if (!("codes" in qkv) || "bytes" in embed) throw new Error("the demo model is on the GPU, in 4 bits");
  const [codes, absmax, normed, logits] = await readBack(bench.gpu, [qkv.codes, qkv.absmax, norm, head.parts[0]!.data]);
  expect(new Set(new Uint32Array(codes!.buffer)).size).toBeGreaterThan(0.99 * qkv.codes.length);
  const maxima = toF32(bytesOf(absmax!), qkv.absmaxFormat === "f16" ? "F16" : "F32");
  expect(Math.min(...maxima)).toBeGreaterThan(0);
  expect(Math.min(...normed!)).toBeGreaterThan(0.89);
  const values = toF32(bytesOf(logits!), "F16");
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  expect(deviation).toBeCloseTo(valuesOf("lm_head.weight", [1, 192]).scale / Math.sqrt(3), 2);
  model.arena.dispose();
});
