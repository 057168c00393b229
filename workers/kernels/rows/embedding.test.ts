import { expect, test } from "vitest";
import { random, randomArray, testBench } from "../../testing/gpu.ts";
import type { DenseFormat } from "../linear/weight.ts";
import { addFeatures, embeddingBackward, embeddingForward } from "./embedding.ts";

const bench = await testBench();

/** A table in its storage format, and the f32 values it stands for (chosen so that each format holds them exactly). */
function table(format: DenseFormat, vocab: number, size: number): { stored: ArrayBufferView; values: Float32Array } {
  const next = random(7);
  // Eight significant bits and exponents of f16: exact in f32, f16 and bf16 alike.
  const values = Float32Array.from(
    { length: vocab * size },
    () => (Math.floor(next() * 255) - 127) * 2 ** -((next() * 8) | 0),
  );
  if (format === "f32") return { stored: values, values };
  const bits = new Uint32Array(values.buffer);
  const half = (i: number): number => {
    const b = bits[i]!;
    if (format === "bf16") return b >>> 16;
    if (values[i] === 0) return 0;
    return ((b >>> 16) & 0x8000) | ((((b >>> 23) & 255) - 127 + 15) << 10) | ((b >>> 13) & 0x3ff);
  };
  return { stored: Uint16Array.from({ length: values.length }, (_, i) => half(i)), values };
}

test.each<{ format: DenseFormat; size: number; rows: number }>([
  { format: "f32", size: 1, rows: 65 },
  { format: "f32", size: 65, rows: 7 },
  { format: "f16", size: 63, rows: 11 },
  { format: "bf16", size: 67, rows: 5 },
])("text rows from a $format table, image rows from the features: %o", async ({ format, size, rows }) => {
  const vocab = 13;
  const { stored, values } = table(format, vocab, size);
  const features = randomArray(3 * size, 8);
  const ids = Uint32Array.from({ length: rows }, (_, m) => (m * 5) % vocab);
  const slots = Int32Array.from({ length: rows }, (_, m) => (m >= 1 && m <= 3 ? 3 - m : -1));
  const y = bench.arena.tensor("y", (rows + 2) * size);
  const [out] = await bench.run(
    (r) =>
      embeddingForward(r, {
        y,
        ids: bench.arena.upload("ids", ids),
        imageSlots: bench.arena.upload("slots", slots),
        imageFeatures: bench.arena.upload("features", features),
        table: [{ format, out: vocab, in: size, data: bench.arena.upload("table", stored) }],
        size,
        rows,
        yRow: 2,
      }),
    [y],
  );
  const expected = new Float32Array(y.length);
  for (let m = 0; m < rows; m++) {
    const [from, at] = slots[m]! >= 0 ? [features, slots[m]!] : [values, ids[m]!];
    expected.set(from.subarray(at * size, (at + 1) * size), (m + 2) * size);
  }
  expect(out).toEqual(expected);
});

test("the gradient of image rows is gathered feature by feature, and zero where no token took the feature", async () => {
  const size = 65;
  const dy = randomArray(9 * size, 9);
  const featureRows = Int32Array.of(7, -1, 2);
  const dFeatures = bench.arena.tensor("dFeatures", 3 * size);
  const [out] = await bench.run(
    (r) =>
      embeddingBackward(r, {
        dFeatures,
        dy: bench.arena.upload("dy", dy),
        featureRows: bench.arena.upload("rows", featureRows),
        size,
        features: 3,
      }),
    [dFeatures],
  );
  featureRows.forEach((row, f) => {
    const expected = row < 0 ? new Float32Array(size) : dy.slice(row * size, (row + 1) * size);
    expect(out!.slice(f * size, (f + 1) * size)).toEqual(expected);
  });
});

test("features are added to the rows that take them, and others stay to the bit; the gradient goes back to the features", async () => {
  const [size, rows] = [33, 6];
  const [yHost, features, dy] = [randomArray(rows * size, 1), randomArray(4 * size, 2), randomArray(rows * size, 3)];
  const slots = Int32Array.of(-1, 2, 0, -1, 3, -1);
  const y = bench.arena.upload("y", yHost);
  const dFeatures = bench.arena.tensor("dFeatures", 4 * size);
  const [out, gradient] = await bench.run(
    (r) => {
      const given = { features: bench.arena.upload("f", features), slots: bench.arena.upload("s", slots) };
      addFeatures(r, { y, ...given, size, rows });
      const featureRows = bench.arena.upload("rows", Int32Array.of(2, -1, 1, 4));
      embeddingBackward(r, { dFeatures, dy: bench.arena.upload("dy", dy), featureRows, size, features: 4 });
    },
    [y, dFeatures],
  );
  const added = (of: ArrayLike<number>) =>
    Float32Array.from(yHost, (v, i) => {
      const slot = slots[Math.floor(i / size)]!;
      return slot < 0 ? v : v + of[slot * size + (i % size)]!;
    });
  expect(out).toEqual(added(features));
  // The slope of <dy, y> by each feature: y is linear in it.
  const loss = (of: ArrayLike<number>): number => added(of).reduce((sum, v, i) => sum + v * dy[i]!, 0);
  for (const i of [0, size, 2 * size + 7, 3 * size + 32]) {
    const slope = (loss(features.with(i, features[i]! + 0.5)) - loss(features.with(i, features[i]! - 0.5))) / 1;
    expect(Math.abs(slope - gradient![i]!)).toBeLessThan(1e-5);
  }
});
