import { expect, test } from "vitest";
import { openGolden, openGoldenModel, recipeWith } from "../engine/fs-golden.ts";
import { newCounters, Planner, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { bytesOf, f16ToF32 } from "../hub/dtype.ts";
import { allocateWeights, type Fill, fillWeight, type LoadedTensor } from "./weights.ts";

test("a tensor that lies in parts is cut where the parts end, after it was turned into their format", () => {
  const parts = [4, 2].map((length): Tensor => ({ buffer: {} as GPUBuffer, offset: 0, length }));
  const written: { buffer: GPUBuffer; at: number; values: Float32Array }[] = [];
  const writeBuffer = (buffer: GPUBuffer, at: number, bytes: Uint8Array): void => {
    written.push({ buffer, at, values: f16ToF32(new Uint16Array(bytes.slice().buffer)) });
  };
  const gpu = { device: { queue: { writeBuffer } } } as unknown as Gpu;
  const values = Float32Array.from({ length: 12 }, (_, i) => i - 5);
  const loaded = { kind: "dense", dtype: "F32", bytes: bytesOf(values) } as const;
  fillWeight(gpu, { kind: "parts", format: "f16", parts }, loaded, newCounters());
  expect(written).toEqual([
    { buffer: parts[0]!.buffer, at: 0, values: values.slice(0, 8) },
    { buffer: parts[1]!.buffer, at: 0, values: values.slice(8) },
  ]);
});

/** A device that only notes what is written where. */
function writes() {
  const written: { at: number; bytes: Uint8Array }[] = [];
  const writeBuffer = (_: GPUBuffer, at: number, bytes: Uint8Array): void => {
    written.push({ at, bytes: bytes.slice() });
  };
  return { written, gpu: { device: { queue: { writeBuffer } } } as unknown as Gpu };
}

test("block maxima of what is quantised here take 16 bits, of double quantisation 32", async () => {
  const golden = await openGolden("llava-mha");
  const { config, checkpoint, quant } = await openGoldenModel(golden, recipeWith(golden, "b"));
  const absmaxOf = (doubleQuant: boolean) => {
    const { fills } = allocateWeights(new Planner(), config, checkpoint.tensors, { ...quant!, doubleQuant });
    return [...fills.values()].filter((fill) => fill.kind === "4bit");
  };
  const [halves, floats] = [absmaxOf(false), absmaxOf(true)];
  expect(halves.length).toBeGreaterThan(0);
  expect(new Set(halves.map((fill) => fill.absmaxFormat))).toEqual(new Set(["f16"]));
  expect(new Set(floats.map((fill) => fill.absmaxFormat))).toEqual(new Set(["f32"]));
  halves.forEach((fill, i) => {
    expect(fill.absmax.length).toBe(Math.ceil(floats[i]!.absmax.length / 2));
    expect(fill.absmaxAt).toBe(floats[i]!.absmaxAt / 2);
  });
});

test("block maxima are packed two to a word where f16 was planned, and refused where they would be rounded", () => {
  const tensor = (length: number): Tensor => ({ buffer: {} as GPUBuffer, offset: 0, length });
  const fill: Fill = {
    kind: "4bit",
    type: "nf4",
    blockSize: 64,
    codes: tensor(24),
    codesAt: 0,
    absmax: tensor(4),
    absmaxAt: 2,
    absmaxFormat: "f16",
  };
  const loaded = (...absmax: number[]): LoadedTensor => ({
    kind: "4bit",
    codes: new Uint8Array(96),
    absmax: new Float32Array(absmax),
  });
  const { written, gpu } = writes();
  fillWeight(gpu, fill, loaded(0.5, 1.25, 2 ** -24), newCounters());
  expect(written[1]!.at).toBe(8);
  expect(f16ToF32(new Uint16Array(written[1]!.bytes.buffer))).toEqual(new Float32Array([0.5, 1.25, 2 ** -24, 0]));
  expect(() => fillWeight(gpu, fill, loaded(0.5, 0.1, 1), newCounters())).toThrow(/block 1 is 0.1/);
});
