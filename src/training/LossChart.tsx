/** Loss as it comes (dots) and smoothed (line), with its course in words and a table twin. */
import { useMemo, useState } from "react";
import type { StepRecord } from "../../workers/training/events.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { curveWords } from "./advice.ts";
import { LossPlot } from "./LossPlot.tsx";
import { LossTable } from "./LossTable.tsx";
import { emaSmooth, toCsv } from "./metrics.ts";

export function LossChart({ records, resumedAt }: { records: StepRecord[]; resumedAt: number[] }) {
  const [smoothing, setSmoothing] = useState(0.8);
  const [log, setLog] = useState(false);
  const data = useMemo((): [number[], number[], number[]] => {
    const losses = records.map((r) => r.loss);
    return [records.map((r) => r.step), losses, emaSmooth(losses, smoothing)];
  }, [records, smoothing]);
  return (
    <figure aria-label="Loss" className="chart">
      <LossPlot data={data} log={log} resumedAt={resumedAt} />
      <figcaption>
        <p className="curve">{curveWords(records)}</p>
        <label>
          <span>Smoothing</span>
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smoothing}
            onChange={(event) => setSmoothing(event.target.valueAsNumber)}
          />
        </label>
        <label className="inline">
          <input type="checkbox" checked={log} onChange={(event) => setLog(event.target.checked)} />
          <span>Logarithmic</span>
        </label>
        <Action kind="quiet" onPress={() => download(new Blob([toCsv(records)], { type: "text/csv" }), "loss.csv")}>
          Download as CSV
        </Action>
      </figcaption>
      <details>
        <summary>Figures as a table</summary>
        <LossTable records={records} />
      </details>
    </figure>
  );
}
