/** What the self-test of the kernels found on this adapter, in one line, with the report as a file. */
import { useEffect, useState } from "react";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import type { SelfTestReport } from "../../workers/self-test/report.ts";
import { useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { useTraining } from "../stores/training.ts";

/** Ops that fail, or how many pass and how closely. */
function words({ passed, results, limit, gates }: SelfTestReport): string {
  const failed = [...new Set(results.filter((r) => !r.passed).map((r) => r.op))];
  if (!passed) return `This adapter computes ${failed.join(", ")} wrongly: training is refused.`;
  const unused =
    failed.length > 0 ? ` Nothing here uses what this adapter computes wrongly: ${failed.join(", ")}.` : "";
  const off = [...new Set(gates.filter((g) => !g.passed).map((g) => g.op))];
  const without = off.length > 0 ? ` Faster kernels that did not agree and are not used: ${off.join(", ")}.` : "";
  const right = results.filter((r) => r.passed);
  const worst = Math.max(...right.map((r) => r.error ?? 0));
  const share = failed.length > 0 ? `${right.length} of` : "All";
  return `${share} ${results.length} results of the self-test agree with the CPU: largest error ${worst.toExponential(1)}, ${limit.toExponential(0)} is allowed.${unused}${without}`;
}

export function SelfTest({ model, readying }: { model: ModelInfo; readying: boolean }) {
  const [report, setReport] = useState<SelfTestReport | null>(null);
  const state = useTraining((s) => s.state);
  const fail = useApp((s) => s.fail);
  // The kernels are tried when a model is there, and at the latest when a run begins. Another model may have others.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes then is what the engine knows
  useEffect(() => {
    let gone = false;
    engine((api) => api.selfTest(false)).then(
      (found) => gone || setReport(found),
      (error) => gone || fail("model", error),
    );
    return () => {
      gone = true;
    };
  }, [model, readying, state, fail]);
  if (!report) return <p className="detail">The kernels are tried on this adapter before the first run.</p>;
  return (
    <p className={report.passed ? "detail" : "note"}>
      {words(report)}{" "}
      <button
        type="button"
        onClick={() =>
          download(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }), "tabtune-self-test.json")
        }
      >
        Download report
      </button>
    </p>
  );
}
