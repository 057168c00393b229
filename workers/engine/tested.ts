/** The test of the kernels on this adapter: once a browser, begun when a model is there, and out of everybody's way. */
import { TabTuneError } from "../errors.ts";
import { selectVariants } from "../kernels/select.ts";
import type { LoadedModel } from "../models/open.ts";
import { tunedOf, tunedVariants } from "../self-test/autotune.ts";
import type { SelfTestReport } from "../self-test/report.ts";
import { headSizesOf, verdictOf } from "../self-test/self-test.ts";
import type { EngineState } from "./state.ts";

/**
 * The verdict on this GPU's kernels: kept from an earlier visit, or found now with pipelines that training then has at hand. The model is
 * left with the kernels that are fastest here; on a software adapter there is one family and nothing to choose. One test at a time; it
 * waits while an answer is written, and throws "cancelled" when its model goes.
 */
export function tested(s: EngineState, { vlm }: LoadedModel): Promise<SelfTestReport> {
  if (s.testing) return s.testing.report;
  let ended = false;
  const between = async (): Promise<void> => {
    while (s.speaking && !ended) await s.speaking.done;
    if (ended) throw testEnded();
  };
  const test = async (): Promise<SelfTestReport> => {
    const { gpu, pipelines, config, weights } = vlm;
    const store = await s.store();
    const facts = { gpu, pipelines, variants: vlm.variants, heads: headSizesOf(config) };
    const report = await verdictOf({ ...facts, browser: navigator.userAgent }, store, between);
    if (report.passed && !gpu.facts.software) {
      const linears = Object.values(weights.layers[0]!.linears).map(({ weight }) => weight);
      const tuned = await tunedOf(gpu, pipelines, linears, report, store);
      vlm.variants = tunedVariants(tuned, selectVariants(gpu.facts));
    }
    return report;
  };
  const report = test().finally(() => {
    s.testing = undefined;
  });
  const end = (): void => {
    ended = true;
  };
  s.testing = { report, end };
  return report;
}

const testEnded = (): TabTuneError =>
  new TabTuneError(
    "cancelled",
    "The test of the kernels was ended, because the model that it was made for is gone.",
    "It begins again with the next model.",
  );
