/** What the self-test of the kernels found on this adapter, in one line, with the report as a file. */
import { useEffect, useState } from "react";
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

export function SelfTest() {
  const [report, setReport] = useState<SelfTestReport | null>(null);
  const software = useApp((s) => s.capability?.adapter?.software ?? true);
  const state = useTraining((s) => s.state);
  const fail = useApp((s) => s.fail);
  const known = report !== null;
  // A GPU is tested as soon as a model is there; a software adapter, where compiling takes seconds, by the first run.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that begins has run the test
  useEffect(() => {
    if (!known) engine((api) => api.selfTest(!software)).then(setReport, (error) => fail("model", error));
  }, [known, software, state, fail]);
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
