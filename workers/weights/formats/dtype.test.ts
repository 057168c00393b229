import { describe, expect, test } from "vitest";
import { bf16ToF32, bytesOf, f16ToF32, f32ToF16, roundToF16, toF32 } from "./dtype.ts";

const everyWord = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

test.each([
  [0x0000, 0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x03ff, 1023 * 2 ** -24],
  [0x0001, 2 ** -24],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])("f16 %i is %d", (word, value) => {
  expect(f16ToF32(Uint16Array.of(word))[0]).toBe(value);
});

test("every f16 but the NaNs comes back from f32 unchanged, sign of zero included", () => {
  const values = f16ToF32(everyWord);
  const back = f32ToF16(values);
  const wrong = everyWord.filter((word, i) =>
    Number.isNaN(values[i]!) ? (back[i]! & 0x7fff) <= 0x7c00 : back[i] !== word,
  );
  expect(wrong).toEqual(new Uint16Array());
});

describe("rounding to f16", () => {
  test.each([
    ["half a step below 1 is a tie to even", 1 - 2 ** -12, 1],
    ["half a step above 1 is a tie to even", 1 + 2 ** -11, 1],
    ["just above the tie", 1 + 2 ** -11 + 2 ** -23, 1 + 2 ** -10],
    ["an odd neighbour goes up", 1 + 3 * 2 ** -11, 1 + 2 ** -9],
    ["carry into the exponent", 2 - 2 ** -13, 2],
    ["largest finite", 65519.99609375, 65504],
    ["first infinite", 65520, Number.POSITIVE_INFINITY],
    ["largest f32", 3.4028234663852886e38, Number.POSITIVE_INFINITY],
    ["subnormal tie to even", 2.5 * 2 ** -24, 2 * 2 ** -24],
    ["subnormal tie to even, up", 3.5 * 2 ** -24, 4 * 2 ** -24],
    ["subnormal into normal", 1023.75 * 2 ** -24, 2 ** -14],
    ["half the smallest is zero", 2 ** -25, 0],
    ["above half the smallest", 2 ** -25 + 2 ** -40, 2 ** -24],
    ["f32 subnormal", 1e-40, 0],
    ["zero", 0, 0],
    ["infinite", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["NaN", Number.NaN, Number.NaN],
  ])("%s", (_, value, rounded) => {
    expect(roundToF16(Float32Array.of(value, -value))).toEqual(Float32Array.of(rounded, -rounded));
    expect(f16ToF32(f32ToF16(Float32Array.of(value, -value)))).toEqual(Float32Array.of(rounded, -rounded));
  });

  test("midpoints of all neighbours go to the even one, their f32 neighbours to the nearer", () => {
    const values = f16ToF32(everyWord.subarray(0, 0x7c00));
    const bits = new Uint32Array(1);
    const value = new Float32Array(bits.buffer);
    for (let word = 0; word + 1 < values.length; word++) {
      value[0] = (values[word]! + values[word + 1]!) / 2;
      const even = word & 1 ? word + 1 : word;
      bits[0]! -= 1;
      const below = value[0]!;
      bits[0]! += 1;
      const middle = value[0]!;
      bits[0]! += 1;
      const above = value[0]!;
      const found = f32ToF16(Float32Array.of(below, middle, above));
      if (found[0] !== word || found[1] !== even || found[2] !== word + 1)
        expect([word, ...found]).toEqual([word, word, even, word + 1]);
    }
  });

  test("may be done in place", () => {
    const values = Float32Array.of(1 + 2 ** -11, 3);
    expect(roundToF16(values, values)).toBe(values);
    expect(values).toEqual(Float32Array.of(1, 3));
  });
});

test.each([
  [0x3f80, 1],
  [0xc040, -3],
  [0x0001, 2 ** -133],
  [0x7f80, Number.POSITIVE_INFINITY],
])("bf16 %i is %d", (word, value) => {
  expect(bf16ToF32(Uint16Array.of(word))[0]).toBe(value);
});

describe("bytes to f32", () => {
  const shifted = (bytes: Uint8Array, by: number) => {
    const moved = new Uint8Array(bytes.length + by);
    moved.set(bytes, by);
    return moved.subarray(by);
  };
  test.each([0, 1, 2, 3])("from byte offset %i", (offset) => {
    expect(toF32(shifted(bytesOf(Float32Array.of(1.5, -2)), offset), "F32")).toEqual(Float32Array.of(1.5, -2));
    expect(toF32(shifted(bytesOf(Uint16Array.of(0x3c00, 0xc000)), offset), "F16")).toEqual(Float32Array.of(1, -2));
    expect(toF32(shifted(bytesOf(Uint16Array.of(0x3f80, 0xc040)), offset), "BF16")).toEqual(Float32Array.of(1, -3));
    const f64 = new Uint8Array(Float64Array.of(0.1, 3).buffer);
    expect(toF32(shifted(f64, offset), "F64")).toEqual(Float32Array.of(0.1, 3));
  });
  test("an aligned F32 is a view", () => {
    const values = Float32Array.of(1, 2);
    expect(toF32(bytesOf(values), "F32").buffer).toBe(values.buffer);
  });
  test("whole numbers are refused", () => {
    expect(() => toF32(new Uint8Array(8), "I64")).toThrow(/holds I64 values/);
  });
});
