/** Every op of training and chat with both kernel families, and every optional kernel that fits this adapter. */
import type { AdapterFacts } from "../gpu/device.ts";
import { softwareVariants, type Variants } from "../gpu/variants.ts";
import { selectVariants } from "../kernels/select.ts";
import { type HeadSizes, selfTestCases } from "../self-test/cases/index.ts";
import { runGates } from "../self-test/gate.ts";
import type { SelfTestResult } from "../self-test/report.ts";
import { casesInTurn, SELF_TEST_LIMIT } from "../self-test/run-cases.ts";
import type { Context } from "./parts.ts";

/** llava-1.5-7b's. */
const HEADS: HeadSizes = { text: 128, vision: 64 };
/** The facts by which a graphics card of this adapter's limits would be served. */
export const asGpu = (facts: AdapterFacts): AdapterFacts => ({ ...facts, software: false });

const families = (facts: AdapterFacts): Record<string, Variants> => ({
  software: softwareVariants,
  gpu: selectVariants(asGpu(facts)),
});

/** What failed, in a sentence; undefined where all passed. */
function failures(results: SelfTestResult[]): string | undefined {
  const failed = results.filter((r) => !r.passed);
  if (failed.length === 0) return undefined;
  const sentences = failed.slice(0, 3).map(({ op, output, error, note }) => {
    return `${op}, ${output}: ${note || (error === null ? "not a number" : `off by ${error.toExponential(1)}`)}`;
  });
  return `${failed.length} of ${results.length} outputs are wrong: ${sentences.join("; ")}.`;
}

/** Fills `found.selfTest.results`. Throws where an op is wrong. */
export async function selfTestPart(c: Context): Promise<void> {
  const { results } = c.found.selfTest;
  for (const [family, variants] of Object.entries(families(c.gpu.facts))) {
    // What was tested before a part's end is kept.
    for await (const some of casesInTurn(c.gpu, c.pipelines, selfTestCases(variants, HEADS), async () => c.check())) {
      results.push(...some.map((r) => ({ ...r, op: `${r.op}, ${family}` })));
    }
    c.say(`self-test, ${family}: ${results.filter((r) => r.passed).length} of ${results.length} outputs right`);
  }
  const wrong = failures(results);
  if (wrong) throw new Error(wrong);
}

/** Fills `found.selfTest.gates`: deeper and larger tiles, f16 weights, subgroup sums, as far as this adapter has them. */
export async function gatesPart(c: Context): Promise<void> {
  const facts = asGpu(c.gpu.facts);
  const results = await runGates(c.gpu, c.pipelines, selectVariants(facts), facts);
  c.found.selfTest.gates.push(...results);
  c.say(`optional kernels: ${results.filter((r) => r.passed).length} of ${results.length} outputs right`);
  const wrong = failures(results);
  if (wrong) throw new Error(wrong);
}

/** Names of variants that a failed self-test rules out: a wrong product has no time. */
export function failedVariants(results: SelfTestResult[]): string[] {
  const names = results.flatMap(({ op, passed }) => (passed ? [] : [/linear.*\(([^)]+)\)/.exec(op)?.[1] ?? ""]));
  return [...new Set(names.filter(Boolean))];
}

export const emptySelfTest = { limit: SELF_TEST_LIMIT, results: [], gates: [] };
