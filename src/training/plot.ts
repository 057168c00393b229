/** How uPlot draws the loss: axes, dots and lines in the colours of the theme. */
import type uPlot from "uplot";
import { axes, colour, HEIGHT } from "../parts/plot-theme.ts";

/** Steps, losses as dots, the smoothed curve, and what held-out rows say, which is measured now and then: their loss, and how right answers are. */
const series = (): uPlot.Series[] => [
  { label: "step" },
  {
    label: "loss",
    stroke: () => colour("--faint"),
    points: { size: 4, fill: () => colour("--faint") },
    paths: () => null,
  },
  { label: "smoothed", stroke: () => colour("--accent"), width: 2, points: { show: false }, spanGaps: true },
  {
    label: "held-out",
    stroke: () => colour("--warm"),
    width: 2,
    points: { show: true, size: 7, fill: () => colour("--warm") },
    spanGaps: true,
  },
  {
    label: "answers",
    scale: "share",
    stroke: () => colour("--ink"),
    width: 2,
    dash: [6, 4],
    points: { show: true, size: 7, fill: () => colour("--card") },
    spanGaps: true,
  },
];

/** A dashed line after each of these steps, where the run went on after an interruption. */
function drawResumes(plot: uPlot, resumedAt: readonly number[]): void {
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
}

/** `log`: a logarithmic axis of losses. `answers`: there is an axis from 0 to 1 on the right. */
export function plotOptions(
  width: number,
  { log, resumedAt, answers }: { log: boolean; resumedAt: readonly number[]; answers: boolean },
): uPlot.Options {
  const right = { ...axes()[1]!, scale: "share", side: 1 as const, grid: { show: false }, size: 48 };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 }, share: { range: [0, 1] } },
    axes: answers ? [...axes(), right] : axes(),
    series: series(),
    hooks: { draw: [(plot) => drawResumes(plot, resumedAt)] },
  };
}
