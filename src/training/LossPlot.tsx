/** The canvas of the loss chart, drawn anew when the data, the scale, the size or the theme changes. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useApp } from "../page/store.ts";
import { HEIGHT } from "../parts/plot-theme.ts";
import { plotOptions } from "./plot.ts";

interface LossPlotProps {
  /** Steps, losses, smoothed losses, losses of held-out rows, figures of their answers. */
  data: uPlot.AlignedData;
  /** A logarithmic axis. */
  log: boolean;
  resumedAt: number[];
  /** There are figures of answers. */
  answers: boolean;
}

export function LossPlot({ data, log, resumedAt, answers }: LossPlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = host.current!;
    const chart = new uPlot(
      plotOptions(element.clientWidth || 600, { log, resumedAt, answers }),
      [[], [], [], [], []],
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
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
  }, [log, resumedAt, answers]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a rebuilt chart (log, resumedAt, answers) needs its data again
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, log, resumedAt, answers]);
  const theme = useApp((s) => s.theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => plot.current?.redraw(false), [theme]);
  return <div ref={host} aria-hidden="true" />;
}
