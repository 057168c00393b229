/** The canvas of the loss chart, drawn anew when the data, the scale, the size or the theme changes; it tells which step is pointed at. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useApp } from "../page/store.ts";
import { type Marks, plotOptions } from "./plot.ts";

interface LossPlotProps {
  /** Steps, losses, smoothed losses, losses of held-out rows, figures of their answers. */
  data: uPlot.AlignedData;
  /** A logarithmic axis. */
  log: boolean;
  marks: Marks;
  /** There are figures of answers. */
  answers: boolean;
  /** Place of the step that is read, among the data; undefined: none. */
  at: number | undefined;
  onPoint(at: number | undefined): void;
}

/** Before its place is laid out: to measure it at once would have all of the page laid out in the middle of a press. */
const NO_SIZE = { width: 1, height: 1 };

/** The chart is as large as its place, whatever is drawn in it. */
const sizeOf = ({ contentRect: { width, height } }: ResizeObserverEntry): typeof NO_SIZE => ({
  width: Math.max(1, Math.round(width)),
  height: Math.max(1, Math.round(height)),
});

export function LossPlot({ data, log, marks, answers, at, onPoint }: LossPlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // What is drawn and told changes more often than the chart is built.
  const now = useRef({ marks, onPoint });
  now.current = { marks, onPoint };
  useEffect(() => {
    const element = host.current!;
    const chart = new uPlot(
      plotOptions(NO_SIZE, {
        log,
        answers,
        marks: () => now.current.marks,
        onPoint: (at) => now.current.onPoint(at),
      }),
      [[], [], [], [], []],
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) => chart.setSize(sizeOf(entry!)));
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
  }, [log, answers]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a rebuilt chart (log, answers) needs its data again, marks are drawn with it
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, log, answers, marks]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new data move the steps
  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    const step = at === undefined ? undefined : chart.data[0][at];
    chart.setCursor(step === undefined ? { left: -10, top: -10 } : { left: chart.valToPos(step, "x"), top: 0 }, false);
  }, [at, data, log, answers]);
  const theme = useApp((s) => s.theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => plot.current?.redraw(false), [theme]);
  return <div ref={host} className="plot" aria-hidden="true" />;
}
