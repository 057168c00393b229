import { expect, test } from "vitest";
import { softwareVariants } from "../gpu/variants.ts";
import { forcedVariants, selectVariants } from "../kernels/select.ts";
import { memoryStore } from "../storage/memory.ts";
import { sealJson } from "../storage/sealed.ts";
import { testBench } from "../testing/gpu.ts";
import type { SelfTestCase } from "./cases/case.ts";
import { linearVariantsOf, selfTestCases } from "./cases/index.ts";
import { cachedVerdict, refuseUnlessPassed, runSelfTest, verdictKey, verdictOf } from "./self-test.ts";

const bench = await testBench();
const heads = { text: 20, vision: 12 };
const [firstLinear] = selfTestCases(softwareVariants, heads);
/** A case whose kernels are right and whose expectation is off by a part in a thousand. */
const wrong: SelfTestCase = {
  op: "wrong op",
  variants: softwareVariants,
  record: (r, arena) =>
    selfTestCases(softwareVariants, heads)
      .find((c) => c.op === "RMSNorm")!
      .record(r, arena)
      .map((o) => ({ ...o, expected: Array.from(o.expected, (v) => v * 1.001) })),
};

test.each([
  ["64x64", "4-bit linear with LoRA"],
  ["32x32", "f16 linear"],
] as const)("the GPU family in tiles of %s: %s passes too", async (tile, op) => {
  const cases = selfTestCases(forcedVariants(tile, "gpu"), heads).filter((c) => c.op === `${op} (${tile})`);
  const report = await runSelfTest(bench.gpu, bench.pipelines, cases, "test");
  expect(report.results.filter((r) => !r.passed)).toEqual([]);
  expect(report.results.flatMap((r) => r.kernels).filter((name) => name.endsWith(`gpu ${tile}`))).not.toEqual([]);
});

test("a wrong result is found, named, kept, and refuses the training", async () => {
  const report = await runSelfTest(bench.gpu, bench.pipelines, [wrong], "test");
  expect(report.passed).toBe(false);
  expect(() => refuseUnlessPassed(report)).toThrow(/computes wrong op wrongly: y is off by 1\.0e-3/);
  const store = memoryStore();
  await store.set([[verdictKey(bench.gpu.facts, heads, "test"), await sealJson(report)]], "relaxed");
  // Kept, and not run again.
  const { gpu, pipelines } = bench;
  expect(await verdictOf({ gpu, pipelines, variants: softwareVariants, heads, browser: "test" }, store)).toEqual(
    report,
  );
  expect(await cachedVerdict(bench.gpu.facts, heads, "another browser", store)).toBeUndefined();
});

test("a wrong gather, which only shuffled towers dispatch, refuses as any other op does", async () => {
  const gather = selfTestCases(softwareVariants, heads).find((c) => c.op === "row gather and scatter")!;
  const record: SelfTestCase["record"] = (r, arena) =>
    gather.record(r, arena).map((o) => ({ ...o, expected: Array.from(o.expected, (v) => v + 1) }));
  const report = await runSelfTest(bench.gpu, bench.pipelines, [{ ...gather, record }], "test");
  expect(report.results.map((r) => r.passed)).toEqual([false, false]);
  expect(report.passed).toBe(false);
  expect(() => refuseUnlessPassed(report)).toThrow("row gather and scatter wrongly");
});

test("a kernel that does not compile is a finding, and the device stays well", async () => {
  const broken: SelfTestCase = {
    op: "broken op",
    variants: softwareVariants,
    record(r, arena) {
      const tensor = arena.tensor("x", 4);
      r.dispatch({
        kernel: { name: "broken", code: "not WGSL", access: ["read"] },
        tensors: [tensor],
        params: [],
        workgroups: [1],
      });
      return [{ name: "x", tensor, expected: [0, 0, 0, 0] }];
    },
  };
  const report = await runSelfTest(bench.gpu, bench.pipelines, [broken], "test");
  expect(report.results[0]).toMatchObject({ op: "broken op", passed: false, output: "compilation" });
  expect(() => refuseUnlessPassed(report)).toThrow(/broken op/);
  bench.gpu.alive();
});

test("the self-test runs each kernel that the selection would use", () => {
  const gpu = selectVariants({ ...bench.gpu.facts, vendor: "nvidia", software: false });
  expect(linearVariantsOf(gpu).sort()).toEqual(["128x128", "128x64", "32x32", "64x64"]);
  expect(selfTestCases(gpu, heads).map((c) => c.op)).toContain("4-bit linear with LoRA (128x128)");
  expect(firstLinear!.op).toBe("4-bit linear with LoRA (software)");
});
