/** What the self-test of the kernels found on this adapter, in one line, with the report as a file. */
import { useEffect, useState } from "react";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import type { SelfTestReport } from "../../workers/self-test/report.ts";
import { useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

/** Ops that fail, or how many pass and how closely. */
function reportWords({ passed, results, limit, gates }: SelfTestReport): string {
  const say = words().model.selfTest;
  const failed = [...new Set(results.filter((r) => !r.passed).map((r) => r.op))];
  if (!passed) return say.wrong(failed.join(", "));
  const off = [...new Set(gates.filter((g) => !g.passed).map((g) => g.op))];
  const right = results.filter((r) => r.passed);
  const worst = Math.max(...right.map((r) => r.error ?? 0));
  return [
    say.agree(right.length, results.length, worst.toExponential(1), limit.toExponential(0)),
    ...(failed.length > 0 ? [say.unused(failed.join(", "))] : []),
    ...(off.length > 0 ? [say.without(off.join(", "))] : []),
  ].join(" ");
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
  const say = words().model.selfTest;
  if (!report) return <p className="detail">{say.before}</p>;
  return (
    <p className={report.passed ? "detail" : "note"}>
      {reportWords(report)}{" "}
      <button
        type="button"
        onClick={() =>
          download(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }), "tabtune-self-test.json")
        }
      >
        {say.report}
      </button>
    </p>
  );
}
