/** A tensor that comes in pieces is the tensor that comes whole. */
import { describe, expect, test } from "vitest";
import { randomArray } from "../../testing/gpu.ts";
import { bytesOf, type Dtype, f32ToBf16, f32ToF16 } from "../formats/dtype.ts";
import { type PlanEntry, packed, preparation, preparedBytes, unpacked } from "./prepare-tensors.ts";

const shape = [48, 1024];
const values = randomArray(48 * 1024, 11);
const sources: [Dtype, Uint8Array][] = [
  ["F32", bytesOf(values)],
  ["F16", bytesOf(f32ToF16(values))],
  ["BF16", bytesOf(f32ToBf16(values))],
  ["F64", new Uint8Array(Float64Array.from(values).buffer)],
];
const fourBit = { name: "w", blockSize: 4096, roundToF16First: true } as const;
const entries: PlanEntry[] = [
  { name: "w", how: "keep" },
  { name: "w", how: "f16" },
  { ...fourBit, how: "nf4", doubleQuant: false },
  { ...fourBit, how: "fp4", doubleQuant: true },
];

describe.each(sources)("from %s", (dtype, bytes) => {
  test.each(entries)("to $how", (entry) => {
    const whole = preparation(entry, shape, dtype);
    whole.take(bytes);
    const pieces = preparation(entry, shape, dtype);
    for (let at = 0; at < bytes.length; at += 2 ** 16) pieces.take(bytes.slice(at, at + 2 ** 16));
    const tensor = pieces.done();
    expect(tensor).toEqual(whole.done());
    // And back from what the cache keeps of it.
    const kept = new Uint8Array(packed(tensor).flatMap((part) => [...part]));
    expect(kept.length).toBe(preparedBytes(entry, shape, bytes.length));
    expect(unpacked(kept, entry, shape, dtype)).toEqual(tensor);
  });
});

test.each([65519, 65520, -7e4, Number.POSITIVE_INFINITY])(
  "rounded to f16, %d is refused if that makes it infinite",
  (value) => {
    const entry: PlanEntry = { name: "lm_head.weight", how: "f16" };
    const take = (): void => preparation(entry, [1, 2], "F32").take(bytesOf(Float32Array.of(1, value)));
    const isLost = Number.isFinite(value) && Math.abs(value) > 65519;
    if (!isLost) expect(take).not.toThrow();
    else
      expect(take).toThrow(
        `lm_head.weight holds ${value}, and 16 bits, in which so large a checkpoint of F32 is held, end at 65,504.`,
      );
  },
);
