import { describe, expect, it } from "vitest";
import { goals } from "./goals.ts";
import { clockOf, compare, type Ready, relativeError } from "./measure.ts";
import { noCalls } from "./meter.ts";
import { type Comparison, OURS, speedup } from "./results.ts";
import { goalRows, variantHead, variantRows } from "./tables.ts";

const rules = {
  ...{ rounds: 4, targetMs: 0, tolerance: 1e-4 },
  meter: { calls: noCalls(), remove() {} },
  clock: clockOf(false),
};

describe("compare", () => {
  const log: string[] = [];
  const side = (name: string, error?: number) => ({
    name,
    async prepare(): Promise<Ready> {
      const run = async (): Promise<void> => {
        log.push(name);
        rules.meter.calls.dispatches += 3;
      };
      const dispose = (): number => log.push(`${name} disposed`);
      return error === undefined ? { run, dispose } : { run, dispose, error: async () => error };
    },
  });

  it("warms up, alternates the order, counts one run, and gives no time to a wrong output", async () => {
    log.length = 0;
    const result = await compare([side(OURS), side("peer", 1e-6), side("wrong", 1e-2), side("nan", Number.NaN)], rules);
    expect(log.slice(0, 6)).toEqual([OURS, "peer", "wrong", "wrong disposed", "nan", "nan disposed"]);
    expect(log.slice(6)).toEqual([
      ...[OURS, "peer", "peer", OURS, OURS, "peer", "peer", OURS],
      ...[`${OURS} disposed`, "peer disposed"],
    ]);
    expect(result.sides.map((s) => [s.name, s.rounds.length, s.calls.dispatches])).toEqual([
      [OURS, 4, 3],
      ["peer", 4, 3],
    ]);
    expect(result.failures.map((f) => f.name)).toEqual(["wrong", "nan"]);
  });

  it("fails where our own output is wrong", async () => {
    await expect(compare([side(OURS, 1), side("peer", 0)], rules)).rejects.toThrow("relative error 1");
  });
});

it("relativeError is relative to the expectation", () => {
  expect(relativeError([3, 4.5], [3, 4])).toBeCloseTo(0.1, 12);
  expect(relativeError([Number.NaN, 4], [3, 4])).toBeNaN();
});

describe("goals", () => {
  const measured = (name: string, ms: number) => ({
    ...{ name, ms, rounds: [ms], repeats: 1, firstMs: ms, error: 0 },
    calls: noCalls(),
  });
  const product = (ours: number, peer: number): Comparison => ({
    ...{ section: "NF4 linear", label: "a shape", flops: 1, weightBytes: 1, failures: [] },
    sides: [measured(OURS, ours), measured("onnxruntime-web MatMulBnb4", peer)],
  });

  it("go by the least favourable shape, and say by how much one is missed", () => {
    const comparisons = [product(10, 80), product(10, 54)];
    expect(speedup(comparisons[1]!, OURS, "onnxruntime-web MatMulBnb4")).toBeCloseTo(5.4, 12);
    const all = goals(comparisons, 40);
    expect(all.map((g) => [g.value, g.met])).toEqual([
      [5.4, false],
      [40, false],
    ]);
    expect(goalRows({ goals: all } as Parameters<typeof goalRows>[0]).map((r) => r[2])).toEqual([
      "≥ 6× (missed by 10 %)",
      "≤ 38 (missed by 5 %)",
    ]);
  });
});

describe("static figures", () => {
  it("has a row a kernel, with a figure in each column", () => {
    const rows = variantRows();
    expect(rows.map(([name]) => name)).toContain("gpu, tile 64x64 f16, K step 32");
    expect(rows.every((row) => row.length === variantHead.length && row.every((cell) => cell !== "NaN"))).toBe(true);
    expect(rows.find(([name]) => name?.startsWith("gpu, tile 64x64 f16"))).toEqual(
      expect.arrayContaining(["128", "12544", "98", "3.20"]),
    );
  });
});
