/** 168 vectors quantised by bitsandbytes itself (reference/goldens/quantised_bytes.py): the same bytes here. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { doubleQuantise } from "./double-quant.ts";
import golden from "./fixtures/bytes.json" with { type: "json" };
import { dequantise, type FourBitType, quantise } from "./nf4.ts";

const digest = (values: Uint8Array | Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex")
    .slice(0, 16);

/** mulberry32, as a function of the draw's number, from 1. */
function uniform(seed: number, draw: number): number {
  const a = (seed + Math.imul(draw, 0x6d2b79f5)) >>> 0;
  let t = Math.imul(a ^ (a >>> 15), a | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

function vector(kind: string, seed: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const [u, v, w, z, last] = [1, 2, 3, 4, 5].map((part) => uniform(seed, (part - 1) * length + i + 1)) as number[];
    const x = (u! + v! + w! + z! - 2) * 0.05;
    if (kind === "steps") return Math.floor(x * 640) / 32;
    if (kind === "sparse") return last! < 0.97 ? x * 0 : x;
    if (kind === "outliers") return last! < 0.01 ? x * 50 : x;
    return kind === "tiny" ? x * 2 ** -12 : x;
  });
}

test.each(["normal", "steps", "sparse", "outliers", "tiny"])("%s vectors", (kind) => {
  const cases = golden.filter((one) => one.kind === kind);
  expect(cases).toHaveLength(kind === "steps" || kind === "tiny" ? 24 : 40);
  for (const expected of cases) {
    const { seed, length, blockSize, roundToF16First } = expected;
    const options = { type: expected.type as FourBitType, blockSize, roundToF16First };
    const input = vector(kind, seed, length);
    const blocks = quantise(input, options);
    const twice = doubleQuantise(blocks.absmax);
    const actual = {
      ...expected,
      input: digest(input),
      codes: digest(blocks.codes),
      absmax: digest(blocks.absmax),
      weights: digest(dequantise(blocks, { ...options, length }).map((value) => value + 0)),
      nestedCodes: digest(twice.codes),
      nestedAbsmax: digest(twice.absmax),
      offset: twice.offset,
    };
    expect(actual).toEqual(expected);
  }
});
