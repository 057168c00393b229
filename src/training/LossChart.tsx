/** Loss as it comes (dots) and smoothed (line), with a table twin for eyes and hands that a canvas does not serve. */
import { memo, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { StepRecord } from "../../workers/training/events.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { figure } from "../parts/format.ts";
import { Scroll } from "../parts/Scroll.tsx";
import { curveWords } from "./advice.ts";
import { emaSmooth, toCsv } from "./metrics.ts";

/** A colour of the theme as a canvas takes it: `light-dark()` is resolved in an element's own colour only. */
function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Distances between marks on the axis of steps: there is no half step. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

function options(width: number, log: boolean, resumedAt: number[]): uPlot.Options {
  const axis = {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--line"), width: 1 },
    font: "12px system-ui",
  };
  return {
    width,
    height: 240,
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      { ...axis, incrs: STEPS },
      { ...axis, size: 56 },
    ],
    series: [
      { label: "step" },
      {
        label: "loss",
        stroke: () => colour("--faint"),
        points: { size: 4, fill: () => colour("--faint") },
        paths: () => null,
      },
      { label: "smoothed", stroke: () => colour("--accent"), width: 2, points: { show: false } },
    ],
    hooks: {
      draw: [
        (plot) => {
          for (const step of resumedAt) {
            const x = plot.valToPos(step + 0.5, "x", true);
            plot.ctx.strokeStyle = colour("--warm");
            plot.ctx.setLineDash([4, 4]);
            plot.ctx.beginPath();
            plot.ctx.moveTo(x, plot.bbox.top);
            plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
            plot.ctx.stroke();
            plot.ctx.setLineDash([]);
          }
        },
      ],
    },
  };
}

/** Drawn once: a run of ten thousand steps must not draw ten thousand rows at each of them. */
const Row = memo(({ record }: { record: StepRecord }) => (
  <tr>
    <td className="number">{record.step}</td>
    <td className="number" data-loss={record.loss}>
      {record.loss.toFixed(4)}
    </td>
    <td className="number">{figure(record.gradNorm)}</td>
    <td className="number">{figure(record.learningRate)}</td>
  </tr>
));

export function LossChart({ records, resumedAt }: { records: StepRecord[]; resumedAt: number[] }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [smoothing, setSmoothing] = useState(0.8);
  const [log, setLog] = useState(false);
  const data = useMemo((): uPlot.AlignedData => {
    const losses = records.map((r) => r.loss);
    return [records.map((r) => r.step), losses, emaSmooth(losses, smoothing)];
  }, [records, smoothing]);

  useEffect(() => {
    const element = host.current!;
    const chart = new uPlot(options(element.clientWidth || 600, log, resumedAt), [[], [], []], element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 240 }));
    observer.observe(element);
    // A canvas keeps the colours it was drawn with.
    const night = window.matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => chart.redraw(false);
    night.addEventListener("change", redraw);
    return () => {
      night.removeEventListener("change", redraw);
      observer.disconnect();
      chart.destroy();
    };
  }, [log, resumedAt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a rebuilt chart (log, resumedAt) needs its data again
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, log, resumedAt]);

  const theme = useApp((s) => s.theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => plot.current?.redraw(false), [theme]);

  return (
    <figure aria-label="Loss" className="chart">
      <div ref={host} aria-hidden="true" />
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
        <Scroll label="Loss of each step" short>
          <table aria-label="Loss table">
            <thead>
              <tr>
                <th scope="col" className="number">
                  Step
                </th>
                <th scope="col" className="number">
                  Loss
                </th>
                <th scope="col" className="number">
                  Gradient norm
                </th>
                <th scope="col" className="number">
                  Learning rate
                </th>
              </tr>
            </thead>
            <tbody>
              {records.map((record) => (
                <Row key={record.step} record={record} />
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
}
