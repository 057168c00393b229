/** Loss as it comes (dots) and smoothed (line), with its course in words and a table twin. */
import { useMemo, useState } from "react";
import type uPlot from "uplot";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { emaSmooth } from "../parts/smooth.ts";
import { curveWords, heldOutWords } from "./course.ts";
import { LossPlot } from "./LossPlot.tsx";
import { LossTable } from "./LossTable.tsx";
import { figureNames, figuresByStep, figureTitle, toCsv } from "./metrics.ts";

interface LossChartProps {
  records: StepRecord[];
  evaluations: EvaluationRecord[];
  resumedAt: number[];
}

/** Lines of a chart, by what they are called. */
const LEGEND: [kind: string, words: string][] = [
  ["dots", "loss of a step"],
  ["line", "smoothed"],
  ["held-out", "held-out rows"],
];

export function LossChart({ records, evaluations, resumedAt }: LossChartProps) {
  const [smoothing, setSmoothing] = useState(0.8);
  const [log, setLog] = useState(false);
  // A metric's own figure comes first; the others are in the table.
  const [name] = figureNames(evaluations);
  const data = useMemo((): uPlot.AlignedData => {
    const all = figuresByStep(records, evaluations);
    const smoothed = emaSmooth(
      records.map((r) => r.loss),
      smoothing,
    );
    const smoothedAt = new Map(records.map(({ step }, n) => [step, smoothed[n]!]));
    return [
      all.map(({ step }) => step),
      all.map(({ record }) => record?.loss ?? null),
      all.map(({ step }) => smoothedAt.get(step) ?? null),
      all.map(({ evaluation }) => evaluation?.loss ?? null),
      all.map(({ evaluation }) => (name === undefined ? null : (evaluation?.metrics[name] ?? null))),
    ];
  }, [records, evaluations, smoothing, name]);
  return (
    <figure aria-label="Loss" className="chart">
      <LossPlot data={data} log={log} resumedAt={resumedAt} answers={name !== undefined} />
      <figcaption>
        <p className="curve">{[curveWords(records), heldOutWords(evaluations)].filter(Boolean).join(" ")}</p>
        {evaluations.length > 0 && (
          <ul className="legend" aria-label="Lines of the chart">
            {LEGEND.map(([kind, words]) => (
              <li key={kind} className={kind}>
                {words}
              </li>
            ))}
            {name && (
              <li className="right-answers">{figureTitle(name, evaluations.at(-1)?.answered)} (on the right)</li>
            )}
          </ul>
        )}
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
        <Action
          kind="quiet"
          onPress={() => download(new Blob([toCsv(records, evaluations)], { type: "text/csv" }), "loss.csv")}
        >
          Download as CSV
        </Action>
      </figcaption>
      <details>
        <summary>Figures as a table</summary>
        <LossTable records={records} evaluations={evaluations} />
      </details>
    </figure>
  );
}
