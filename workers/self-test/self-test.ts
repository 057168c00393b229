/** Every op once on this adapter, against the CPU. Kept by adapter, head size, browser and version of the kernels. */
import { TabTuneError } from "../errors.ts";
import type { AdapterFacts, Gpu } from "../gpu/device.ts";
import type { PipelineCache } from "../gpu/program.ts";
import type { Variants } from "../gpu/variants.ts";
import type { VlmConfig } from "../models/config.ts";
import { sealJson, unsealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import type { SelfTestCase } from "./cases/case.ts";
import { type HeadSizes, selfTestCases } from "./cases/index.ts";
import { closedGates, runGates } from "./gate.ts";
import type { SelfTestReport, SelfTestResult } from "./report.ts";
import { casesInTurn, SELF_TEST_LIMIT } from "./run-cases.ts";

/** Counts up when a kernel or a case changes: older verdicts are then not believed. */
const KERNELS_VERSION = 9;

/** The adapter and the browser that drives it: what a verdict or a choice of tiles holds for. */
export function adapterKey(facts: AdapterFacts, browser: string): string {
  const { vendor, architecture, description, software, features } = facts;
  const sizes = [facts.maxComputeWorkgroupStorageSize, facts.maxComputeInvocationsPerWorkgroup];
  return `${KERNELS_VERSION}/${JSON.stringify([vendor, architecture, description, software, features, sizes, browser])}`;
}

export const headSizesOf = ({ decoder, tower }: VlmConfig): HeadSizes => ({
  text: decoder.headSize,
  vision: tower.hiddenSize / tower.numHeads,
});

export const verdictKey = (facts: AdapterFacts, heads: HeadSizes, browser: string): string =>
  `self-test/${heads.text}, ${heads.vision}/${adapterKey(facts, browser)}`;

/** Before each part of the test: it may wait, and what it throws ends the test. */
export type Between = () => Promise<void>;

/** Runs the cases. Throws what `between` throws, and when the device is lost. */
export async function runSelfTest(
  gpu: Gpu,
  pipelines: PipelineCache,
  cases: SelfTestCase[],
  browser: string,
  between: Between = async () => undefined,
): Promise<SelfTestReport> {
  const started = performance.now();
  const results: SelfTestResult[] = [];
  for await (const some of casesInTurn(gpu, pipelines, cases, between)) results.push(...some);
  return {
    adapter: { ...gpu.facts },
    browser,
    kernelsVersion: KERNELS_VERSION,
    date: new Date().toISOString(),
    seconds: (performance.now() - started) / 1000,
    limit: SELF_TEST_LIMIT,
    passed: wrongResults(results).length === 0,
    results,
    gates: [],
  };
}

/** Where verdicts are kept. */
export type VerdictStore = Pick<Store, "get" | "set">;

/** An adapter as a model uses it: its kernels, its attention's head sizes, and what drives it. */
export interface Tested {
  gpu: Gpu;
  pipelines: PipelineCache;
  variants: Variants;
  heads: HeadSizes;
  browser: string;
}

/** The kept verdict of this adapter, or a new one, which is then kept. */
export async function verdictOf(
  { gpu, pipelines, variants, heads, browser }: Tested,
  store: VerdictStore,
  between?: Between,
): Promise<SelfTestReport> {
  const cached = await cachedVerdict(gpu.facts, heads, browser, store);
  if (cached) return cached;
  const report = await runSelfTest(gpu, pipelines, selfTestCases(variants, heads), browser, between);
  const keep = (r: SelfTestReport): Promise<void> =>
    sealJson(r).then((sealed) => store.set([[verdictKey(gpu.facts, heads, browser), sealed]], "relaxed"));
  return throughGates(gpu, pipelines, variants, report, keep);
}

/** The report with the gates of the optional kernels, kept as it grows. */
export async function throughGates(
  gpu: Gpu,
  pipelines: PipelineCache,
  variants: Variants,
  report: SelfTestReport,
  keep: (report: SelfTestReport) => Promise<void>,
): Promise<SelfTestReport> {
  // A software adapter has one family, and without plain kernels to trust there is nothing to hold others against.
  if (gpu.facts.software || !report.passed) {
    await keep(report);
    return report;
  }
  // A kernel that takes the GPU or the tab down is not tried again: until its gate has opened it counts as one that failed.
  await keep({ ...report, gates: closedGates(variants, gpu.facts) });
  const complete = { ...report, gates: await runGates(gpu, pipelines, variants) };
  await keep(complete);
  return complete;
}

/** Undefined where there is none, or a damaged one: the kernels are then tested again. */
export async function cachedVerdict(
  facts: AdapterFacts,
  heads: HeadSizes,
  browser: string,
  store: VerdictStore,
): Promise<SelfTestReport | undefined> {
  const bytes = await store.get(verdictKey(facts, heads, browser));
  return bytes && ((await unsealJson(bytes)) as SelfTestReport | undefined);
}

/** Every op that is tested is one that some model dispatches (coverage.test.ts): each wrong result refuses. */
const wrongResults = (results: SelfTestResult[]): SelfTestResult[] => results.filter((r) => !r.passed);

/** "RMSNorm wrongly: y is off by 1.0e-3 (relative)". */
export function wrongWords({ op, output, error, note }: SelfTestResult): string {
  const found = note || (error === null ? "not a number" : `off by ${error.toExponential(1)} (relative)`);
  return `${op} wrongly: ${output} is ${found}`;
}

/** Forgets the verdict: before the next run every op is tested again. */
export const forgetVerdict = (
  facts: AdapterFacts,
  heads: HeadSizes,
  browser: string,
  store: Pick<Store, "delete">,
): Promise<void> => store.delete([verdictKey(facts, heads, browser)]);

/** Throws "unsupported-gpu" naming the first op that failed; an op that no program dispatches refuses nothing. */
export function refuseUnlessPassed(report: SelfTestReport): void {
  const [failed] = wrongResults(report.results);
  if (!failed) return;
  throw new TabTuneError(
    "unsupported-gpu",
    `This GPU or its driver computes ${wrongWords(failed)}.`,
    "Update the graphics driver and the browser, or choose another GPU; the Model panel has a report to send.",
    "Nothing was trained.",
  );
}
