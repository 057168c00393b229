/** How uPlot draws the loss: axes, dots and lines in the colours of the theme. */
import type uPlot from "uplot";
import { percent } from "../parts/format.ts";
import { axes, colour } from "../parts/plot-theme.ts";
import { words } from "../words/index.ts";

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

/** Steps with something to mark. */
export interface Marks {
  /** The run went on after an interruption: a dashed line behind each. */
  resumed: readonly number[];
  /** A checkpoint was written: a tick at the foot. */
  saved: readonly number[];
  /** The lowest of the held-out rows: a ring. */
  best: { step: number; loss: number } | undefined;
}

const TICK = 8;

function drawMarks(plot: uPlot, { resumed, saved, best }: Marks): void {
  const { ctx, bbox } = plot;
  const foot = bbox.top + bbox.height;
  const lineTo = (x: number, from: number): void => {
    ctx.beginPath();
    ctx.moveTo(x, from);
    ctx.lineTo(x, foot);
    ctx.stroke();
  };
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.strokeStyle = colour("--warm");
  ctx.setLineDash([4, 4]);
  for (const step of resumed) lineTo(plot.valToPos(step + 0.5, "x", true), bbox.top);
  ctx.setLineDash([]);
  ctx.strokeStyle = colour("--accent");
  for (const step of saved) lineTo(plot.valToPos(step, "x", true), foot - TICK * devicePixelRatio);
  if (best) {
    ctx.strokeStyle = colour("--warm");
    ctx.beginPath();
    ctx.arc(plot.valToPos(best.step, "x", true), plot.valToPos(best.loss, "y", true), TICK * devicePixelRatio, 0, 7);
    ctx.stroke();
  }
  ctx.restore();
}

interface PlotOptions {
  /** A logarithmic axis of losses. */
  log: boolean;
  /** There is an axis from 0 to 1 on the right. */
  answers: boolean;
  marks(): Marks;
  /** The place of the step that is pointed at, among the data. */
  onPoint(at: number | undefined): void;
}

export function plotOptions(
  size: { width: number; height: number },
  { log, answers, marks, onPoint }: PlotOptions,
): uPlot.Options {
  const right: uPlot.Axis = {
    ...axes()[1]!,
    label: words().chart.axes.right,
    scale: "share",
    side: 1,
    grid: { show: false },
    size: 50,
    incrs: [0.25, 0.5, 1],
    values: (_, shares) => shares.map((share) => percent(share, 0)),
  };
  return {
    ...size,
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 }, share: { range: [0, 1] } },
    axes: answers ? [...axes(), right] : axes(),
    series: series(),
    hooks: {
      draw: [(plot) => drawMarks(plot, marks())],
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
    },
    // Up and down says nothing here, and dragging would only hide steps.
    cursor: { y: false, drag: { x: false, y: false } },
  };
}
