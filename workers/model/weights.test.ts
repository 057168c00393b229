import { expect, test } from "vitest";
import { newCounters, type Tensor } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { bytesOf, f16ToF32 } from "../hub/dtype.ts";
import { fillWeight } from "./weights.ts";

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
