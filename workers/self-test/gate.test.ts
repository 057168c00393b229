import { expect, test } from "vitest";
import { type AdapterFacts, Gpu } from "../gpu/device.ts";
import { selectVariants } from "../kernels/select.ts";
import { testBench } from "../testing/gpu.ts";
import { candidatesOf, closedGates, runGates } from "./gate.ts";
import type { SelfTestReport, SelfTestResult } from "./report.ts";
import { throughGates } from "./self-test.ts";

const bench = await testBench();
const has = (feature: string): boolean => bench.gpu.facts.features.includes(feature);
/** As if this adapter were a small GPU: few registers, so that few tiles fit and nothing takes long to compile. */
const small = (...features: string[]): AdapterFacts => ({
  ...bench.gpu.facts,
  vendor: "intel",
  software: false,
  features,
});
const gates = (facts: AdapterFacts) => runGates(bench.gpu, bench.pipelines, selectVariants(facts), facts);

test("an adapter without features and without room for other tiles has nothing to gate", async () => {
  expect(await gates(small())).toEqual([]);
});

const noSubgroups = !has("subgroups");
test.skipIf(noSubgroups)(
  `sums by subgroups pass their gate${noSubgroups ? " (SKIPPED: this adapter has no subgroups)" : ""}`,
  async () => {
    const results = await gates(small("subgroups"));
    expect(results.map((r) => [r.op, r.output, r.passed])).toEqual([
      ["linear of one row by subgroup", "y of 4-bit weights", true],
      ["linear of one row by subgroup", "y of f16 weights", true],
    ]);
    expect(results[0]!.kernels).toContain("linear forward 4bit f16 lora residual gpu decode subgroup");
    expect(candidatesOf(small("subgroups"), results).decodes).toEqual(["workgroup", "subgroup"]);
  },
);

const noHalves = !has("shader-f16");
test.skipIf(noHalves)(
  `tiles of f16 weights pass their gate at every size${noHalves ? " (SKIPPED: this adapter has no shader-f16)" : ""}`,
  async () => {
    const results = await gates(small("shader-f16"));
    expect(results.filter((r) => !r.passed)).toEqual([]);
    expect(results).toHaveLength(12);
    expect(candidatesOf(small("shader-f16"), results).tiles).toContain("64x64 f16");
  },
);

test.skipIf(has("shader-f16"))(
  "a kernel that does not compile is switched off by name, and the device stays well",
  async () => {
    const results = await gates(small("shader-f16"));
    expect(results).toMatchObject([
      { op: "linear in tiles of 64x64 f16", output: "compilation", passed: false, note: expect.stringMatching(/\S/) },
    ]);
    expect(candidatesOf(small("shader-f16"), results).tiles).toEqual(["64x64", "32x32"]);
    bench.gpu.alive();
  },
);

test("until its gate has opened, an optional kernel is no candidate", () => {
  const facts = small("subgroups", "shader-f16");
  expect(candidatesOf(facts, closedGates(selectVariants(facts), facts))).toEqual({
    tiles: ["64x64", "32x32"],
    decodes: ["workgroup"],
  });
});

test.skipIf(noSubgroups)(
  "a verdict is kept with its gates closed before they are tried, and with their results after",
  async () => {
    const facts = small("subgroups");
    const gpu = new Gpu(bench.gpu.device, facts);
    const kept: SelfTestReport[] = [];
    const report = { passed: true, gates: [] as SelfTestResult[] } as SelfTestReport;
    const keep = async (r: SelfTestReport): Promise<void> => void kept.push(r);
    const whole = await throughGates(gpu, bench.pipelines, selectVariants(facts), report, keep);
    expect(kept.map((r) => r.gates.map((g) => g.passed))).toEqual([[false], [true, true]]);
    expect(whole).toBe(kept[1]);
    expect(
      await throughGates(gpu, bench.pipelines, selectVariants(facts), { ...report, passed: false }, keep),
    ).toMatchObject({
      gates: [],
    });
  },
);

test("what differs is no candidate", () => {
  const [wrong] = [
    { op: "linear of one row by subgroup", output: "y", error: 1e-3, passed: false, kernels: [], note: "" },
  ];
  expect(candidatesOf(small("subgroups"), [wrong!])).toEqual({ tiles: ["64x64", "32x32"], decodes: ["workgroup"] });
});
