/** Runs cases on an adapter and holds what they leave against what they should. */
import { Arena, newCounters, readBack } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { relativeError } from "../gpu/numbers.ts";
import { type PipelineCache, Recorder } from "../gpu/program.ts";
import type { SelfTestCase } from "./cases/case.ts";
import type { SelfTestResult } from "./report.ts";

/** f32 sums of some hundred terms in any order stay well below this; a wrong index or a half-precision detour do not. */
export const SELF_TEST_LIMIT = 1e-5;

/** Cases that are compiled at the same time: enough for all cores, and little that lies in memory at once. */
const AT_ONCE = 4;

/** As `runCases`, some cases after the others. `between` is called before each of them: it may wait, and what it throws ends the test. */
export async function* casesInTurn(
  gpu: Gpu,
  pipelines: PipelineCache,
  cases: SelfTestCase[],
  between: () => Promise<void>,
): AsyncGenerator<SelfTestResult[]> {
  for (let at = 0; at < cases.length; at += AT_ONCE) {
    await between();
    yield await runCases(gpu, pipelines, cases.slice(at, at + AT_ONCE));
  }
}

/** A result for each output of each case. Throws only when the device is lost. */
export async function runCases(gpu: Gpu, pipelines: PipelineCache, cases: SelfTestCase[]): Promise<SelfTestResult[]> {
  const arena = new Arena(gpu, newCounters());
  try {
    // All are compiled at the same time; then each runs alone, so that a fault has a name.
    const recorded = cases.map((c) => {
      const recorder = new Recorder<never>(c.variants);
      const outputs = c.record(recorder, arena);
      return { ...c, outputs, recorder, kernels: [...new Set(recorder.specs.map((s) => s.kernel.name))] };
    });
    // A kernel that does not compile is a finding, not a broken device.
    gpu.device.pushErrorScope("validation");
    const building = recorded.map(({ recorder }) =>
      recorder.build(arena, pipelines).catch((cause: unknown) => String(cause)),
    );
    const [built] = await Promise.all([Promise.all(building), gpu.device.popErrorScope()]);
    const results: SelfTestResult[] = [];
    for (const [i, { op, outputs, kernels, expected: elsewhere }] of recorded.entries()) {
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
      const wanted = elsewhere ? await elsewhere() : outputs.map((o) => o.expected);
      outputs.forEach(({ name, read }, n) => {
        const error = relativeError(read ? read(got[n]!) : got[n]!, wanted[n]!);
        // A NaN is neither below nor above.
        const passed = error <= SELF_TEST_LIMIT;
        results.push({ op, output: name, error: Number.isFinite(error) ? error : null, passed, kernels, note: "" });
      });
    }
    return results;
  } finally {
    arena.dispose();
  }
}
