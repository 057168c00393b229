/** After the comparison: what this adapter can do, as the file that `headless measure` writes. */
import { useState } from "react";
import { adapterOf, rememberSpeed } from "../src/page/speed.ts";
import { download } from "../src/parts/download.ts";
import { Progress } from "../src/parts/Progress.tsx";
import { type ErrorReport, toReport } from "../workers/errors.ts";
import { type Measurement, textOf } from "../workers/measure/report.ts";

type State =
  | { kind: "idle" }
  | { kind: "running"; words: string; fraction: number }
  | { kind: "done"; found: Measurement }
  | { kind: "failed"; error: ErrorReport };

export function MeasurePanel({ quick }: { quick: boolean }) {
  const [state, setState] = useState<State>({ kind: "idle" });
  const run = async (): Promise<void> => {
    setState({ kind: "running", words: "Opening the adapter", fraction: 0 });
    try {
      const { measure } = await import("../workers/measure/measure.ts");
      const found = await measure(navigator.gpu, {
        quick,
        host: navigator.userAgent,
        say: (words) => setState((s) => (s.kind === "running" ? { ...s, words } : s)),
        onPart: (_, done, all) =>
          setState((s) => ({ kind: "running", words: s.kind === "running" ? s.words : "", fraction: done / all })),
      });
      rememberMeasured(found);
      setState({ kind: "done", found });
    } catch (cause) {
      setState({ kind: "failed", error: toReport(cause) });
    }
  };
  return (
    <section className="panel" aria-labelledby="measure">
      <header>
        <h2 id="measure">Everything about this adapter</h2>
        <p className="lead">
          Limits, every kernel against the processor, every product by every kernel, whole training steps of models of
          random weights as far as memory goes: some minutes on a graphics card, and the file to send when something is
          slow or wrong. Nothing is uploaded.
        </p>
      </header>
      <div className="row">
        <button type="button" disabled={state.kind === "running"} onClick={() => void run()}>
          Measure everything
        </button>
        {state.kind === "done" && (
          <button type="button" onClick={() => save(state.found)}>
            Download measurement
          </button>
        )}
      </div>
      <div role="status">
        {state.kind === "running" && <Progress label={state.words} fraction={state.fraction} />}
        {state.kind === "done" && <p>{summary(state.found)}</p>}
      </div>
      {state.kind === "failed" && (
        <div className="error-note" role="alert">
          <p>
            <strong>{state.error.message}</strong>
          </p>
          <p>{state.error.remedy}</p>
        </div>
      )}
    </section>
  );
}

/** The largest model's steps, for the page's word on what this machine can do. */
function rememberMeasured({ adapter, date, models }: Measurement): void {
  const model = models.findLast(({ step }) => step !== null);
  if (!model?.step) return;
  const { time, flopsPerSecond } = model.step;
  const seconds = time.median / 1000;
  rememberSpeed({ adapter: adapterOf(adapter), date, model: model.name, seconds, flopsPerSecond });
}

function summary({ complete, parts, seconds }: Measurement): string {
  const failed = parts.filter(({ status }) => status !== "done" && status !== "skipped");
  const after = `after ${seconds.toFixed(0)} s`;
  return complete
    ? `Complete ${after}.`
    : `Not complete ${after}: ${failed.map((p) => `${p.name}: ${p.message}`).join(" ")}`;
}

function save(found: Measurement): void {
  const name = `tabtune-measure-${found.adapter.vendor || "gpu"}-${found.date.slice(0, 10)}.json`;
  download(new Blob([textOf(found)], { type: "application/json" }), name);
}
