/** The canvas of the loss chart, drawn anew when the data, the scale, the size or the theme changes; it tells which step is pointed at. */
import { type RefObject, useEffect, useRef, useState } from "react";
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

type Size = Record<"width" | "height", number>;

/** How large a place is, in CSS pixels; undefined until it is laid out: to measure it at once would have all of the page laid out in the middle of a press. */
function useSize(place: RefObject<HTMLElement | null>): Size | undefined {
  const [size, setSize] = useState<Size>();
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) });
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, [place]);
  return size;
}

export function LossPlot({ data, log, marks, answers, at, onPoint }: LossPlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // What is drawn and told changes more often than the chart is built.
  const now = useRef({ marks, onPoint });
  now.current = { marks, onPoint };
  const size = useSize(host);
  const laidOut = size !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size is told to the chart that is there, below
  useEffect(() => {
    if (!size) return;
    const chart = new uPlot(
      plotOptions(size, {
        log,
        answers,
        marks: () => now.current.marks,
        onPoint: (at) => now.current.onPoint(at),
      }),
      [[], [], [], [], []],
      host.current!,
    );
    plot.current = chart;
    // A canvas keeps the colours it was drawn with.
    const night = window.matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => chart.redraw(false);
    night.addEventListener("change", redraw);
    return () => {
      night.removeEventListener("change", redraw);
      chart.destroy();
      plot.current = undefined;
    };
  }, [log, answers, laidOut]);
  useEffect(() => {
    if (size) plot.current?.setSize(size);
  }, [size]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a rebuilt chart (log, answers) needs its data again, marks are drawn with it
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, log, answers, marks, laidOut]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new data move the steps
  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    const step = at === undefined ? undefined : chart.data[0][at];
    chart.setCursor(step === undefined ? { left: -10, top: -10 } : { left: chart.valToPos(step, "x"), top: 0 }, false);
  }, [at, data, log, answers, laidOut]);
  const theme = useApp((s) => s.theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => plot.current?.redraw(false), [theme]);
  return <div ref={host} className="plot" aria-hidden="true" />;
}
