import { expect, test } from "vitest";
import type { ImportedModule } from "./peft-import.ts";
import { uniformAdapter } from "./uniform.ts";

const values = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7 + seed));

const module = (name: string, rank: number, scale: number): ImportedModule => ({
  module: name,
  rank,
  scale,
  inFeatures: 5,
  outFeatures: 3,
  loraA: values(rank * 5, rank),
  loraB: values(3 * rank, rank + 9),
});

/** scale * B A, [out, in]. */
function product(m: ImportedModule): number[] {
  return Array.from({ length: m.outFeatures * m.inFeatures }, (_, i) => {
    const [row, column] = [Math.floor(i / m.inFeatures), i % m.inFeatures];
    let sum = 0;
    for (let r = 0; r < m.rank; r++) sum += m.loraB[row * m.rank + r]! * m.loraA[r * m.inFeatures + column]!;
    return m.scale * sum;
  });
}

test("modules of other rank and scale keep their product", () => {
  const given = [module("a", 2, 0.5), module("b", 7, 3), module("c", 7, 0.25), module("d", 1, 3)];
  const { rank, scale, modules } = uniformAdapter(given);
  expect([rank, scale]).toEqual([7, 3]);
  modules.forEach((m, i) => {
    expect([m.rank, m.scale, m.loraA.length, m.loraB.length]).toEqual([7, 3, 35, 21]);
    const expected = product(given[i]!);
    product(m).forEach((value, k) => {
      expect(value).toBeCloseTo(expected[k]!, 5);
    });
  });
});

test("a uniform adapter is handed on as it is", () => {
  const given = [module("a", 4, 2), module("b", 4, 2)];
  const { rank, scale, modules } = uniformAdapter(given);
  expect([rank, scale]).toEqual([4, 2]);
  expect(modules[0]).toBe(given[0]);
  expect(modules[1]).toBe(given[1]);
});
