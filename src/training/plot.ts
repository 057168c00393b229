/** How uPlot draws the loss: axes, dots and lines in the colours of the theme. */
import type uPlot from "uplot";

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

function axes(): uPlot.Axis[] {
  const axis = {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--line"), width: 1 },
    font: "12px system-ui",
  };
  return [
    { ...axis, incrs: STEPS },
    { ...axis, size: 56 },
  ];
}

/** Steps, losses as dots, the smoothed curve, and what held-out rows say, which is measured now and then. */
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

/** CSS pixels. */
export const HEIGHT = 240;

/** `log`: a logarithmic axis of losses. */
export function plotOptions(width: number, log: boolean, resumedAt: readonly number[]): uPlot.Options {
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: axes(),
    series: series(),
    hooks: { draw: [(plot) => drawResumes(plot, resumedAt)] },
  };
}
