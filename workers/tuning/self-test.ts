/** Every op once on this adapter, against the CPU. Kept by adapter, head size, browser and version of the kernels. */
import { TabTuneError } from "../errors.ts";
import { Arena, newCounters, readBack } from "../gpu/buffers.ts";
import type { AdapterFacts, Gpu } from "../gpu/device.ts";
import { relativeError } from "../gpu/numbers.ts";
import { type PipelineCache, Recorder } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import { fittingTiles } from "../kernels/select.ts";
import type { LlavaConfig } from "../model/config.ts";
import type { SelfTestReport, SelfTestResult } from "../protocol.ts";
import type { Store } from "../storage/store.ts";
import type { SelfTestCase } from "./cases/case.ts";
import { type HeadSizes, selfTestCases } from "./cases.ts";

/** f32 sums of some hundred terms in any order stay well below this; a wrong index or a half-precision detour do not. */
export const SELF_TEST_LIMIT = 1e-5;

/** Counts up when a kernel or a case changes: older verdicts are then not believed. */
const KERNELS_VERSION = 2;

/** The adapter and the browser that drives it: what a verdict or a choice of tiles holds for. */
export function adapterKey(facts: AdapterFacts, browser: string): string {
  const { vendor, architecture, description, software, features } = facts;
  const sizes = [facts.maxComputeWorkgroupStorageSize, facts.maxComputeInvocationsPerWorkgroup];
  return `${KERNELS_VERSION}/${JSON.stringify([vendor, architecture, description, software, features, sizes, browser])}`;
}

export const headSizesOf = ({ text, vision }: LlavaConfig): HeadSizes => ({
  text: text.headSize,
  vision: vision.hiddenSize / vision.numHeads,
});

export const verdictKey = (facts: AdapterFacts, heads: HeadSizes, browser: string): string =>
  `self-test/${heads.text}, ${heads.vision}/${adapterKey(facts, browser)}`;

/** Runs the cases. Throws only when the device is lost. */
export async function runSelfTest(
  gpu: Gpu,
  pipelines: PipelineCache,
  cases: SelfTestCase[],
  browser: string,
): Promise<SelfTestReport> {
  const started = performance.now();
  const arena = new Arena(gpu, newCounters());
  try {
    // All are compiled at the same time; then each runs alone, so that a fault has a name.
    const recorded = cases.map((c) => {
      const recorder = new Recorder(c.variants);
      const outputs = c.record(recorder, arena);
      return { op: c.op, outputs, recorder, kernels: [...new Set(recorder.specs.map((s) => s.kernel.name))] };
    });
    // A kernel that does not compile is a finding, not a broken device.
    gpu.device.pushErrorScope("validation");
    const building = recorded.map(({ recorder }) =>
      recorder.build(arena, pipelines).catch((cause: unknown) => String(cause)),
    );
    const [built] = await Promise.all([Promise.all(building), gpu.device.popErrorScope()]);
    const results: SelfTestResult[] = [];
    for (const [i, { op, outputs, kernels }] of recorded.entries()) {
      const program = built[i]!;
      if (typeof program === "string") {
        gpu.alive();
        results.push({ op, output: "compilation", error: null, passed: false, kernels, note: program });
        continue;
      }
      await program.run({}, { flopsPerSecond: 1e9 });
      const got = await readBack(
        gpu,
        outputs.map((o) => o.tensor),
      );
      outputs.forEach(({ name, expected, read }, n) => {
        const error = relativeError(read ? read(got[n]!) : got[n]!, expected);
        // A NaN is neither below nor above.
        const passed = error <= SELF_TEST_LIMIT;
        results.push({ op, output: name, error: Number.isFinite(error) ? error : null, passed, kernels, note: "" });
      });
    }
    return {
      adapter: { ...gpu.facts },
      browser,
      kernelsVersion: KERNELS_VERSION,
      date: new Date().toISOString(),
      seconds: (performance.now() - started) / 1000,
      limit: SELF_TEST_LIMIT,
      passed: results.every((r) => r.passed),
      results,
    };
  } finally {
    arena.dispose();
  }
}

/** The kept verdict of this adapter, or a new one, which is then kept. */
export async function verdictOf(
  gpu: Gpu,
  pipelines: PipelineCache,
  variants: Variants,
  heads: HeadSizes,
  browser: string,
  store: Store,
): Promise<SelfTestReport> {
  const kept = await keptVerdict(gpu.facts, heads, browser, store);
  if (kept) return kept;
  const tiles = gpu.facts.software ? [] : fittingTiles(gpu.facts);
  const report = await runSelfTest(gpu, pipelines, selfTestCases(variants, heads, tiles), browser);
  const bytes = new TextEncoder().encode(JSON.stringify(report));
  await store.set([[verdictKey(gpu.facts, heads, browser), bytes]], "relaxed");
  return report;
}

export async function keptVerdict(
  facts: AdapterFacts,
  heads: HeadSizes,
  browser: string,
  store: Store,
): Promise<SelfTestReport | undefined> {
  const bytes = await store.get(verdictKey(facts, heads, browser));
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as SelfTestReport);
}

/** Throws "unsupported-gpu" naming the first op that failed. */
export function refuseUnlessPassed(report: SelfTestReport): void {
  const failed = report.results.find((r) => !r.passed);
  if (!failed) return;
  const { op, output, error, note } = failed;
  const found = note || (error === null ? "not a number" : `off by ${error.toExponential(1)} (relative)`);
  throw new TabTuneError(
    "unsupported-gpu",
    `This GPU or its driver computes ${op} wrongly: ${output} is ${found}.`,
    "Update the graphics driver and the browser, or choose another GPU; the Model panel has a report to send.",
    "Nothing was trained.",
  );
}
