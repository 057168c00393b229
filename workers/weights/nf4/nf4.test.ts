import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { randomArray } from "../../testing/gpu.ts";
import { roundToF16, toF32 } from "../formats/dtype.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { doubleDequantise, doubleQuantise } from "./double-quant.ts";
import golden from "./fixtures/nf4.json" with { type: "json" };
import { dequantise, type FourBitType, quantise } from "./nf4.ts";
import { codeLookup, codeValues, dynamicMap } from "./tables.ts";

// The golden values were computed with bitsandbytes' own quantiser.
const types: FourBitType[] = ["nf4", "fp4"];
const f32 = (values: number[]) => Float32Array.from(values);
/** Zeros of either sign are one zero here. */
const unsignedZeros = (values: Float32Array) => values.map((value) => value + 0);

test("code tables", () => {
  expect(codeValues.nf4).toEqual(f32(golden.nf4_code));
  expect(codeValues.fp4).toEqual(f32(golden.fp4_code_by_nibble));
  expect(dynamicMap).toEqual(f32(golden.dynamic_map_256));
});

test("each bucket of the lookup holds at most one threshold, at the golden place", () => {
  const places = [...codeLookup.nf4.above].filter(Number.isFinite);
  expect(f32(places)).toEqual(f32(golden.nf4_bounds));
  const fp4Places = [...codeLookup.fp4.above].filter((value) => Number.isFinite(value) && value > 0);
  expect(f32(fp4Places)).toEqual(f32(golden.fp4_abs_bounds_ascending));
  expect([...codeLookup.fp4.above].filter(Number.isFinite)).toHaveLength(14);
});

describe.each(golden.cases)("$name", (golden) => {
  const input = f32(golden.input_f32);
  const length = golden.n;
  describe.each(types)("%s", (type) => {
    const expected = golden[type];
    const options = { type, blockSize: 64, roundToF16First: golden.round_input_to_fp16_first };
    const blocks = quantise(input, options);

    test("absmax, codes and weights", () => {
      expect(blocks.absmax).toEqual(f32(expected.absmax));
      if (type === "nf4") {
        const codes = Array.from({ length }, (_, i) =>
          i & 1 ? blocks.codes[i >> 1]! & 15 : blocks.codes[i >> 1]! >> 4,
        );
        expect(codes).toEqual(expected.codes.slice(0, length));
      }
      const weights = dequantise(blocks, { ...options, length });
      expect(unsignedZeros(weights)).toEqual(unsignedZeros(f32(expected.dequant_f32)));
      expect(unsignedZeros(roundToF16(weights))).toEqual(unsignedZeros(f32(expected.dequant_f16)));
    });

    test("double quantisation", () => {
      const twice = doubleQuantise(blocks.absmax);
      expect([...twice.codes]).toEqual(expected.double_quant.absmax_u8);
      expect(twice.absmax).toEqual(f32(expected.double_quant.nested_absmax));
      expect(twice.offset).toBe(expected.double_quant.offset);
      const absmax = doubleDequantise(twice);
      expect(absmax).toEqual(f32(expected.double_quant.absmax_reconstructed));
      const weights = dequantise({ codes: blocks.codes, absmax }, { ...options, length });
      expect(unsignedZeros(weights)).toEqual(unsignedZeros(f32(expected.double_quant.dequant_f32)));
    });
  });
});

