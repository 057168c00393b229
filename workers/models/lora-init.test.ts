import { expect, test } from "vitest";
import { initialLora } from "./lora-init.ts";

const MODULE = "language_model.layers.0.self_attn.q_proj";

test("A is uniform in ±1/sqrt(in), B is zero", () => {
  const { loraA, loraB } = initialLora(MODULE, 64, 400, 30, 42);
  expect([loraA.length, loraB.length]).toEqual([64 * 400, 30 * 64]);
  expect(loraB.every((value) => value === 0)).toBe(true);
  const bound = 1 / 20;
  expect(Math.max(...loraA.map(Math.abs))).toBeLessThan(bound);
  const share = (from: number, to: number) =>
    loraA.filter((value) => value >= from && value < to).length / loraA.length;
  for (let k = -4; k < 4; k++)
    expect(Math.abs(share((k * bound) / 4, ((k + 1) * bound) / 4) - 1 / 8)).toBeLessThan(0.01);
  const mean = loraA.reduce((sum, value) => sum + value, 0) / loraA.length;
  const variance = loraA.reduce((sum, value) => sum + value * value, 0) / loraA.length - mean * mean;
  // 25600 draws: four standard errors.
  expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * loraA.length));
  expect(Math.sqrt(variance) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
});

// Computed by a second implementation, in Python.
test("the numbers are fixed for good: they follow from seed, module and element alone", () => {
  const { loraA } = initialLora(MODULE, 2, 5, 3, 42);
  expect([...loraA].map((value) => value.toFixed(7))).toEqual([
    "-0.1494990",
    "0.3982942",
    "0.2657665",
    "-0.2960308",
    "-0.1089159",
    "-0.0703295",
    "-0.3723647",
    "-0.1536671",
    "-0.1124280",
    "0.2991736",
  ]);
  expect([...initialLora(MODULE, 1, 5, 3, 42).loraA]).toEqual([...loraA.subarray(0, 5)]);
  const others = [initialLora(MODULE, 2, 5, 3, 43), initialLora(MODULE.replace("0", "1"), 2, 5, 3, 42)];
  for (const other of others) expect([...other.loraA].filter((value) => loraA.includes(value))).toEqual([]);
});
