/** Curves of several runs on one chart. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useApp } from "../page/store.ts";
import { axes, HEIGHT } from "../parts/plot-theme.ts";

interface ComparePlotProps {
  /** As `curvesOf` gives it. */
  data: uPlot.AlignedData;
  /** Names and colours of the curves. */
  curves: { name: string; colour: string; dash: number[] }[];
}

export function ComparePlot({ data, curves }: ComparePlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useApp((s) => s.theme);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours, which a canvas keeps
  useEffect(() => {
    const element = host.current!;
    const options: uPlot.Options = {
      width: element.clientWidth || 600,
      height: HEIGHT,
      legend: { show: false },
      scales: { x: { time: false } },
      axes: axes(),
      series: [
        { label: "step" },
        ...curves.map(({ name, colour, dash }) => ({
          label: name,
          stroke: colour,
          dash,
          width: 2,
          spanGaps: true,
          points: { show: false },
        })),
      ],
    };
    const chart = new uPlot(options, data, element);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [data, curves, theme]);
  return <div ref={host} aria-hidden="true" />;
}