test("a 300 x 65 matrix, two nested blocks", async () => {
  const file = await readFile(fileURLToPath(new URL("./fixtures/nf4.safetensors", import.meta.url)));
  const { tensors } = await readSafetensors(file);
  const bytes = (name: string) => Uint8Array.from(tensors.get(`large/${name}`)!.data);
  const values = (name: string) => toF32(bytes(name), "F32");
  const input = values("input");
  const nf4 = { type: "nf4", blockSize: 64, roundToF16First: false } as const;
  const blocks = quantise(input, nf4);
  expect(blocks.codes).toEqual(bytes("nf4_packed"));
  expect(blocks.absmax).toEqual(values("absmax"));
  expect(dequantise(blocks, { ...nf4, length: input.length })).toEqual(values("nf4_dequant"));
  const twice = doubleQuantise(blocks.absmax);
  expect(twice.codes).toEqual(bytes("dq_absmax_u8"));
  expect(twice.absmax).toEqual(values("dq_nested_absmax"));
  expect(Float32Array.of(twice.offset)).toEqual(values("dq_offset"));
  expect(doubleDequantise(twice)).toEqual(values("dq_absmax_reconstructed"));
  const fp4 = { ...nf4, type: "fp4" } as const;
  const expected = { codes: bytes("fp4_packed"), absmax: blocks.absmax };
  expect(unsignedZeros(dequantise(quantise(input, fp4), { ...fp4, length: input.length }))).toEqual(
    unsignedZeros(dequantise(expected, { ...fp4, length: input.length })),
  );
});

test("rounding to f16 first flips the few codes it should", () => {
  const weights = randomArray(4096, 3, 0.05);
  const direct = quantise(weights, { type: "nf4", blockSize: 64, roundToF16First: false });
  const rounded = quantise(weights, { type: "nf4", blockSize: 64, roundToF16First: true });
  const before = weights.slice();
  expect(rounded).toEqual(quantise(roundToF16(weights), { type: "nf4", blockSize: 64, roundToF16First: false }));
  expect(rounded.codes).not.toEqual(direct.codes);
  expect(weights).toEqual(before);
});

describe.each(types)("%s, any block size", (type) => {
  test.each([32, 128, 256, 4096])("%i: every weight takes the nearest code", (blockSize) => {
    const weights = randomArray(3 * 4096 + 77, blockSize);
    const blocks = quantise(weights, { type, blockSize, roundToF16First: false });
    expect(blocks.absmax.length).toBe(Math.ceil(weights.length / blockSize));
    const back = dequantise(blocks, { type, blockSize, length: weights.length });
    const values = [...codeValues[type]];
    let worst = 0;
    weights.forEach((weight, i) => {
      const absmax = blocks.absmax[Math.floor(i / blockSize)]!;
      const best = Math.min(...values.map((value) => Math.abs(value * absmax - weight)));
      worst = Math.max(worst, Math.abs(back[i]! - weight) - best);
    });
    expect(worst).toBeLessThan(1e-6);
  });
});

test("a long matrix is the same as its slabs", () => {
  const weights = randomArray(16384 * 2 + 100, 9);
  const options = { type: "nf4", blockSize: 64, roundToF16First: true } as const;
  const tail = quantise(weights.slice(16384 * 2), options);
  expect(quantise(weights, options).codes.slice(16384)).toEqual(tail.codes);
});

test("subnormal blocks and empty matrices are harmless", () => {
  const tiny = quantise(Float32Array.of(1e-40, -1e-40, 0), { type: "nf4", blockSize: 64, roundToF16First: false });
  expect(dequantise(tiny, { type: "nf4", blockSize: 64, length: 3 })).toEqual(new Float32Array(3));
  expect(quantise(new Float32Array(), { type: "nf4", blockSize: 64, roundToF16First: true }).codes.length).toBe(0);
});

test.each([
  ["NaN", Number.NaN, false],
  ["infinity", Number.NEGATIVE_INFINITY, false],
  ["more than f16 holds", 65520, true],
])("%s is refused", (_, value, roundToF16First) => {
  const weights = new Float32Array(200);
  weights[130] = value;
  expect(() => quantise(weights, { type: "nf4", blockSize: 64, roundToF16First })).toThrow(
    expect.objectContaining({ code: "bad-tensor" }),
  );
});

test.each([0, 48, 16, 8192, 63.5])("a block of %d elements is refused", (blockSize) => {
  expect(() => quantise(new Float32Array(64), { type: "nf4", blockSize, roundToF16First: false })).toThrow(
    expect.objectContaining({ code: "bad-argument" }),
  );
});
